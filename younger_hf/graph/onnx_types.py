"""ONNX element types, value types and small tensors as plain values."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from math import prod

import numpy as np
import numpy.typing as npt
import onnx
from onnx import AttributeProto, TensorProto

from younger_hf.graph.values import UNKNOWN, TensorInfo

MAX_ELEMENTS = 64
"""Largest integer tensor, and longest attribute list, whose values belong to the architecture."""

_INTEGER_LAYOUTS: Mapping[int, str] = {
    **{TensorProto.INT8: "b", TensorProto.INT16: "h", TensorProto.INT32: "i", TensorProto.INT64: "q"},
    **{TensorProto.UINT8: "B", TensorProto.UINT16: "H", TensorProto.UINT32: "I", TensorProto.UINT64: "Q"},
}
_LAYOUTS: Mapping[int, str] = {
    # element type -> its letter in the struct module
    **_INTEGER_LAYOUTS,
    **{TensorProto.BOOL: "?", TensorProto.FLOAT16: "e", TensorProto.FLOAT: "f", TensorProto.DOUBLE: "d"},
}
INTEGER_TYPES = frozenset(_INTEGER_LAYOUTS)
FLOAT_TYPES = frozenset({TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.BFLOAT16})

READ_ELEMENTS: Mapping[int, int] = {
    **dict.fromkeys((*INTEGER_TYPES, TensorProto.BOOL), MAX_ELEMENTS),
    **dict.fromkeys(FLOAT_TYPES, 1),
}
"""Element type -> size of the largest tensor whose elements are read; those of other types are not.

Only integers become part of a Dag. Booleans and single floats are needed to fold shape arithmetic.
"""

_NAMES: Mapping[int, str] = {
    value: name.lower() for name, value in TensorProto.DataType.items() if value != TensorProto.UNDEFINED
}
_CODES: Mapping[str, int] = {name: value for value, name in _NAMES.items()}

INTEGER_NAMES = frozenset(_NAMES[code] for code in INTEGER_TYPES)
"""Names of the integer types."""

LENGTH_MARK = "younger-hf: list of length "
"""Prefix of the doc string that replaces a long list in an attribute; the list's length follows
it."""
LIST_FIELDS: Mapping[int, str] = {
    AttributeProto.FLOATS: "floats",
    AttributeProto.INTS: "ints",
    AttributeProto.STRINGS: "strings",
}
"""Type of an attribute that holds a list -> name of the list's field."""


def dtype_name(code: int) -> str:
    """Return the name of an element type in lower case, `""` for undefined and unknown codes."""
    return _NAMES.get(code, "")


def dtype_code(name: str) -> int:
    """Return the code of an element type by name; 0 (undefined) for other names."""
    return _CODES.get(name, 0)


def type_name(value: onnx.TypeProto) -> str:
    """Name a value's type.

    Examples are `float`, `seq(float)`, `optional(seq(int64))`, `map(int64,float)`, and `""` if it
    is not declared.
    """
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
    """Return the type of a name, its innermost tensor of the given shape; None if invalid."""
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
    """Return a tensor's dimensions, -1 where dynamic; None if not declared or not a tensor."""
    if not value.HasField("tensor_type") or not value.tensor_type.HasField("shape"):
        return None
    return tuple(
        d.dim_value if d.HasField("dim_value") and d.dim_value >= 0 else -1 for d in value.tensor_type.shape.dim
    )


def tensor_info(tensor: TensorProto) -> TensorInfo:
    """Return a tensor's type, its shape, and its elements if `READ_ELEMENTS` allows."""
    return TensorInfo(dtype_name(tensor.data_type), tensor_shape(tensor.dims), tensor_values(tensor))


def tensor_shape(dims: Sequence[int]) -> tuple[int, ...]:
    """Return dimensions, -1 for negative ones."""
    return tuple([max(dim, -1) for dim in dims])


