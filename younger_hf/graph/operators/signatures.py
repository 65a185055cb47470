"""Operator signatures: what makes two operators the same class.

`wo_attrs` is (domain, op_type); `w_attrs` adds the canonical attributes: the schema's defaults for the model's opset
filled in, names sorted, floats in the shortest form that gives the same float32. No tensor of floats, no list of more
than 64 elements and no value of an `ai.onnx.ml` attribute is kept: they are recorded as type and size only.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import onnx
from onnx import AttributeProto, TensorProto

from younger_hf.graph.onnx_types import INTEGER_TYPES, MAX_ELEMENTS, dtype_name, tensor_integers, type_name
from younger_hf.graph.read.weight_stripper import listed_length

ML_DOMAIN = "ai.onnx.ml"

LONGEST_TEXT = 1024
"""Bytes of the longest text whose value is kept: a longer one is no architecture but holds compiled code or weights."""
LONGEST_ATTRIBUTES = 1 << 16
"""Characters of the canonical attributes of any node."""

LONGEST_KEY = 4096
"""Bytes of attributes up to which what follows from them is remembered."""


def canonical_domain(domain: str) -> str:
    """`ai.onnx` is another name of the default domain, `""`."""
    return "" if domain == "ai.onnx" else domain


def operator_name(domain: str, op_type: str) -> str:
    """The name people know an operator by: `Conv`, `com.microsoft.FusedMatMul`."""
    return f"{domain}.{op_type}" if domain else op_type


def signature(domain: str, op_type: str, attributes: str | None = None) -> str:
    """The canonical ASCII string of a node class: a JSON list of domain, op_type and, if given, the attributes object."""
    head = _head(domain, op_type)
    return f"{head}]" if attributes is None else f"{head},{attributes}]"


@lru_cache(maxsize=4096)
def _head(domain: str, op_type: str) -> str:
    return f"[{json.dumps(domain)},{json.dumps(op_type)}"


def parse_signature(text: str) -> tuple[str, str, str]:
    """Undo `signature`: domain, op_type and the attributes as JSON (`""` if the signature has none)."""
    parts = json.loads(text)
    return parts[0], parts[1], _dump(parts[2]) if len(parts) > 2 else ""


def canonical_attributes(node: onnx.NodeProto, opset_version: int) -> str:
    """The canonical attributes of a node as a JSON object.

    Args:
        node: The node; references to function attributes must have been resolved.
        opset_version: Version of the node's operator set in its model, which decides about the defaults.

    Returns:
        ASCII JSON with sorted keys. Values that are not kept are objects: `{"type": "floats", "length": 100}`,
        `{"type": "tensor", "dtype": "float", "shape": [1]}`, `{"type": "graph"}`.
    """
    encoded = tuple([attribute.SerializeToString() for attribute in node.attribute])
    return canonical_encoded(node.op_type, canonical_domain(node.domain), opset_version, encoded)


def canonical_encoded(op_type: str, domain: str, opset_version: int, encoded: tuple[bytes, ...]) -> str:
    """As `canonical_attributes`, of encoded attributes and a canonical domain."""
    short = sum(map(len, encoded)) <= LONGEST_KEY
    return (_canonical if short else _canonical.__wrapped__)(op_type, domain, opset_version, encoded)


@lru_cache(maxsize=4096)
def _canonical(op_type: str, domain: str, opset_version: int, encoded: tuple[bytes, ...]) -> str:
    """As `canonical_encoded`; models repeat themselves, so that most are remembered."""
    attributes = list(map(AttributeProto.FromString, encoded))
    if domain == ML_DOMAIN:
        types = dict(_default_types(op_type, domain, opset_version))
        types.update((attribute.name, _TYPE_NAMES[attribute.type]) for attribute in attributes)
        return _dump({name: {"type": kind} for name, kind in types.items()})
    values = dict(_schema_defaults(op_type, domain, opset_version))
    values.update((attribute.name, canonical_value(attribute)) for attribute in attributes)
    return _dump(values)


def canonical_value(attribute: AttributeProto) -> Any:
    """One attribute's value as canonical JSON-able data."""
    kind = attribute.type
    left_out = listed_length(attribute)
    if left_out is not None:
        return {"type": _TYPE_NAMES[kind], "length": left_out}
    scalar = _SCALARS.get(kind)
    if scalar is not None:
        field, convert = scalar
        return convert(getattr(attribute, field))
    items = _LISTS.get(kind)
    if items is not None:
        field, convert = items
        elements = getattr(attribute, field)
        if len(elements) > MAX_ELEMENTS:
            return {"type": _TYPE_NAMES[kind], "length": len(elements)}
        return [convert(element) for element in elements]
    if kind == AttributeProto.TENSOR:
        return _tensor(attribute.t)
    if kind == AttributeProto.TYPE_PROTO:
        return {"type": "type_proto", "value": type_name(attribute.tp)}
    return {"type": _TYPE_NAMES.get(kind, "undefined")}


