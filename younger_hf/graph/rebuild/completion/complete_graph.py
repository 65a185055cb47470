"""A generated graph -> a model with its operators and data flows, completed so that it runs."""

from __future__ import annotations

from math import prod

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from younger_hf.errors import RebuildError
from younger_hf.graph.labelled_graphs import Graph
from younger_hf.graph.operators.random_tensors import random_tensor
from younger_hf.graph.rebuild.completion.completed_operator import common_opset, operator_of, write_operator
from younger_hf.graph.rebuild.completion.search import Search
from younger_hf.graph.rebuild.completion.tensor_values import ModelInput, Parameter, Value, proto_of
from younger_hf.graph.vocabulary import FIRST_CLASS, Vocabulary

IR_VERSION = 10
"""Version of the file format of completed models."""

IMAGES = (224, 256, 299, 64, 32)
"""Heights and widths of image inputs that are tried, in this order: common training resolutions."""

LARGEST_WEIGHTS = 1 << 26
"""Maximum elements of all parameters of a completed model together."""


def complete_graph(graph: Graph, vocabulary: Vocabulary, seed: int = 0) -> onnx.ModelProto:
    """Build a model for a generated graph by choosing slots, weights, shapes and inputs.

    A graph of node classes does not specify the slot in which an operator reads a value, its
    weights, or the size of anything. This searches for one completion that ONNX's shape inference
    accepts: operator by operator, likely candidates first, with backtracking, for a bounded number
    of steps. A completion that is found is valid; failing to find one does not prove that none
    exists. The share of real graphs that can be completed is therefore reported beside every share
    that is computed with this.

    Args:
        graph: Node classes and data flows.
        vocabulary: The classes.
        seed: Seed of the weights; the same graph and seed result in the same model.

    Returns:
        The model, one operator per node, in topological order.

    Raises:
        RebuildError: If no completion was found; it names the operator where the search failed and
            the reason.
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
            return _build_model(search, opset, seed)
    raise reason or RebuildError("No size of the inputs fits.")


def _signature(class_id: int, vocabulary: Vocabulary) -> str:
    if not FIRST_CLASS <= class_id < len(vocabulary):
        raise RebuildError(
            f"The class {class_id} is not an operator, expected a class id from {FIRST_CLASS} to {len(vocabulary) - 1:,}."
        )
    return vocabulary.classes[class_id - FIRST_CLASS]


def _build_model(search: Search, opset: int, seed: int) -> onnx.ModelProto:
    rng = np.random.default_rng(seed)
    nodes, tensors, inputs = [], [], []
    weights = 0
    for node in search.order:
        candidate, operator = search.chosen[node], search.operators[node]
        if candidate is None:  # unreachable: a search that ends has completed every node
            raise RebuildError(f"Node {node} was not completed.")
        names = []
        for slot, value in enumerate(candidate.inputs):
            name = f"node{node}_input{slot}"
            if isinstance(value, Parameter):
                weights += prod(value.shape)
                if weights > LARGEST_WEIGHTS:
                    raise RebuildError(f"The weights would have more than {LARGEST_WEIGHTS:,} elements.")
                tensors.append(_tensor(name, value, rng))
            elif isinstance(value, ModelInput):
                inputs.append(helper.make_value_info(name, proto_of(value)))
            names.append(_output_name(value.node, value.output) if isinstance(value, Value) else name if value else "")
        outputs = [_output_name(node, number) for number in range(len(search.outputs[node]))]
        nodes.append(write_operator(operator, candidate.attributes, names, outputs, node))
    results = [
        helper.make_value_info(_output_name(node, 0), proto_of(search.outputs[node][0]))
        for node in search.order
        if not search.targets[node]
    ]
    graph = helper.make_graph(nodes, "completed", inputs, results, tensors)
    domains = sorted({operator.domain for operator in search.operators} | {""})
    imports = [helper.make_opsetid(domain, opset) for domain in domains]
    return helper.make_model(graph, opset_imports=imports, ir_version=IR_VERSION, producer_name="younger-hf")


def _output_name(node: int, number: int) -> str:
    return f"node{node}_output{number}"


def _tensor(name: str, value: Parameter, rng: np.random.Generator) -> TensorProto:
    if value.data is not None:
        return numpy_helper.from_array(value.data, name)
    return random_tensor(name, value.dtype, value.shape, rng)
