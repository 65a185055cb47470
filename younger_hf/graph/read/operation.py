"""Operations: nodes without the names of their values, parsed once for all equal ones."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import onnx
from onnx import AttributeProto

from younger_hf.errors import ModelReadError
from younger_hf.graph.onnx_types import constant_info
from younger_hf.graph.operators.folding import NOT_FOLDED
from younger_hf.graph.operators.signatures import LONGEST_KEY, canonical_domain, canonical_encoded
from younger_hf.graph.read.names import LONGEST_NAME, name_text
from younger_hf.graph.values import UNKNOWN, TensorInfo

Opsets = tuple[tuple[str, int], ...]
"""Domain and version of each operator set of a model."""


class Operation(NamedTuple):
    """The content of a node apart from the names of its values.

    Attributes:
        op_type: Operator type.
        domain: Operator-set domain, `""` for the default one.
        version: Version of that operator set in the model.
        attributes: Canonical attributes as JSON; `""` for a `Constant`.
        encoded: The wire format of each attribute.
        is_constant: Whether it is a `Constant` of the default operator set.
        constant: The output of a `Constant`.
        is_foldable: Whether its outputs are constant if its inputs are: a deterministic operator of
            the default operator set without sub-graphs, whose outputs are tensors.
        graphs: Name of the attribute and wire format of each sub-graph.
    """

    op_type: str
    domain: str
    version: int
    attributes: str
    encoded: tuple[bytes, ...]
    is_constant: bool
    constant: TensorInfo
    is_foldable: bool
    graphs: tuple[tuple[str, bytes], ...]


def parse_operation(encoded: bytes, opsets: Opsets, source: str) -> Operation:
    """Parse a node.

    Args:
        encoded: The wire format of a node without its inputs, outputs and name.
        opsets: The model's operator sets.
        source: Name of the model for messages.

    Raises:
        ModelReadError: If a name in it is not UTF-8 or too long.
    """
    try:
        return (_parse if len(encoded) <= LONGEST_KEY else _parse.__wrapped__)(encoded, opsets)
    except ModelReadError as error:
        raise ModelReadError(f"{source}{error.message}") from None


@lru_cache(maxsize=4096)  # nodes repeat themselves, within models and between them
def _parse(encoded: bytes, opsets: Opsets) -> Operation:
    node = onnx.NodeProto.FromString(encoded)
    op_type, domain = name_text(node.op_type, ""), canonical_domain(name_text(node.domain, ""))
    graphs: list[tuple[str, bytes]] = []
    for attribute in node.attribute:
        name = name_text(attribute.name, "")
        name_text(attribute.doc_string[:LONGEST_NAME], "")
        if attribute.type == AttributeProto.GRAPH:
            graphs.append((name, attribute.g.SerializeToString()))
        elif attribute.type == AttributeProto.GRAPHS:
            graphs += [(name, graph.SerializeToString()) for graph in attribute.graphs]
    attributes = tuple([attribute.SerializeToString() for attribute in node.attribute])
    version = dict(opsets).get(domain, 1)
    is_constant = op_type == "Constant" and not domain
    return Operation(
        op_type,
        domain,
        version,
        attributes="" if is_constant else canonical_encoded(op_type, domain, version, attributes),
        encoded=attributes,
        is_constant=is_constant,
        constant=constant_info(node.attribute) if is_constant else UNKNOWN,
        is_foldable=not domain and not graphs and op_type not in NOT_FOLDED,
        graphs=tuple(graphs),
    )
