"""Removing the weights of an exported model: tensors keep name, type and shape but hold no data."""

from __future__ import annotations

from collections.abc import Collection

import onnx
from onnx import AttributeProto, NodeProto, TensorProto

from younger_hf.graph.onnx_types import INTEGER_NAMES, constant_info, dtype_code
from younger_hf.graph.operators.model_folding import fold_constants
from younger_hf.graph.operators.signatures import ML_DOMAIN, canonical_domain
from younger_hf.graph.read.payload_rules import drop_values, messages
from younger_hf.graph.values import UNKNOWN


def strip(model: onnx.ModelProto, inputs: Collection[str], *, keep_constants: bool = False) -> onnx.ModelProto:
    """Drop every weight of a fresh export, and all traces of the machine that wrote it.

    Args:
        model: An exported model, changed in place. Inputs that are not in `inputs` are parameters.
        inputs: Names of the real graph inputs.
        keep_constants: Whether numbers in the model's code stay, for a step before `drop_weights`.

    Returns:
        The same model: parameters are initializers without data, transposed parameters are
        parameters of the transposed shape, no tensor has values except integers of at most 64
        elements, and doc strings and stack traces are gone.
    """
    graph = model.graph
    parameters = [value for value in graph.input if value.name not in inputs]
    kept = [value for value in graph.input if value.name in inputs]
    del graph.input[:]
    graph.input.extend(kept)
    for value in parameters:
        kind = value.type.tensor_type
        dims = [dim.dim_value for dim in kind.shape.dim]
        graph.initializer.append(TensorProto(name=value.name, data_type=kind.elem_type, dims=dims))
    _fold_transposes(graph)
    _drop_origin(model)
    return model if keep_constants else drop_weights(model)


def drop_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """Fold constants, then drop every value that does not belong to the architecture.

    Returns:
        The same model, changed in place; `from_onnx` returns the same Dag for it. Tensors keep
        name, type and shape, and their values only if they are integers of at most 64 elements.
        Sparse tensors keep type and shape, longer attribute lists their length, attributes of
        `ai.onnx.ml` their type. Training information is dropped.
    """
    model.ClearField("training_info")
    fold_constants(model)
    for message in messages(model):
        if isinstance(message, NodeProto):
            _drop_attribute_values(message)
    drop_values(model)
    return model


def _drop_origin(model: onnx.ModelProto) -> None:
    """Drop doc strings and metadata, where exporters write file names and stack traces."""
    for message in messages(model):
        for field in ("doc_string", "metadata_props"):
            if field in message.DESCRIPTOR.fields_by_name:
                message.ClearField(field)


def _drop_attribute_values(node: NodeProto) -> None:
    """Drop the values of attributes that act as weights, in `ai.onnx.ml` and in `Constant`."""
    if node.domain == ML_DOMAIN:
        for attribute in node.attribute:
            attribute.CopyFrom(
                AttributeProto(name=attribute.name, type=attribute.type, ref_attr_name=attribute.ref_attr_name)
            )
    elif node.op_type == "Constant" and not canonical_domain(node.domain):
        for attribute in node.attribute:
            info = constant_info([attribute])
            if info == UNKNOWN or attribute.ref_attr_name or attribute.type in _TENSORS:
                continue
            if info.values is None or info.dtype not in INTEGER_NAMES:
                tensor = TensorProto(data_type=dtype_code(info.dtype), dims=info.shape)
                attribute.CopyFrom(AttributeProto(name="value", type=AttributeProto.TENSOR, t=tensor))


_TENSORS = frozenset({AttributeProto.TENSOR, AttributeProto.SPARSE_TENSOR})


def _fold_transposes(graph: onnx.GraphProto) -> None:
    """Replace `Transpose(parameter)` by a parameter of the transposed shape.

    A parameter that is transposed twice in the same way becomes one parameter: a shared weight
    stays shared.
    """
    parameters = {tensor.name: tensor for tensor in graph.initializer}
    graphs = [message for message in messages(graph) if isinstance(message, onnx.GraphProto)]
    results = {value.name for inner in graphs for value in inner.output}
    first: dict[tuple[str, tuple[int, ...]], str] = {}
    same: dict[str, str] = {}
    kept = []
    for node in graph.node:
        tensor = parameters.get(node.input[0]) if node.op_type == "Transpose" and not node.domain else None
        if tensor is None or node.output[0] in results:
            kept.append(node)
            continue
        name, rank = node.output[0], len(tensor.dims)
        order = next((tuple(a.ints) for a in node.attribute if a.name == "perm"), tuple(reversed(range(rank))))
        same[name] = first.setdefault((tensor.name, order), name)
        if same[name] == name:
            dims = [tensor.dims[axis] for axis in order]
            graph.initializer.append(TensorProto(name=name, data_type=tensor.data_type, dims=dims))
    if not same:
        return
    del graph.node[:]
    graph.node.extend(kept)
    read = set(results)
    for message in messages(graph):
        if isinstance(message, onnx.NodeProto):
            message.input[:] = [same.get(name, name) for name in message.input]
            read.update(message.input)
    used = [tensor for tensor in graph.initializer if tensor.name in read]
    del graph.initializer[:]
    graph.initializer.extend(used)
