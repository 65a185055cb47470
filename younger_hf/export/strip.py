"""An exported model without its weights: parameters become initializers that say name, type and shape, and hold no data."""

from __future__ import annotations

from collections.abc import Collection

import onnx
from onnx import TensorProto

from younger_hf.graph.operators import MAX_ELEMENTS
from younger_hf.graph.types import INTEGER_TYPES


def strip(model: onnx.ModelProto, inputs: Collection[str]) -> onnx.ModelProto:
    """Drop every weight, and what says where the model was made.

    Args:
        model: An exported model; changed in place. Inputs that are not in `inputs` are its parameters.
        inputs: Names of the real graph inputs.

    Returns:
        The same model: parameters are initializers without data, transposed parameters are parameters of the transposed shape, no
        initializer or `Constant` has values but integers of at most 64 elements, and there are no doc strings or stack traces.
    """
    graph = model.graph
    given = [value for value in graph.input if value.name in inputs]
    parameters = [value for value in graph.input if value.name not in inputs]
    del graph.input[:]
    graph.input.extend(given)
    for value in parameters:
        kind = value.type.tensor_type
        dims = [dim.dim_value for dim in kind.shape.dim]
        graph.initializer.append(TensorProto(name=value.name, data_type=kind.elem_type, dims=dims))
    for tensor in graph.initializer:
        drop_values(tensor)
    for node in graph.node:
        _strip_node(node)
    _fold_transposes(graph)
    model.doc_string = graph.doc_string = ""
    del model.metadata_props[:]
    return model


def drop_values(tensor: TensorProto) -> None:
    """Keep a tensor's name, type and shape, and its values only if they are integers of at most 64 elements."""
    size = 1
    for dim in tensor.dims:
        size *= dim
    if tensor.data_type in INTEGER_TYPES and size <= MAX_ELEMENTS:
        return
    bare = TensorProto(name=tensor.name, data_type=tensor.data_type, dims=tensor.dims)
    tensor.CopyFrom(bare)


def _strip_node(node: onnx.NodeProto) -> None:
    node.doc_string = ""
    del node.metadata_props[:]
    for attribute in node.attribute:
        attribute.doc_string = ""
        if attribute.HasField("t"):
            drop_values(attribute.t)
        for graph in (attribute.g, *attribute.graphs) if attribute.HasField("g") else attribute.graphs:
            for tensor in graph.initializer:
                drop_values(tensor)
            for inner in graph.node:
                _strip_node(inner)


def _fold_transposes(graph: onnx.GraphProto) -> None:
    """What constant folding makes of `Transpose(parameter)`, without the parameter's values."""
    parameters = {tensor.name: tensor for tensor in graph.initializer}
    transposed: dict[tuple[str, tuple[int, ...]], str] = {}
    same: dict[str, str] = {}
    kept = []
    for node in graph.node:
        for slot, name in enumerate(node.input):
            node.input[slot] = same.get(name, name)
        tensor = parameters.get(node.input[0]) if node.op_type == "Transpose" else None
        if tensor is None:
            kept.append(node)
            continue
        order = next((list(a.ints) for a in node.attribute if a.name == "perm"), list(range(len(tensor.dims)))[::-1])
        name, dims = node.output[0], [tensor.dims[axis] for axis in order]
        first = transposed.setdefault((tensor.name, tuple(order)), name)
        if first != name:  # a shared weight stays one parameter
            same[name] = first
            continue
        graph.initializer.append(TensorProto(name=name, data_type=tensor.data_type, dims=dims))
    if len(kept) == len(graph.node):
        return
    del graph.node[:]
    graph.node.extend(kept)
    read = {name for node in graph.node for name in node.input}
    unused = [tensor for tensor in graph.initializer if tensor.name not in read]
    for tensor in unused:
        graph.initializer.remove(tensor)
