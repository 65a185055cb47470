"""Operator signatures: what makes two operators the same class.

`wo_attrs` is (domain, op_type). `w_attrs` adds the canonical attributes: the schema's defaults for
the model's opset filled in, names sorted, floats in the shortest form that rounds to the same
float32. Tensors of floats, lists of more than 64 elements and values of `ai.onnx.ml` attributes are
recorded as type and size only.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import onnx
from onnx import AttributeProto, TensorProto

from younger_hf.graph.onnx_types import (
    INTEGER_TYPES,
    LIST_FIELDS,
    MAX_ELEMENTS,
    dtype_name,
    list_length,
    omitted_length,
    tensor_integers,
    type_name,
)

ML_DOMAIN = "ai.onnx.ml"

LONGEST_TEXT = 1024
"""Bytes of the longest string that is kept: longer ones hold compiled code or weights."""
LONGEST_ATTRIBUTES = 1 << 16
"""Maximum number of characters of a node's canonical attributes."""

LONGEST_KEY = 4096
"""Maximum number of bytes of attributes for which results are cached."""


def canonical_domain(domain: str) -> str:
    """Return a domain, `""` for `ai.onnx`, which is another name of the default domain."""
    return "" if domain == "ai.onnx" else domain


def operator_name(domain: str, op_type: str) -> str:
    """Return the usual name of an operator: `Conv`, `com.microsoft.FusedMatMul`."""
    return f"{domain}.{op_type}" if domain else op_type


def signature(domain: str, op_type: str, attributes: str | None = None) -> str:
    """Return the canonical ASCII string of a node class.

    It is a JSON list of domain, op_type and, if given, attributes.
    """
    head = _head(domain, op_type)
    return f"{head}]" if attributes is None else f"{head},{attributes}]"


@lru_cache(maxsize=4096)
def _head(domain: str, op_type: str) -> str:
    return f"[{json.dumps(domain)},{json.dumps(op_type)}"


def parse_signature(text: str) -> tuple[str, str, str]:
    """Split a signature into domain, op_type and the attributes as JSON, `""` if it has none."""
    parts = json.loads(text)
    return parts[0], parts[1], _dump(parts[2]) if len(parts) > 2 else ""


def canonical_attributes(node: onnx.NodeProto, opset_version: int) -> str:
    """Return the canonical attributes of a node as a JSON object.

    Args:
        node: The node; references to function attributes must have been resolved.
        opset_version: Version of the node's operator set in its model, which determines defaults.

    Returns:
        ASCII JSON with sorted keys. Values that are not kept are objects: `{"type": "floats",
        "length": 100}`, `{"type": "tensor", "dtype": "float", "shape": [1]}`, `{"type": "graph"}`.
    """
    encoded = tuple([attribute.SerializeToString() for attribute in node.attribute])
    return canonical_encoded(node.op_type, canonical_domain(node.domain), opset_version, encoded)


def canonical_encoded(op_type: str, domain: str, opset_version: int, encoded: tuple[bytes, ...]) -> str:
    """Return the canonical attributes for attributes in wire format and a canonical domain."""
    short = sum(map(len, encoded)) <= LONGEST_KEY
    return (_canonical if short else _canonical.__wrapped__)(op_type, domain, opset_version, encoded)


@lru_cache(maxsize=4096)  # models repeat themselves
def _canonical(op_type: str, domain: str, opset_version: int, encoded: tuple[bytes, ...]) -> str:
    attributes = list(map(AttributeProto.FromString, encoded))
    if domain == ML_DOMAIN:
        types = dict(_default_types(op_type, domain, opset_version))
        types.update((attribute.name, _TYPE_NAMES[attribute.type]) for attribute in attributes)
        return _dump({name: {"type": kind} for name, kind in types.items()})
    values = dict(_schema_defaults(op_type, domain, opset_version))
    values.update((attribute.name, canonical_value(attribute)) for attribute in attributes)
    return _dump(values)


def canonical_value(attribute: AttributeProto) -> Any:
    """Return an attribute's value as canonical JSON-able data."""
    kind = attribute.type
    if kind in LIST_FIELDS:
        elements = getattr(attribute, LIST_FIELDS[kind])
        if len(elements) > MAX_ELEMENTS or omitted_length(attribute) is not None:
            return {"type": _TYPE_NAMES[kind], "length": list_length(attribute)}
        return list(map(_CONVERTERS[kind], elements))
    if kind in _SCALAR_FIELDS:
        return _CONVERTERS[kind](getattr(attribute, _SCALAR_FIELDS[kind]))
    if kind == AttributeProto.TENSOR:
        return _tensor(attribute.t)
    if kind == AttributeProto.TYPE_PROTO:
        return {"type": "type_proto", "value": type_name(attribute.tp)}
    return {"type": _TYPE_NAMES.get(kind, "undefined")}


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
_SCALAR_FIELDS: Mapping[int, str] = {AttributeProto.FLOAT: "f", AttributeProto.INT: "i", AttributeProto.STRING: "s"}
_CONVERTERS: Mapping[int, Callable[[Any], Any]] = {
    **dict.fromkeys((AttributeProto.FLOAT, AttributeProto.FLOATS), _float),
    **dict.fromkeys((AttributeProto.INT, AttributeProto.INTS), int),
    **dict.fromkeys((AttributeProto.STRING, AttributeProto.STRINGS), _bytes),
}


@lru_cache(maxsize=4096)
def find_schema(op_type: str, domain: str, opset_version: int) -> onnx.defs.OpSchema | None:
    """Return the operator's schema in a version of its operator set, None if unknown."""
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