def list_length(attribute: AttributeProto) -> int:
    """The length of a list attribute, also of one that was left out when the model was read."""
    left_out = listed_length(attribute)
    return len(getattr(attribute, _LISTS[attribute.type][0])) if left_out is None else left_out


def _float(value: float) -> float | dict[str, str]:
    if not np.isfinite(value):
        return {"type": "float", "value": str(value)}
    return float(str(np.float32(value)))


def _bytes(value: bytes) -> str | dict[str, str | int]:
    if len(value) > LONGEST_TEXT:
        return {"type": "string", "length": len(value)}
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return {"type": "bytes", "value": value.hex()}


def _tensor(tensor: TensorProto) -> dict[str, Any]:
    described: dict[str, Any] = {"type": "tensor", "dtype": dtype_name(tensor.data_type), "shape": list(tensor.dims)}
    if tensor.data_type in INTEGER_TYPES:
        values = tensor_integers(tensor)
        if values is not None:
            described["values"] = list(values)
    return described


_TYPE_NAMES: dict[int, str] = {value: name.lower() for name, value in AttributeProto.AttributeType.items()}
_SCALARS: Mapping[int, tuple[str, Callable[[Any], Any]]] = {
    AttributeProto.FLOAT: ("f", _float),
    AttributeProto.INT: ("i", int),
    AttributeProto.STRING: ("s", _bytes),
}
_LISTS: Mapping[int, tuple[str, Callable[[Any], Any]]] = {
    AttributeProto.FLOATS: ("floats", _float),
    AttributeProto.INTS: ("ints", int),
    AttributeProto.STRINGS: ("strings", _bytes),
}


@lru_cache(maxsize=4096)
def find_schema(op_type: str, domain: str, opset_version: int) -> onnx.defs.OpSchema | None:
    """The operator's schema in that version of its operator set; None for operators onnx does not know."""
    try:
        return onnx.defs.get_schema(op_type, opset_version, domain)
    except onnx.defs.SchemaError:
        return None


@lru_cache(maxsize=4096)
def _schema_defaults(op_type: str, domain: str, opset_version: int) -> tuple[tuple[str, Any], ...]:
    return tuple((name, canonical_value(value)) for name, value in _defaults(op_type, domain, opset_version))


@lru_cache(maxsize=4096)
def _default_types(op_type: str, domain: str, opset_version: int) -> tuple[tuple[str, str], ...]:
    return tuple((name, _TYPE_NAMES[value.type]) for name, value in _defaults(op_type, domain, opset_version))


def _defaults(op_type: str, domain: str, opset_version: int) -> list[tuple[str, AttributeProto]]:
    schema = find_schema(op_type, domain, opset_version)
    if schema is None:
        return []
    return [(name, a.default_value) for name, a in schema.attributes.items() if a.default_value.name]


def _dump(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
