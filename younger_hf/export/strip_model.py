"""A model without its weights: tensors say name, type and shape, and hold no data."""

from __future__ import annotations

from collections.abc import Collection, Iterator

import onnx
from google.protobuf.message import Message
from onnx import AttributeProto, NodeProto, SparseTensorProto, TensorProto

from younger_hf.graph.onnx_types import MAX_ELEMENTS, tensor_integers
from younger_hf.graph.operators.model_folding import fold_constants
from younger_hf.graph.operators.signatures import ML_DOMAIN, canonical_domain
from younger_hf.graph.read.payload_rules import LENGTH_MARK


def strip(model: onnx.ModelProto, inputs: Collection[str], *, keep_constants: bool = False) -> onnx.ModelProto:
    """Drop every weight of a fresh export, and what says where it was made.

    Args:
        model: An exported model; changed in place. Inputs that are not in `inputs` are its parameters.
        inputs: Names of the real graph inputs.
        keep_constants: Whether the numbers in the model's code stay, for something that is done to it before `drop_weights`.

    Returns:
        The same model: parameters are initializers without data, transposed parameters are parameters of the transposed shape, no
        tensor has values but integers of at most 64 elements, and there are no doc strings or stack traces.
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
    _fold_transposes(graph)
    _drop_origin(model)
    return model if keep_constants else drop_weights(model)


def drop_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """Drop every value that is no architecture, wherever in the model it stands, once operators over constants are folded away.

    Returns:
        The same model, changed in place; `from_onnx` of it gives the same Dag. Tensors keep name, type and shape, and their values only
        if they are integers of at most 64 elements; sparse tensors keep type and shape, longer attribute lists their length, attributes
        of `ai.onnx.ml` their type. How a model was trained is gone.
    """
    model.ClearField("training_info")
    fold_constants(model)
    for message in _messages(model):
        if isinstance(message, TensorProto):
            _drop_values(message)
        elif isinstance(message, SparseTensorProto):
            _drop_sparse_values(message)
        elif isinstance(message, NodeProto):
            _drop_attribute_values(message)
        elif isinstance(message, AttributeProto):
            _drop_long_list(message)
    return model


def _drop_origin(model: onnx.ModelProto) -> None:
    """Doc strings and metadata: the exporter writes names of files and stack traces into them."""
    for message in _messages(model):
        for field in ("doc_string", "metadata_props"):
            if field in message.DESCRIPTOR.fields_by_name:
                message.ClearField(field)


def _messages(message: Message) -> Iterator[Message]:
    """A message and all inside it; a tensor is not descended into."""
    yield message
    if isinstance(message, TensorProto | SparseTensorProto):
        return
    for field, value in message.ListFields():
        if field.type == field.TYPE_MESSAGE:
            for inner in [value] if isinstance(value, Message) else value:
                yield from _messages(inner)


def _drop_values(tensor: TensorProto) -> None:
    if tensor_integers(tensor) is None:
        tensor.CopyFrom(TensorProto(name=tensor.name, data_type=tensor.data_type, dims=tensor.dims))


def _drop_attribute_values(node: NodeProto) -> None:
    """Those that stand for a tensor: a `Constant`'s floats and texts, and all that `ai.onnx.ml` has."""
    constant = node.op_type == "Constant" and not canonical_domain(node.domain)
    for attribute in node.attribute if constant or node.domain == ML_DOMAIN else ():
        if not constant:
            attribute.CopyFrom(
                AttributeProto(name=attribute.name, type=attribute.type, ref_attr_name=attribute.ref_attr_name)
            )
        elif attribute.type in _CONSTANTS and not attribute.ref_attr_name:
            code, field = _CONSTANTS[attribute.type]
            dims = [len(getattr(attribute, field))] if field else []
            if code == TensorProto.INT64 and dims[0] <= MAX_ELEMENTS:
                continue
            bare = TensorProto(data_type=code, dims=dims)
            attribute.CopyFrom(AttributeProto(name="value", type=AttributeProto.TENSOR, t=bare))


_CONSTANTS = {
    AttributeProto.FLOAT: (TensorProto.FLOAT, ""),
    AttributeProto.FLOATS: (TensorProto.FLOAT, "floats"),
    AttributeProto.INTS: (TensorProto.INT64, "ints"),
    AttributeProto.STRING: (TensorProto.STRING, ""),
    AttributeProto.STRINGS: (TensorProto.STRING, "strings"),
}
"""Attributes that hold a `Constant`'s value -> the tensor's element type, and the field of its elements if it has an axis."""


def _drop_long_list(attribute: AttributeProto) -> None:
    length = max(len(attribute.floats), len(attribute.ints), len(attribute.strings))
    if length > MAX_ELEMENTS:
        for field in ("floats", "ints", "strings"):
            attribute.ClearField(field)
        attribute.doc_string = f"{LENGTH_MARK}{length}"


def _drop_sparse_values(tensor: SparseTensorProto) -> None:
    """Values and their positions: where a pruned weight is not zero is a weight too."""
    bare = SparseTensorProto(dims=tensor.dims)
    bare.values.name, bare.values.data_type = tensor.values.name, tensor.values.data_type
    tensor.CopyFrom(bare)


def _fold_transposes(graph: onnx.GraphProto) -> None:
    """What constant folding makes of `Transpose(parameter)`, without the parameter's values.

    A parameter that is transposed twice in the same way gives one transposed parameter: a shared weight stays shared.
    """
    parameters = {tensor.name: tensor for tensor in graph.initializer}
    graphs = [message for message in _messages(graph) if isinstance(message, onnx.GraphProto)]
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
    for message in _messages(graph):
        if isinstance(message, onnx.NodeProto):
            message.input[:] = [same.get(name, name) for name in message.input]
            read.update(message.input)
    used = [tensor for tensor in graph.initializer if tensor.name in read]
    del graph.initializer[:]
    graph.initializer.extend(used)
