"""Constant folding by rule, so that two readers of ONNX files that treat constants differently can be compared.

The rule: an operator of the default domain that is deterministic, has no sub-graph and at least one input, and all of
whose inputs are initializers, `Constant`s or results of such operators, becomes an initializer. That is what every ONNX
optimizer does; it needs no weights here, since only the shape of the graph matters.
"""

from __future__ import annotations

from collections import Counter

import onnx
from onnx import AttributeProto, ModelProto, NodeProto, TensorProto

RANDOM = frozenset({"RandomNormalLike", "RandomUniformLike", "Bernoulli", "Multinomial", "Dropout"})
"""Operators with inputs whose result is random, or may be."""


def fold_constants(model: ModelProto) -> tuple[ModelProto, Counter[str]]:
    """The model with its operators over constants replaced by weight-free initializers.

    Args:
        model: Its nodes in topological order, as ONNX demands.

    Returns:
        A copy, and how many operators of each type were folded. Initializers and `Constant`s that nothing reads any
        more are left out of the copy.
    """
    graph = model.graph
    constants = {tensor.name for tensor in graph.initializer}
    constants.update(tensor.values.name for tensor in graph.sparse_initializer)
    kept: list[NodeProto] = []
    results: list[str] = []
    counts: Counter[str] = Counter()
    for node in graph.node:
        if _is_constant(node):
            constants.update(node.output)
            kept.append(node)
        elif _reads_only(node, constants):
            constants.update(node.output)
            results.extend(filter(None, node.output))
            counts[node.op_type] += 1
        else:
            kept.append(node)
    read = _read_names(graph, kept)
    kept = [node for node in kept if not _is_constant(node) or read.intersection(node.output)]
    tensors = [tensor for tensor in graph.initializer if tensor.name in read]
    types = {value.name: value.type for value in onnx.shape_inference.infer_shapes(model).graph.value_info}
    tensors.extend(_tensor(name, types.get(name)) for name in results if name in read)
    result = ModelProto()
    result.CopyFrom(model)
    del result.graph.node[:], result.graph.initializer[:]
    result.graph.node.extend(kept)
    result.graph.initializer.extend(tensors)
    return result, counts


def _is_constant(node: NodeProto) -> bool:
    return node.op_type == "Constant" and node.domain in ("", "ai.onnx")


def _reads_only(node: NodeProto, constants: set[str]) -> bool:
    if node.domain not in ("", "ai.onnx") or node.op_type in RANDOM:
        return False
    if any(attribute.type in (AttributeProto.GRAPH, AttributeProto.GRAPHS) for attribute in node.attribute):
        return False
    inputs = [name for name in node.input if name]
    return bool(inputs) and constants.issuperset(inputs)


def _read_names(graph: onnx.GraphProto, nodes: list[NodeProto]) -> set[str]:
    """Every name that is an output of the graph or read by a node, or by a node of its sub-graphs."""
    names = {value.name for value in graph.output}
    for node in nodes:
        names.update(node.input)
        for attribute in node.attribute:
            for inner in [attribute.g] if attribute.HasField("g") else attribute.graphs:
                names |= _read_names(inner, list(inner.node))
    return names


def _tensor(name: str, inferred: onnx.TypeProto | None) -> TensorProto:
    """A tensor without data, of the inferred type and shape where there are any."""
    tensor = TensorProto(name=name, data_type=TensorProto.FLOAT)
    if inferred is not None and inferred.HasField("tensor_type"):
        tensor.data_type = inferred.tensor_type.elem_type
        tensor.dims.extend(dim.dim_value for dim in inferred.tensor_type.shape.dim)
    return tensor
