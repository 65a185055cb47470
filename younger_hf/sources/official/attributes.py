"""An operator's attributes in official Younger files -> our canonical JSON.

A node has them twice. `attributes` holds those of the model: name -> `attr_type` and `value`,
typed. `features` adds the defaults of the newest operator set, with each value as the text that
Python prints: `[1, 1]`, `b'NOTSET'`, or `None` for no value. The model's own win; the rest is
parsed from the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from onnx import AttributeProto, TensorProto

from younger_hf.errors import SourceError
from younger_hf.graph.onnx_types import LENGTH_MARK, MAX_ELEMENTS
from younger_hf.graph.operators.signatures import LONGEST_ATTRIBUTES, canonical_domain, canonical_encoded
from younger_hf.sources.official.pickle_reader import Record

MOST_ATTRIBUTES = 256
"""Attributes of one operator; the largest of ONNX has 23."""
LONGEST_NAME = 200
LARGEST_VALUE = 1 << 24
"""Bytes of a value, and characters of its text."""

_Type = AttributeProto
_KINDS = frozenset(_Type.AttributeType.values()) - {_Type.UNDEFINED}
_LITERAL = re.compile(r"""b'(?:[^'\\]|\\.)*'|b"(?:[^"\\]|\\.)*\"""")
_TENSOR = re.compile(r"'data_type': (\d+), 'dims': \[([\d, ]*)\]")
_ELEMENT = re.compile(r"\{'elem_type': (\d+),")

Spend = Callable[[int], None]
"""Called with a number of characters or elements to be read; raises if they are too many."""


def official_attributes(
    op_type: str, domain: str, version: int, raw: Mapping[Any, Any], completed: Mapping[Any, Any], spend: Spend
) -> str:
    """Return the canonical attributes of a node.

    Args:
        op_type: The operator.
        domain: Its domain.
        version: Version of its operator set.
        raw: Name -> {"attr_type", "value"}.
        completed: Name -> (type, text).
        spend: Called before anything long is read, since any number of nodes may share a value.

    Raises:
        SourceError: If one of them cannot be read.
    """
    if len(raw) > MOST_ATTRIBUTES or len(completed) > MOST_ATTRIBUTES:
        raise SourceError(f"{op_type}: expected at most {MOST_ATTRIBUTES} attributes.")
    found: dict[str, AttributeProto] = {}
    for name, value in {**completed, **raw}.items():
        if not isinstance(name, str) or not 0 < len(name) <= LONGEST_NAME:
            raise SourceError(f"{op_type}: expected a short text as an attribute's name.")
        try:
            attribute = _from_value(value, spend) if isinstance(value, dict) else _from_text(value, spend)
            if attribute is not None:
                attribute.name = name
                found[name] = attribute
        except (TypeError, ValueError, OverflowError) as error:
            raise SourceError(f"{op_type}: the attribute {name!r} cannot be read ({error!s:.100}).") from error
    encoded = tuple(attribute.SerializeToString(deterministic=True) for attribute in found.values())
    text = canonical_encoded(op_type, canonical_domain(domain), version, encoded)
    if len(text) > LONGEST_ATTRIBUTES:
        raise SourceError(
            f"{op_type}: the attributes take {len(text):,} characters, at most {LONGEST_ATTRIBUTES:,} fit."
        )
    return text


def _from_value(item: Mapping[Any, Any], spend: Spend) -> AttributeProto:
    """The attribute with a typed value."""
    attribute, value = _new_attribute(item.get("attr_type")), item.get("value")
    kind = attribute.type
    if isinstance(value, Record):
        raise TypeError("a sub-graph that is not flattened; expected a graph of the filter series")
    if kind in _LISTS:
        if not isinstance(value, list):
            raise TypeError("expected a list")
        expected = _FIELDS[_LISTS[kind]][1]
        _fill(attribute, value, lambda element: _checked(element, expected, spend))
    elif kind in _FIELDS:
        field, expected = _FIELDS[kind]
        setattr(attribute, field, _checked(value, expected, spend))
    elif kind == _Type.TENSOR and isinstance(value, dict):
        dims = value.get("dims")
        if not isinstance(dims, list) or len(dims) > MAX_ELEMENTS:
            raise TypeError("expected the dimensions of a tensor")
        attribute.t.CopyFrom(TensorProto(data_type=value.get("data_type"), dims=dims))
    elif kind == _Type.TYPE_PROTO and isinstance(value, dict) and isinstance(value.get("elem_type"), int):
        attribute.tp.tensor_type.elem_type = value["elem_type"]  # sequences, optionals and maps look alike
    return attribute


