"""A generated graph -> a model that has its operators and data flows, and everything that the graph does not say."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from younger_hf.errors import RebuildError
from younger_hf.graph.labelled_graphs import Graph
from younger_hf.graph.operators.node_protos import make_node
from younger_hf.graph.operators.random_tensors import random_tensor
from younger_hf.graph.rebuild.completion.completed_operator import common_opset, operator_of, with_attributes
from younger_hf.graph.rebuild.completion.infer_outputs import IR_VERSION
from younger_hf.graph.rebuild.completion.search import Search
from younger_hf.graph.rebuild.completion.tensor_values import ModelInput, Parameter, Value, proto_of, size_of
from younger_hf.graph.vocabulary import FIRST_CLASS, Vocabulary

IMAGES = (224, 256, 299, 64, 32)
"""Heights and widths of image inputs that are tried, in this order: those that models are trained with."""

LARGEST_WEIGHTS = 1 << 26
"""Most elements of all parameters of a made-up model together."""


def realise(graph: Graph, vocabulary: Vocabulary, seed: int = 0) -> onnx.ModelProto:
    """A model for a generated graph: its operators and data flows, with slots, weights, shapes and inputs made up.

    A graph of node classes does not say in which slot an operator reads what, what weights it has, or how large anything is. This looks
    for one way to complete it that ONNX's shape inference accepts: operator by operator, likely ways first, going back where it gets
    stuck, for a bounded number of tries. If a model is returned, it is one; that none was found does not prove that there is none. How
    many graphs of real models it completes is reported beside every share that is computed with it.

    Args:
        graph: Node classes and data flows.
        vocabulary: What the classes are.
        seed: Seed of the weights; the same graph and seed give the same model.

    Returns:
        The model, one operator a node, in topological order.

    Raises:
        RebuildError: If no way was found; it names the operator that none was found for and why.
    """
    signatures = [_signature(int(class_id), vocabulary) for class_id in graph.node_feat]
    opset = common_opset(signatures)
    search = Search(graph, [operator_of(signature, opset) for signature in signatures])
    reason = None
    for side in IMAGES:
        try:
            search.run((side, side))
        except RebuildError as error:
            reason = reason or error
        else:
            return _model(search, opset, seed)
    raise reason or RebuildError("No size of the inputs fits.")


def _signature(class_id: int, vocabulary: Vocabulary) -> str:
    if not FIRST_CLASS <= class_id < len(vocabulary):
        raise RebuildError(
            f"The class {class_id} is no operator, expected a class id from {FIRST_CLASS} to {len(vocabulary) - 1:,}."
        )
    return vocabulary.classes[class_id - FIRST_CLASS]


def _model(search: Search, opset: int, seed: int) -> onnx.ModelProto:
    names = dict(_output_names(search))
    rng = np.random.default_rng(seed)
    nodes, tensors, inputs = [], [], []
    weights = 0
    for node in search.order:
        proposal = search.chosen[node]
        if proposal is None:  # not reached: a search that ends has completed every node
            raise RebuildError(f"Node {node} was not completed.")
        read = []
        for slot, value in enumerate(proposal.inputs):
            name = f"node{node}_input{slot}"
            if isinstance(value, Parameter):
                weights += size_of(value)
                if weights > LARGEST_WEIGHTS:
                    raise RebuildError(f"The weights would have more than {LARGEST_WEIGHTS:,} elements.")
                tensors.append(_tensor(name, value, rng))
            elif isinstance(value, ModelInput):
                inputs.append(helper.make_value_info(name, proto_of(value)))
            read.append(names[value.node, value.output] if isinstance(value, Value) else name if value else "")
        outputs = [names[node, number] for number in range(len(search.outputs[node]))]
        operator = search.operators[node]
        attributes = with_attributes(operator, proposal.attributes)
        nodes.append(make_node(operator.op_type, read, outputs, attributes, domain=operator.domain, name=f"node{node}"))
    results = [
        helper.make_value_info(names[node, 0], proto_of(search.outputs[node][0]))
        for node in search.order
        if not search.targets[node]
    ]
    graph = helper.make_graph(nodes, "realised", inputs, results, tensors)
    domains = sorted({operator.domain for operator in search.operators} | {""})
    imports = [helper.make_opsetid(domain, opset) for domain in domains]
    return helper.make_model(graph, opset_imports=imports, ir_version=IR_VERSION, producer_name="younger-hf")


def _output_names(search: Search) -> Iterator[tuple[tuple[int, int], str]]:
    for node in search.order:
        for number in range(len(search.outputs[node])):
            yield (node, number), f"node{node}_output{number}"


def _tensor(name: str, value: Parameter, rng: np.random.Generator) -> TensorProto:
    if value.data is not None:
        return numpy_helper.from_array(value.data, name)
    return random_tensor(name, value.dtype, value.shape, rng)
