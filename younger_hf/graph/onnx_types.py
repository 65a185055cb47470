"""ONNX element types, value types and small integer tensors as plain values."""

from __future__ import annotations

import struct
from collections.abc import Sequence

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
FLOAT_TYPES = frozenset({TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.BFLOAT16})
"""Types of which a single element is looked at while constants are folded, and none ever written."""
_LAYOUTS: dict[int, str] = {
    # element type -> its letter in the struct module
    **{TensorProto.INT8: "b", TensorProto.INT16: "h", TensorProto.INT32: "i", TensorProto.INT64: "q"},
    **{TensorProto.UINT8: "B", TensorProto.UINT16: "H", TensorProto.UINT32: "I", TensorProto.UINT64: "Q"},
    **{TensorProto.BOOL: "?", TensorProto.FLOAT16: "e", TensorProto.FLOAT: "f", TensorProto.DOUBLE: "d"},
}
_NAMES: dict[int, str] = {
    value: name.lower() for name, value in TensorProto.DataType.items() if value != TensorProto.UNDEFINED
}
_CODES: dict[str, int] = {name: value for value, name in _NAMES.items()}


INTEGER_NAMES = frozenset(_NAMES[code] for code in INTEGER_TYPES)
"""The integer types, by name."""


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


def type_proto(name: str, shape: Sequence[int | str | None] | None) -> onnx.TypeProto | None:
    """The type that `type_name` gives this name; None if it is not a type. The shape is that of the innermost tensor."""
    kind, bracket, inner = name.partition("(")
    if not bracket:
        return onnx.helper.make_tensor_type_proto(dtype_code(name), shape) if dtype_code(name) else None
    inner = inner.removesuffix(")")
    if kind == "sparse":
        return onnx.helper.make_sparse_tensor_type_proto(dtype_code(inner), shape) if dtype_code(inner) else None
    key, comma, value = inner.partition(",")
    element = type_proto(value if kind == "map" and comma else inner, shape)
    if element is None:
        return None
    if kind == "seq":
        return onnx.helper.make_sequence_type_proto(element)
    if kind == "optional":
        return onnx.helper.make_optional_type_proto(element)
    return onnx.helper.make_map_type_proto(dtype_code(key), element) if kind == "map" and dtype_code(key) else None


def type_shape(value: onnx.TypeProto) -> tuple[int, ...] | None:
    """A tensor value's dimensions, -1 where dynamic; None if they are not declared or it is no tensor."""
    if not value.HasField("tensor_type") or not value.tensor_type.HasField("shape"):
        return None
    return tuple(
        d.dim_value if d.HasField("dim_value") and d.dim_value >= 0 else -1 for d in value.tensor_type.shape.dim
    )


def most_values(code: int) -> int:
    """How many elements a tensor of a type may have for its values to be looked at: none at all for text and odd types."""
    return MAX_ELEMENTS if code in INTEGER_TYPES or code == TensorProto.BOOL else 1 if code in FLOAT_TYPES else 0


def tensor_integers(tensor: TensorProto) -> tuple[int, ...] | None:
    """The elements of an integer tensor in row-major order; None if it has more than `MAX_ELEMENTS` or no readable values."""
    if tensor.data_type not in INTEGER_TYPES:
        return None
    return tensor_values(tensor)  # type: ignore[return-value]  # integers, by their type


def tensor_values(tensor: TensorProto) -> tuple[int | float, ...] | None:
    """The elements of a small tensor in row-major order: integers and truths up to `MAX_ELEMENTS`, a single float; else None."""
    code = tensor.data_type
    limit = most_values(code)
    size = 1
    for dim in tensor.dims:
        size *= dim
        if dim < 0 or size > limit:
            return None
    if size == 0:
        return ()
    if size > limit or tensor.data_location == TensorProto.EXTERNAL:
        return None
    layout = _LAYOUTS.get(code)
    try:
        if layout is not None and tensor.HasField("raw_data"):
            return struct.unpack(f"<{size}{layout}", tensor.raw_data)
        return tuple(onnx.numpy_helper.to_array(tensor).ravel().tolist())
    except (ValueError, TypeError, struct.error):
        return None