def _from_text(item: Any, spend: Spend) -> AttributeProto | None:
    """The attribute with a value as text; None if the text stands for no value."""
    if not isinstance(item, tuple | list) or len(item) != 2 or not isinstance(item[1], str):
        raise TypeError("expected a type and a text")
    attribute, text = _new_attribute(item[0]), item[1]
    kind = attribute.type
    if text == "None":
        return None
    spend(len(text))
    if len(text) > LARGEST_VALUE:
        raise ValueError(f"its text has {len(text):,} characters, expected at most {LARGEST_VALUE:,}")
    if kind == _Type.STRINGS:
        _fill(attribute, _LITERAL.findall(text), _parse_bytes)
    elif kind == _Type.STRING:
        (literal,) = _LITERAL.findall(text)
        attribute.s = _parse_bytes(literal)
    elif kind in _LISTS:
        inner = text.strip("[]")
        _fill(attribute, inner.split(", ") if inner else [], _FIELDS[_LISTS[kind]][1][-1])
    elif kind in _FIELDS:
        field, expected = _FIELDS[kind]
        setattr(attribute, field, expected[-1](text))
    elif kind == _Type.TENSOR and (tensor := _TENSOR.search(text)):
        dims = [int(dim) for dim in tensor[2].split(", ") if dim]
        attribute.t.CopyFrom(TensorProto(data_type=int(tensor[1]), dims=dims))
    elif kind == _Type.TYPE_PROTO and (element := _ELEMENT.match(text)):
        attribute.tp.tensor_type.elem_type = int(element[1])
    return attribute


def _new_attribute(kind: Any) -> AttributeProto:
    if not isinstance(kind, int) or kind not in _KINDS:
        raise TypeError("expected the number of an attribute type")
    return AttributeProto(type=_Type.AttributeType.Name(kind))


def _fill(attribute: AttributeProto, elements: list[Any], convert: Callable[[Any], Any]) -> None:
    """Store the elements of a list, or only their number if they are many."""
    if len(elements) > MAX_ELEMENTS:
        attribute.doc_string = f"{LENGTH_MARK}{len(elements)}"
    else:
        lists: Mapping[int, Any] = {
            _Type.FLOATS: attribute.floats,
            _Type.INTS: attribute.ints,
            _Type.STRINGS: attribute.strings,
        }
        lists[attribute.type].extend(map(convert, elements))


def _checked(value: Any, expected: tuple[type, ...], spend: Spend) -> Any:
    if not isinstance(value, expected):
        raise TypeError(f"expected {expected[-1].__name__}, found {type(value).__name__}")
    if isinstance(value, bytes | str):
        spend(len(value))
        if len(value) > LARGEST_VALUE:
            raise ValueError(f"it has {len(value):,} bytes, expected at most {LARGEST_VALUE:,}")
    return value.encode() if isinstance(value, str) else value


def _parse_bytes(literal: str) -> bytes:
    return literal[2:-1].encode("latin-1").decode("unicode_escape").encode("latin-1")


_FIELDS: Mapping[int, tuple[str, tuple[type, ...]]] = {
    _Type.FLOAT: ("f", (int, float)),
    _Type.INT: ("i", (int,)),
    _Type.STRING: ("s", (str, bytes)),
}
"""Type -> the field of its value, and the value's Python types, the last of which parses text."""
_LISTS: Mapping[int, int] = {
    _Type.FLOATS: _Type.FLOAT,
    _Type.INTS: _Type.INT,
    _Type.STRINGS: _Type.STRING,
}
"""Type of a list -> the type of its elements."""
