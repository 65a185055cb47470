"""What a node does, the names of its values aside: found out once for all nodes that say the same."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import onnx
from onnx import AttributeProto

from younger_hf.errors import ModelReadError
from younger_hf.graph.operators.constant_info import NOTHING, Known, known_of_constant
from younger_hf.graph.operators.folding import NOT_FOLDED
from younger_hf.graph.operators.signatures import LONGEST_KEY, canonical_domain, canonical_encoded
from younger_hf.graph.read.names import LONGEST_NAME, name_text


class Operation(NamedTuple):
    """What a node does.

    Attributes:
        op_type: Operator type.
        domain: Operator-set domain, `""` for the default one.
        version: Version of that operator set in the model.
        attributes: Canonical attributes as JSON.
        encoded: The wire format of each attribute.
        is_constant: Whether it is a `Constant` of the default operator set.
        constant: What is known of what such a one gives.
        is_foldable: Whether it gives constants for constants, one of them at least: deterministic, and without sub-graphs.
        graphs: Name of the attribute and wire format of each sub-graph.
    """

    op_type: str
    domain: str
    version: int
    attributes: str
    encoded: tuple[bytes, ...]
    is_constant: bool
    constant: Known
    is_foldable: bool
    graphs: tuple[tuple[str, bytes], ...]


class _Parsed(NamedTuple):
    op_type: str
    domain: str
    encoded: tuple[bytes, ...]
    constant: Known
    graphs: tuple[tuple[str, bytes], ...]


Opsets = tuple[tuple[str, int], ...]
"""Domain and version of each operator set of a model."""


def operation(rest: bytes, opsets: Opsets, source: str) -> Operation:
    """What a node does.

    Args:
        rest: The wire format of a node without its inputs, outputs and name.
        opsets: The model's operator sets.
        source: Name of the model for messages.

    Raises:
        ModelReadError: If a name in it is no UTF-8 text, or too long.
    """
    try:
        return (_operation if len(rest) <= LONGEST_KEY else _operation.__wrapped__)(rest, opsets)
    except ModelReadError as error:
        raise ModelReadError(f"{source}{error.message}") from None


@lru_cache(maxsize=4096)
def _operation(rest: bytes, opsets: Opsets) -> Operation:
    """As `operation`; models repeat themselves and one another, so that most are remembered."""
    op_type, domain, encoded, constant, graphs = _parsed(rest)
    version = dict(opsets).get(domain, 1)
    is_constant = op_type == "Constant" and not domain
    attributes = "" if is_constant else canonical_encoded(op_type, domain, version, encoded)
    is_foldable = not domain and not graphs and op_type not in NOT_FOLDED
    return Operation(op_type, domain, version, attributes, encoded, is_constant, constant, is_foldable, graphs)


def _parsed(rest: bytes) -> _Parsed:
    node = onnx.NodeProto.FromString(rest)
    op_type, domain = name_text(node.op_type, ""), canonical_domain(name_text(node.domain, ""))
    graphs: list[tuple[str, bytes]] = []
    for attribute in node.attribute:
        name = name_text(attribute.name, "")
        name_text(attribute.doc_string[:LONGEST_NAME], "")
        if attribute.type == AttributeProto.GRAPH:
            graphs.append((name, attribute.g.SerializeToString()))
        elif attribute.type == AttributeProto.GRAPHS:
            graphs += [(name, graph.SerializeToString()) for graph in attribute.graphs]
    encoded = tuple([attribute.SerializeToString() for attribute in node.attribute])
    constant = known_of_constant(node.attribute) if op_type == "Constant" else NOTHING
    return _Parsed(op_type, domain, encoded, constant, tuple(graphs))
