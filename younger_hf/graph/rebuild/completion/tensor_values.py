"""What flows between the operators of a model that is being made up: tensors of known type and shape."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from onnx import TensorProto, TypeProto, helper

LARGEST = 1 << 26
"""Most elements of any tensor of a made-up model: generated operators must not be able to fill the machine."""

KNOWN = 64
"""Most elements of a tensor whose values are followed while the model is made up, as those of shapes must be."""

Array: TypeAlias = npt.NDArray[np.generic]


@dataclass(frozen=True)
class Value:
    """An output of an operator.

    Attributes:
        node: The operator.
        output: Position among its outputs.
        dtype: ONNX element type.
        shape: Its dimensions.
        data: Its values, where they follow from constants and shapes alone.
    """

    node: int
    output: int
    dtype: int
    shape: tuple[int, ...]
    data: Array | None = None


@dataclass(frozen=True)
class Parameter:
    """An input that the model holds: random, or with given values.

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
"""What an operator reads in one slot; None where it reads nothing."""


def constant(values: npt.ArrayLike, dtype: int = TensorProto.INT64) -> Parameter:
    """A parameter with given values, integers unless told otherwise."""
    data = np.asarray(values, dtype=helper.tensor_dtype_to_np_dtype(dtype))
    return Parameter(dtype, data.shape, data)


def size_of(value: Value | Parameter | ModelInput) -> int:
    """Elements of a tensor."""
    return prod(value.shape)


def proto_of(value: Value | Parameter | ModelInput) -> TypeProto:
    """Type and shape as ONNX says them."""
    return helper.make_tensor_type_proto(value.dtype, value.shape)


def is_shape(value: Value | Parameter | ModelInput) -> bool:
    """Whether an operator's output is a few integers that are known, as shapes are."""
    return isinstance(value, Value) and value.data is not None and value.dtype == TensorProto.INT64
