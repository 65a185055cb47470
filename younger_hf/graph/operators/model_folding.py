"""An ONNX model with its shape arithmetic replaced by the integers it gives, before the values that decide about them are dropped."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from younger_hf.graph.onnx_types import dtype_code
from younger_hf.graph.operators.constant_info import ConstantValue, known_of_constant, known_of_tensor
from younger_hf.graph.operators.folding import NOT_FOLDED, fold
from younger_hf.graph.operators.signatures import canonical_domain


def fold_constants(model: onnx.ModelProto) -> onnx.ModelProto:
    """Replace operators over constants whose results are integer tensors of at most 64 elements by these.

    Shape arithmetic often passes through floats (`Floor(Mul(size, 0.5))`). Once these are dropped, what follows from them is lost.

    Args:
        model: A model, changed in place. Only its main graph is looked at, and nodes in topological order.

    Returns:
        The same model.
    """
    graph = model.graph
    version = next((item.version for item in model.opset_import if not canonical_domain(item.domain)), 1)
    known = {tensor.name: ConstantValue(tensor.name, *known_of_tensor(tensor)) for tensor in graph.initializer}
    made: dict[str, ConstantValue] = {}
    kept: list[onnx.NodeProto] = []
    unread: set[str] = set()
    for node in graph.node:
        if _is_constant(node):
            known[node.output[0]] = ConstantValue(node.output[0], *known_of_constant(node.attribute))
            kept.append(node)
            continue
        results = _results(node, known, version)
        known.update(results)
        if results and all(value.integers is not None for value in results.values()):
            made.update(results)
            unread.update(node.input)
        else:
            kept.append(node)
    read = {value.name for value in graph.output} | {name for node in kept for name in _read_names(node)}
    unread -= read
    tensors = [tensor for tensor in graph.initializer if tensor.name not in unread]
    tensors += [_tensor(value) for name, value in made.items() if name in read]
    kept = [node for node in kept if not (_is_constant(node) and node.output[0] in unread)]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(kept)
    graph.initializer.extend(tensors)
    return model


def _is_constant(node: onnx.NodeProto) -> bool:
    return node.op_type == "Constant" and not canonical_domain(node.domain) and len(node.output) == 1


def _results(node: onnx.NodeProto, known: dict[str, ConstantValue], version: int) -> dict[str, ConstantValue]:
    """What a node over constants gives, by name; nothing if it is no such node."""
    if canonical_domain(node.domain) or any(
        attribute.HasField("g") or attribute.graphs for attribute in node.attribute
    ):
        return {}
    inputs = [known.get(name) for name in node.input]
    if node.op_type in NOT_FOLDED or not any(inputs) or any(n and n not in known for n in node.input):
        return {}
    return {value.name: value for value in fold(node, inputs, version) if value.name}


def _read_names(node: onnx.NodeProto) -> Iterator[str]:
    """All names that stand in a node and in its sub-graphs as something that is read."""
    yield from node.input
    for attribute in node.attribute:
        for graph in (*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs):
            yield from (value.name for value in graph.output)
            for inner in graph.node:
                yield from _read_names(inner)


def _tensor(value: ConstantValue) -> TensorProto:
    dtype = helper.tensor_dtype_to_np_dtype(dtype_code(value.dtype))
    return numpy_helper.from_array(np.array(value.integers, dtype=dtype).reshape(value.shape or ()), value.name)
