"""Topological order of an ONNX graph's nodes: the file's own order wherever it is one."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence

import onnx
from onnx import AttributeProto

from younger_hf.errors import ModelReadError
from younger_hf.graph.names import shown


def topological_order(nodes: Sequence[onnx.NodeProto], known: Container[str], model: str) -> list[onnx.NodeProto]:
    """Nodes so that each stands after those whose values it reads, a sub-graph's captured values among them.

    Args:
        nodes: The nodes of one graph, as they stand in the file.
        known: Names of the values that are there before the first node; asked only for what the nodes read.
        model: Name of the model for messages.

    Raises:
        ModelReadError: If a node reads a value that nothing produces, or nodes form a cycle.
    """
    needs = [[name for name in read_names(node) if name and name not in known] for node in nodes]
    defined: set[str] = set()
    for node, missing in zip(nodes, needs, strict=True):
        if any(name not in defined for name in missing):
            break
        defined.update(node.output)
    else:
        return list(nodes)
    return _sorted(nodes, needs, model)


def _sorted(nodes: Sequence[onnx.NodeProto], needs: list[list[str]], model: str) -> list[onnx.NodeProto]:
    producers = {output: index for index, node in enumerate(nodes) for output in node.output if output}
    waiting: list[int] = []
    readers: list[list[int]] = [[] for _ in nodes]
    for index, names in enumerate(needs):
        sources = set()
        for name in names:
            if name not in producers:
                raise ModelReadError(
                    f"{model}: node {_title(nodes[index])} reads the value {shown(name)}, which no node, input or initializer provides."
                )
            sources.add(producers[name])
        waiting.append(len(sources))
        for source in sources:
            readers[source].append(index)
    ready = [index for index in range(len(nodes)) if not waiting[index]]
    order: list[onnx.NodeProto] = []
    for index in ready:
        order.append(nodes[index])
        for reader in readers[index]:
            waiting[reader] -= 1
            if not waiting[reader]:
                ready.append(reader)
    if len(order) < len(nodes):
        stuck = next(index for index, count in enumerate(waiting) if count)
        raise ModelReadError(
            f"{model}: node {_title(nodes[stuck])} lies on or behind a cycle, expected a directed acyclic graph."
        )
    return order


def read_names(node: onnx.NodeProto) -> Iterator[str]:
    """Names of all values a node reads: its inputs, and what its sub-graphs capture."""
    yield from node.input
    for attribute in node.attribute:
        if attribute.type == AttributeProto.GRAPH:
            yield from _captured(attribute.g)
        elif attribute.type == AttributeProto.GRAPHS:
            for graph in attribute.graphs:
                yield from _captured(graph)


def _captured(graph: onnx.GraphProto) -> Iterator[str]:
    own = {value.name for value in graph.input}
    own.update(tensor.name for tensor in graph.initializer)
    own.update(sparse.values.name for sparse in graph.sparse_initializer)
    own.update(output for node in graph.node for output in node.output)
    for node in graph.node:
        yield from (name for name in read_names(node) if name not in own)
    yield from (value.name for value in graph.output if value.name not in own)


def _title(node: onnx.NodeProto) -> str:
    op_type = shown(node.op_type)[1:-1]
    return f"{shown(node.name)} ({op_type})" if node.name else f"of type {op_type}"
