"""What a node class says about its operator, made ready for putting a model together."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import onnx
from onnx import AttributeProto

from younger_hf.errors import RebuildError
from younger_hf.graph.operators.node_protos import attribute_proto
from younger_hf.graph.operators.signatures import find_schema, operator_name, parse_signature

OPSETS = tuple(range(9, 22))
"""Versions of ONNX's operator set that a made-up model may use: what onnxruntime of today runs."""
PREFERRED = 17
"""The version that most exporters wrote when the models of the dataset were exported."""


@dataclass(frozen=True)
class Operator:
    """One node class at one opset version.

    Attributes:
        op_type: Name of the operator.
        domain: Its operator set; `""` for ONNX's own.
        attributes: Its canonical attributes; empty where the class says nothing about them.
        says_attributes: Whether the class has attributes at all (`w_attrs`).
        schema: What ONNX says of it.
        opset: Version of its operator set.
        protos: The attributes as ONNX writes them.
    """

    op_type: str
    domain: str
    attributes: Mapping[str, Any]
    says_attributes: bool
    schema: onnx.defs.OpSchema
    opset: int
    protos: tuple[AttributeProto, ...]

    def get(self, name: str, default: Any = None) -> Any:
        """An attribute's value, or what the class leaves open."""
        value = self.attributes.get(name, default)
        return default if isinstance(value, dict) else value


@lru_cache(maxsize=16_384)
def opsets_of(signature: str) -> frozenset[int]:
    """The opset versions in which an operator with such attributes exists; empty for those that ONNX does not know."""
    domain, op_type, attributes = parse_signature(signature)
    names = set(json.loads(attributes)) if attributes else None
    return frozenset(version for version in OPSETS if _fits(find_schema(op_type, domain, version), names))


def common_opset(signatures: Iterable[str]) -> int:
    """The opset version that all operators of a model can have: the one nearest to what most exporters write.

    Raises:
        RebuildError: If there is none.
    """
    common = set(OPSETS)
    for signature in set(signatures):
        found = opsets_of(signature)
        if not found:
            domain, op_type, _ = parse_signature(signature)
            raise RebuildError(f"ONNX has no operator {operator_name(domain, op_type)} with these attributes.")
        common &= found
    if not common:
        raise RebuildError(
            "The operators have no opset version in common, expected one that fits the attributes of all."
        )
    return min(common, key=lambda version: (abs(version - PREFERRED), version))


@lru_cache(maxsize=65_536)
def operator_of(signature: str, opset: int) -> Operator:
    """A node class at an opset version.

    Raises:
        RebuildError: If ONNX does not know it, or an attribute's value is not recorded.
    """
    domain, op_type, text = parse_signature(signature)
    schema = find_schema(op_type, domain, opset)
    if schema is None:
        raise RebuildError(f"ONNX has no operator {operator_name(domain, op_type)} in opset {opset}.")
    attributes = json.loads(text) if text else {}
    protos = tuple(attribute_proto(op_type, name, value, schema) for name, value in attributes.items())
    return Operator(op_type, domain, attributes, bool(text), schema, opset, protos)


def with_attributes(operator: Operator, chosen: Mapping[str, Any]) -> Sequence[AttributeProto]:
    """The operator's attributes, and those that were chosen where the class leaves them open."""
    if not chosen:
        return operator.protos
    return (*operator.protos, *(attribute_proto(operator.op_type, k, v, operator.schema) for k, v in chosen.items()))


def _fits(schema: onnx.defs.OpSchema | None, names: set[str] | None) -> bool:
    if schema is None or schema.deprecated:
        return False
    if names is None:
        return True
    required = {name for name, attribute in schema.attributes.items() if attribute.required}
    defaults = {name for name, attribute in schema.attributes.items() if attribute.default_value.name}
    # Defaults are filled in for the model's own opset: an attribute with one that is not there did not exist yet.
    return names <= set(schema.attributes) and required <= names and defaults <= names
