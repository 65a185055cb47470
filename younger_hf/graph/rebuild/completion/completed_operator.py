"""A node class at one opset version, with its schema and attributes ready for writing a model."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import onnx
from onnx import AttributeProto, NodeProto

from younger_hf.errors import RebuildError
from younger_hf.graph.operators.node_protos import attribute_proto, make_node
from younger_hf.graph.operators.schema_versions import fitting_versions
from younger_hf.graph.operators.signatures import find_schema, operator_name, parse_signature

OPSETS = tuple(range(9, 22))
"""Opset versions that a completed model may use: those that current onnxruntime runs."""
PREFERRED = 17
"""The version that most exporters wrote when the models of the dataset were exported."""


@dataclass(frozen=True)
class Operator:
    """One node class at one opset version.

    Attributes:
        op_type: Name of the operator.
        domain: Domain of its operator set; `""` for ONNX's own.
        attributes: Its canonical attributes; empty for a class without them.
        has_attributes: Whether the class specifies attributes at all (`w_attrs`).
        schema: Its ONNX schema.
        opset: Version of its operator set.
        protos: The attributes as ONNX writes them.
    """

    op_type: str
    domain: str
    attributes: Mapping[str, Any]
    has_attributes: bool
    schema: onnx.defs.OpSchema
    opset: int
    protos: tuple[AttributeProto, ...]

    def get(self, name: str, default: Any = None) -> Any:
        """Return the value of an attribute.

        Return the default if it is not specified or its value is not recorded.
        """
        value = self.attributes.get(name, default)
        return default if isinstance(value, dict) else value


@lru_cache(maxsize=16_384)
def opsets_of(signature: str) -> frozenset[int]:
    """Return the opset versions in which a node class exists.

    Operators that ONNX does not know exist in none.
    """
    domain, op_type, _ = parse_signature(signature)
    fitting = {version.since for version in fitting_versions(signature)}
    schemas = {opset: find_schema(op_type, domain, opset) for opset in OPSETS}
    return frozenset(opset for opset, schema in schemas.items() if schema and schema.since_version in fitting)


def common_opset(signatures: Iterable[str]) -> int:
    """Choose the opset version nearest to the preferred one in which all classes exist.

    Raises:
        RebuildError: If no version contains them all.
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
    """Read a node class for an opset version.

    Raises:
        RebuildError: If ONNX does not know the operator, or an attribute's value is not recorded.
    """
    domain, op_type, text = parse_signature(signature)
    schema = find_schema(op_type, domain, opset)
    if schema is None:
        raise RebuildError(f"ONNX has no operator {operator_name(domain, op_type)} in opset {opset}.")
    attributes = json.loads(text) if text else {}
    protos = tuple(attribute_proto(op_type, name, value, schema) for name, value in attributes.items())
    return Operator(op_type, domain, attributes, bool(text), schema, opset, protos)


def write_operator(
    operator: Operator, chosen: Mapping[str, Any], inputs: Sequence[str], outputs: Sequence[str], node: int
) -> NodeProto:
    """Write a completed operator.

    Args:
        operator: The operator.
        chosen: Values of attributes that its class does not specify.
        inputs: Names of the values it reads, `""` for an absent one.
        outputs: Names of the values it produces.
        node: Number of the node.
    """
    added = [attribute_proto(operator.op_type, name, value, operator.schema) for name, value in chosen.items()]
    attributes = (*operator.protos, *added)
    return make_node(operator.op_type, inputs, outputs, attributes, domain=operator.domain, name=f"node{node}")
