"""Constant folding of an ONNX model, before the values that it needs are dropped."""

from __future__ import annotations

from collections.abc import Iterator

import onnx

from younger_hf.graph.onnx_types import INTEGER_NAMES, constant_info, tensor_info, tensor_proto
from younger_hf.graph.operators.folding import NOT_FOLDED, fold
from younger_hf.graph.operators.signatures import canonical_domain
from younger_hf.graph.values import TensorInfo


def fold_constants(model: onnx.ModelProto) -> onnx.ModelProto:
    """Replace operators over constants by their results if these are small integer tensors.

    Shape arithmetic often passes through floats (`Floor(Mul(size, 0.5))`), and without these its
    results are unknown.

    Args:
        model: A model, changed in place. Only its main graph is folded, and only nodes that are
            in topological order.

    Returns:
        The same model.
    """
    graph = model.graph
    version = next((item.version for item in model.opset_import if not canonical_domain(item.domain)), 1)
    known = {tensor.name: tensor_info(tensor) for tensor in graph.initializer}
    folded: dict[str, TensorInfo] = {}
    kept: list[onnx.NodeProto] = []
    unread: set[str] = set()
    for node in graph.node:
        if _is_constant(node):
            known[node.output[0]] = constant_info(node.attribute)
            kept.append(node)
            continue
        results = _results(node, known, version)
        known.update(results)
        if results and all(_is_integer(value) for value in results.values()):
            folded.update(results)
            unread.update(node.input)
        else:
            kept.append(node)
    read = {value.name for value in graph.output} | {name for node in kept for name in _read_names(node)}
    unread -= read
    tensors = [tensor for tensor in graph.initializer if tensor.name not in unread]
    tensors += [tensor_proto(value, name) for name, value in folded.items() if name in read]
    kept = [node for node in kept if not (_is_constant(node) and node.output[0] in unread)]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(kept)
    graph.initializer.extend(tensors)
    return model


def _is_constant(node: onnx.NodeProto) -> bool:
    return node.op_type == "Constant" and not canonical_domain(node.domain) and len(node.output) == 1


def _is_integer(value: TensorInfo) -> bool:
    return value.values is not None and value.dtype in INTEGER_NAMES


def _results(node: onnx.NodeProto, known: dict[str, TensorInfo], version: int) -> dict[str, TensorInfo]:
    """Return the outputs of a node over constants by name; nothing if it is another node."""
    if canonical_domain(node.domain) or any(
        attribute.HasField("g") or attribute.graphs for attribute in node.attribute
    ):
        return {}
    inputs = tuple([known.get(name) for name in node.input])
    if node.op_type in NOT_FOLDED or not any(inputs) or any(n and n not in known for n in node.input):
        return {}
    encoded = tuple([attribute.SerializeToString() for attribute in node.attribute])
    results = fold(node.op_type, encoded, inputs, len(node.output), version)
    return {name: value for name, value in zip(node.output, results, strict=True) if name}


def _read_names(node: onnx.NodeProto) -> Iterator[str]:
    """Yield all names that a node and its sub-graphs read."""
    yield from node.input
    for attribute in node.attribute:
        for graph in (*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs):
            yield from (value.name for value in graph.output)
            for inner in graph.node:
                yield from _read_names(inner)
