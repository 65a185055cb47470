"""The names and numbers in a model that everything else takes for granted: text is text, versions are versions."""

from __future__ import annotations

from collections.abc import Iterable

import onnx
from onnx import AttributeProto

from younger_hf.errors import ModelReadError

LARGEST_OPSET = 10_000
"""Operator sets have had fewer than 100 versions in ten years."""
LONGEST_NAME = 10_000
"""Exporters join the names of modules in modules, and come to some hundred characters."""
_SHOWN = 80


def check_names(model: onnx.ModelProto, source: str) -> None:
    """Do nothing if every name in a model is text of bearable length and every operator-set version a small positive number.

    protobuf hands out names that are no UTF-8 as bytes, which nothing behind this expects.

    Raises:
        ModelReadError: If one is not.
    """
    check_opsets(
        [*model.opset_import, *(opset for function in model.functions for opset in function.opset_import)], source
    )
    for name in _names(model):
        name_text(name, source)


def check_opsets(opsets: Iterable[onnx.OperatorSetIdProto], source: str) -> None:
    """Do nothing if every operator set has a small positive version.

    Raises:
        ModelReadError: If one has not.
    """
    for item in opsets:
        if not 0 < item.version <= LARGEST_OPSET:
            raise ModelReadError(
                f"{source}: the operator set {shown(item.domain)} has version {item.version}, expected a positive one."
            )


def name_text(name: str | bytes, source: str) -> str:
    """A name of bearable length as text.

    Raises:
        ModelReadError: If it is no UTF-8 text, or too long.
    """
    if len(name) > LONGEST_NAME:
        raise ModelReadError(
            f"{source}: the name {shown(name)} has {len(name):,} characters, expected at most {LONGEST_NAME:,}."
        )
    try:
        return name if isinstance(name, str) else name.decode()
    except UnicodeDecodeError:
        raise ModelReadError(
            f"{source}: the name {str(name)[:40]} is no UTF-8 text, expected names to be text."
        ) from None


def shown(name: str | bytes) -> str:
    """A name as it stands in a message: quoted, without control characters, and cut if it is long."""
    name = name if isinstance(name, str) else name.decode(errors="replace")
    return repr(name if len(name) <= _SHOWN else f"{name[:_SHOWN]}...")


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
