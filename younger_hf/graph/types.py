"""ONNX element types, value types and small integer tensors as plain values."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto

MAX_ELEMENTS = 64
"""Largest integer tensor, and longest attribute list, whose values belong to the architecture."""

INTEGER_TYPES = frozenset(
    {
        TensorProto.INT8,
        TensorProto.INT16,
        TensorProto.INT32,
        TensorProto.INT64,
        TensorProto.UINT8,
        TensorProto.UINT16,
        TensorProto.UINT32,
        TensorProto.UINT64,
    }
)
_NAMES: dict[int, str] = {
    value: name.lower() for name, value in TensorProto.DataType.items() if value != TensorProto.UNDEFINED
}
_CODES: dict[str, int] = {name: value for value, name in _NAMES.items()}


def dtype_name(code: int) -> str:
    """ONNX's name of an element type in lower case (`float`, `int64`); `""` for undefined and unknown codes."""
    return _NAMES.get(code, "")


def dtype_code(name: str) -> int:
    """The code of an element type's name; 0 (undefined) if there is no such type."""
    return _CODES.get(name, 0)


def type_name(value: onnx.TypeProto) -> str:
    """A value's type: `float`, `seq(float)`, `optional(seq(int64))`, `map(int64,float)`; `""` if it is not declared."""
    kind = value.WhichOneof("value")
    if kind == "tensor_type":
        return dtype_name(value.tensor_type.elem_type)
    if kind == "sparse_tensor_type":
        return f"sparse({dtype_name(value.sparse_tensor_type.elem_type)})"
    if kind == "sequence_type":
        return f"seq({type_name(value.sequence_type.elem_type)})"
    if kind == "optional_type":
        return f"optional({type_name(value.optional_type.elem_type)})"
    if kind == "map_type":
        return f"map({dtype_name(value.map_type.key_type)},{type_name(value.map_type.value_type)})"
    return ""


def type_shape(value: onnx.TypeProto) -> tuple[int, ...] | None:
    """A tensor value's dimensions, -1 where dynamic; None if they are not declared or it is no tensor."""
    if not value.HasField("tensor_type") or not value.tensor_type.HasField("shape"):
        return None
    return tuple(
        d.dim_value if d.HasField("dim_value") and d.dim_value >= 0 else -1 for d in value.tensor_type.shape.dim
    )


def tensor_integers(tensor: TensorProto, limit: int) -> tuple[int, ...] | None:
    """The elements of an integer tensor in row-major order; None if it has more than `limit` or no readable values."""
    if tensor.data_type not in INTEGER_TYPES or tensor.data_location == TensorProto.EXTERNAL:
        return None
    size = 1
    for dim in tensor.dims:
        size *= dim
        if dim < 0 or size > limit:
            return None
    if size == 0:
        return ()
    try:
        array = onnx.numpy_helper.to_array(tensor)
    except (ValueError, TypeError):
        return None
    return tuple(int(value) for value in np.asarray(array).ravel())
