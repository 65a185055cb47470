"""The names and numbers in a model that everything else takes for granted: text is text, versions are versions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import onnx

from younger_hf.errors import ModelReadError

LARGEST_OPSET = 10_000
"""Operator sets have had fewer than 100 versions in ten years."""


def check_names(model: onnx.ModelProto, source: str) -> None:
    """Do nothing if every name in a model is text and every operator-set version a small positive number.

    protobuf hands out names that are no UTF-8 as bytes, which nothing behind this expects.

    Raises:
        ModelReadError: If one is not.
    """
    for item in (*model.opset_import, *(opset for function in model.functions for opset in function.opset_import)):
        if not 0 < item.version <= LARGEST_OPSET:
            raise ModelReadError(
                f"{source}: the operator set {item.domain!r} has version {item.version}, expected a positive one."
            )
    for name in _names(model):
        if not isinstance(name, str):
            raise ModelReadError(f"{source}: the name {str(name)[:40]} is no UTF-8 text, expected names to be text.")


def _names(model: onnx.ModelProto) -> Iterator[object]:
    for opset in model.opset_import:
        yield opset.domain
    yield from _of_graph(model.graph)
    for function in model.functions:
        yield from (function.name, function.domain, *function.input, *function.output, *function.attribute)
        yield from _of_nodes(function.node)


def _of_graph(graph: onnx.GraphProto) -> Iterator[object]:
    for value in (*graph.input, *graph.output):
        yield value.name
    for tensor in graph.initializer:
        yield tensor.name
    for sparse in graph.sparse_initializer:
        yield sparse.values.name
    yield from _of_nodes(graph.node)


def _of_nodes(nodes: Iterable[onnx.NodeProto]) -> Iterator[object]:
    for node in nodes:
        yield node.op_type
        yield node.domain
        yield node.name
        yield from node.input
        yield from node.output
        for attribute in node.attribute:
            yield attribute.name
            yield attribute.doc_string
            if attribute.HasField("g"):
                yield from _of_graph(attribute.g)
            for graph in attribute.graphs:
                yield from _of_graph(graph)