def tensor_integers(tensor: TensorProto) -> tuple[int, ...] | None:
    """Return the elements of a small integer tensor in row-major order; None for others."""
    if tensor.data_type not in INTEGER_TYPES:
        return None
    return tensor_values(tensor)  # type: ignore[return-value]  # integers, by their type


def has_readable_size(tensor: TensorProto) -> bool:
    """Return whether a tensor is small enough for its elements to be read, see `READ_ELEMENTS`."""
    limit = READ_ELEMENTS.get(tensor.data_type, 0)
    size = 1
    for dim in tensor.dims:
        size *= dim
        if not 0 <= size <= limit:
            return False
    return size <= limit


def tensor_values(tensor: TensorProto) -> tuple[int | float, ...] | None:
    """Return the elements of a small tensor in row-major order; None for others."""
    if not has_readable_size(tensor) or min(tensor.dims, default=0) < 0:
        return None
    size = prod(tensor.dims)
    if size == 0:
        return ()
    if tensor.data_location == TensorProto.EXTERNAL:
        return None
    layout = _LAYOUTS.get(tensor.data_type)
    try:
        if layout is not None and tensor.HasField("raw_data"):
            return struct.unpack(f"<{size}{layout}", tensor.raw_data)
        return tuple(onnx.numpy_helper.to_array(tensor).ravel().tolist())
    except (ValueError, TypeError, struct.error):
        return None


def omitted_length(attribute: AttributeProto) -> int | None:
    """Return the length of the list that was left out of an attribute, or None."""
    text = attribute.doc_string
    if not text.startswith(LENGTH_MARK) or attribute.type not in LIST_FIELDS:
        return None
    digits = text[len(LENGTH_MARK) :]
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 19 else None


def list_length(attribute: AttributeProto) -> int:
    """Return the length of a list attribute, whether or not its list was left out."""
    omitted = omitted_length(attribute)
    return len(getattr(attribute, LIST_FIELDS[attribute.type])) if omitted is None else omitted


def constant_info(attributes: Iterable[AttributeProto]) -> TensorInfo:
    """Describe the output of a `Constant` node, one of whose attributes holds the value."""
    for attribute in attributes:
        kind = attribute.type
        if kind == AttributeProto.TENSOR:
            return tensor_info(attribute.t)
        if kind == AttributeProto.SPARSE_TENSOR:
            return sparse_info(attribute.sparse_tensor)
        if kind in LIST_FIELDS:
            count = list_length(attribute)
            values = tuple(attribute.ints) if kind == AttributeProto.INTS and count <= MAX_ELEMENTS else None
            return TensorInfo(_ELEMENTS[kind], (count,), values)
        if kind in _ELEMENTS:
            element = {AttributeProto.INT: (attribute.i,), AttributeProto.FLOAT: (attribute.f,)}.get(kind)
            return TensorInfo(_ELEMENTS[kind], (), element)
    return UNKNOWN


_ELEMENTS: Mapping[int, str] = {
    **dict.fromkeys((AttributeProto.INT, AttributeProto.INTS), "int64"),
    **dict.fromkeys((AttributeProto.FLOAT, AttributeProto.FLOATS), "float"),
    **dict.fromkeys((AttributeProto.STRING, AttributeProto.STRINGS), "string"),
}
"""Type of the attribute that holds a `Constant`'s value -> element type of its output."""


def sparse_info(tensor: onnx.SparseTensorProto) -> TensorInfo:
    """Return the type and shape of a sparse tensor."""
    return TensorInfo(dtype_name(tensor.values.data_type), tensor_shape(tensor.dims))


def tensor_array(info: TensorInfo) -> npt.NDArray[np.generic]:
    """Return a constant as an array."""
    dtype = onnx.helper.tensor_dtype_to_np_dtype(dtype_code(info.dtype))
    return np.array(info.values, dtype=dtype).reshape(info.shape or ())


def tensor_proto(info: TensorInfo, name: str = "") -> TensorProto:
    """Return a constant as an ONNX tensor."""
    return onnx.numpy_helper.from_array(tensor_array(info), name)
