"""Checks of names (UTF-8, limited length) and versions (small, positive) in a model."""

from __future__ import annotations

from collections.abc import Iterable

import onnx
from onnx import AttributeProto

from younger_hf.errors import ModelReadError

LARGEST_OPSET = 10_000
"""Largest version of an operator set; there have been fewer than 100 versions in ten years."""
LONGEST_NAME = 10_000
"""Maximum length of a name; exporters, which join the names of nested modules, use a few hundred
characters."""
_QUOTED = 80


def check_names(model: onnx.ModelProto, source: str) -> None:
    """Raise ModelReadError if a name is not UTF-8 or too long, or a version out of range.

    protobuf returns names that are not UTF-8 as bytes, which later code does not expect.
    """
    check_opsets(
        [*model.opset_import, *(opset for function in model.functions for opset in function.opset_import)], source
    )
    for name in _names(model):
        name_text(name, source)


def check_opsets(opsets: Iterable[onnx.OperatorSetIdProto], source: str) -> None:
    """Raise ModelReadError if a version of an operator set is not a small positive number."""
    for item in opsets:
        if not 0 < item.version <= LARGEST_OPSET:
            raise ModelReadError(
                f"{source}: the operator set {quoted(item.domain)} has version {item.version}, expected 1 to {LARGEST_OPSET:,}."
            )


def name_text(name: str | bytes, source: str) -> str:
    """Return a name as text.

    Raises:
        ModelReadError: If it is not UTF-8 or too long.
    """
    if len(name) > LONGEST_NAME:
        raise ModelReadError(
            f"{source}: the name {quoted(name)} has {len(name):,} characters, expected at most {LONGEST_NAME:,}."
        )
    try:
        return name if isinstance(name, str) else name.decode()
    except UnicodeDecodeError:
        raise ModelReadError(f"{source}: the name {str(name)[:40]} is not UTF-8, expected names to be text.") from None


def quoted(name: str | bytes) -> str:
    """Return a name for a message: in quotes, control characters escaped, cut off if it is long."""
    name = name if isinstance(name, str) else name.decode(errors="replace")
    return repr(name if len(name) <= _QUOTED else f"{name[:_QUOTED]}...")


def _names(model: onnx.ModelProto) -> list[str]:
    names = [opset.domain for opset in model.opset_import]
    _add_graph(model.graph, names)
    for function in model.functions:
        names += (function.name, function.domain, *function.input, *function.output, *function.attribute)
        _add_nodes(function.node, names)
    return names


def _add_graph(graph: onnx.GraphProto, names: list[str]) -> None:
    names += [value.name for value in (*graph.input, *graph.output)]
    names += [tensor.name for tensor in graph.initializer]
    names += [sparse.values.name for sparse in graph.sparse_initializer]
    _add_nodes(graph.node, names)


def _add_nodes(nodes: Iterable[onnx.NodeProto], names: list[str]) -> None:
    for node in nodes:
        names += (node.op_type, node.domain, node.name, *node.input, *node.output)
        for attribute in node.attribute:
            names += (attribute.name, attribute.doc_string[:LONGEST_NAME])
            if attribute.type in (AttributeProto.GRAPH, AttributeProto.GRAPHS):
                for graph in (attribute.g, *attribute.graphs):
                    _add_graph(graph, names)
