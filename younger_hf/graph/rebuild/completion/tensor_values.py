"""Tensors between the operators of a model that is being completed.

Their types and shapes are known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from onnx import TensorProto, TypeProto, helper

LARGEST_TENSOR = 1 << 26
"""Maximum elements of any tensor of a completed model.

Generated operators must not fill the memory.
"""

Array: TypeAlias = npt.NDArray[np.generic]


@dataclass(frozen=True)
class Value:
    """An output of an operator.

    Attributes:
        node: The operator.
        output: Position among its outputs.
        dtype: ONNX element type.
        shape: Its dimensions.
        data: Its values, if they follow from constants and shapes alone.
    """

    node: int
    output: int
    dtype: int
    shape: tuple[int, ...]
    data: Array | None = None


@dataclass(frozen=True)
class Parameter:
    """A tensor stored in the model.

    Attributes:
        dtype: ONNX element type.
        shape: Its dimensions.
        data: Its values; None for random ones.
    """

    dtype: int
    shape: tuple[int, ...]
    data: Array | None = None


@dataclass(frozen=True)
class ModelInput:
    """An input of the whole model.

    Attributes:
        dtype: ONNX element type.
        shape: Its dimensions.
    """

    dtype: int
    shape: tuple[int, ...]


Input: TypeAlias = Value | Parameter | ModelInput | None
"""What an operator reads in one slot; None for nothing."""


def constant(values: npt.ArrayLike, dtype: int = TensorProto.INT64) -> Parameter:
    """Make a parameter with the given values."""
    data = np.asarray(values, dtype=helper.tensor_dtype_to_np_dtype(dtype))
    return Parameter(dtype, data.shape, data)


def proto_of(value: Value | Parameter | ModelInput) -> TypeProto:
    """Write type and shape as ONNX does."""
    return helper.make_tensor_type_proto(value.dtype, value.shape)


def is_shape(value: Value | Parameter | ModelInput) -> bool:
    """Whether this is an output of known integers, as shapes are."""
    return isinstance(value, Value) and value.data is not None and value.dtype == TensorProto.INT64
