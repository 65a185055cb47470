"""Tensors filled with random values.

The weights of every model that is built from a Dag or a generated graph.
"""

from __future__ import annotations

from math import prod

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from younger_hf.graph.onnx_types import FLOAT_TYPES

LARGEST_RANDOM = 1 << 20
"""Maximum number of elements with a random value of their own in one tensor of a rebuilt Dag."""

_BLOCK = 1 << 20
"""Elements drawn at once, which bounds the memory that the double precision draws take."""


def random_tensor(name: str, code: int, shape: tuple[int, ...], rng: np.random.Generator) -> TensorProto:
    """Fill a tensor: floats are uniform in [0.01, 0.1), integers 0, booleans true, strings empty.

    Positive floats are valid variances and scales, zeros are valid indices, and true conditions
    let loops run.

    Args:
        name: Name of the tensor.
        code: ONNX element type.
        shape: Its dimensions; there may be more of them than numpy supports.
        rng: Source of the values.
    """
    size = prod(shape)
    if code == TensorProto.STRING:
        return TensorProto(name=name, data_type=code, dims=shape, string_data=[b""] * size)
    values = np.full(size, code == TensorProto.BOOL).astype(helper.tensor_dtype_to_np_dtype(code))
    if code in FLOAT_TYPES:
        for start in range(0, size, _BLOCK):
            values[start : start + _BLOCK] = rng.uniform(0.01, 0.1, min(_BLOCK, size - start))
    tensor = numpy_helper.from_array(values, name)
    tensor.dims[:] = shape
    return tensor
