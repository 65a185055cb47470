"""A completed model has the operators and data flows of its graph, and runs."""

from __future__ import annotations

import numpy as np
import pytest

from tests.graph.rebuild.graphs import graph_of, real_graphs
from younger_hf import from_onnx
from younger_hf.errors import RebuildError
from younger_hf.graph.labelled_graphs import Graph
from younger_hf.graph.rebuild.completion.complete_graph import complete_graph
from younger_hf.graph.vocabulary import UNK, Vocabulary
from younger_hf.metrics.generation.execution import run_model

CONV = ("Conv", {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]})
HALVING = ("Conv", {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "strides": [2, 2]})
GROUPED = ("Conv", {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "group": 12})
POOL = ("MaxPool", {"kernel_shape": [2, 2], "strides": [2, 2]})
FLAT = ("Flatten", {"axis": 1})
JOIN = ("Concat", {"axis": 1})
SHAPE_JOIN = ("Concat", {"axis": 0})
SPLIT = ("Split", {"axis": 1})
SWAP = ("Transpose", {"perm": [0, 2, 1]})
HEADS = ("Transpose", {"perm": [0, 2, 1, 3]})
KEYS = ("Transpose", {"perm": [0, 2, 3, 1]})
SOFTMAX = ("Softmax", {"axis": -1})
RESIZE = ("Resize", {"mode": "nearest", "coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"})

RUNS = {
    "one operator": (["Relu"], []),
    "a classifier": ([CONV, "Relu", "GlobalAveragePool", FLAT, "Gemm"], [(0, 1), (1, 2), (2, 3), (3, 4)]),
    "a residual block": ([CONV, "Relu", CONV, "Add"], [(0, 1), (1, 2), (0, 3), (2, 3)]),
    "groups that divide": ([CONV, GROUPED, "Relu"], [(0, 1), (1, 2)]),
    "groups and a sum": ([CONV, GROUPED, CONV, "Add"], [(0, 1), (0, 2), (1, 3), (2, 3)]),
    "a dense block": ([CONV, CONV, JOIN, GROUPED, JOIN], [(0, 1), (0, 2), (1, 2), (2, 3), (2, 4), (3, 4)]),
    "two halves": ([CONV, SPLIT, CONV, CONV, JOIN], [(0, 1), (1, 2), (1, 3), (2, 4), (3, 4)]),
    "squeeze and excitation": (
        [CONV, "GlobalAveragePool", FLAT, "Gemm", "Sigmoid", "Reshape", "Mul"],
        [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (5, 6), (0, 6)],
    ),
    "down and up again": (
        [CONV, HALVING, "Shape", "Slice", SHAPE_JOIN, RESIZE, JOIN],
        [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (1, 5), (5, 6), (0, 6)],
    ),
    "attention": (
        [
            "MatMul",
            "MatMul",
            "MatMul",
            "Reshape",
            "Reshape",
            "Reshape",
            HEADS,
            KEYS,
            HEADS,
            "MatMul",
            SOFTMAX,
            "MatMul",
        ],
        [(0, 3), (1, 4), (2, 5), (3, 6), (4, 7), (5, 8), (6, 9), (7, 9), (9, 10), (10, 11), (8, 11)],
    ),
    "tokens": ([("Gather", {"axis": 0}), "Add", ("LayerNormalization", {"axis": -1})], [(0, 1), (1, 2)]),
    "flattened by its shape": (
        [CONV, "Shape", ("Gather", {"axis": 0}), "Unsqueeze", SHAPE_JOIN, "Reshape", "Gemm"],
        [(0, 1), (1, 2), (2, 3), (3, 4), (4, 5), (0, 5), (5, 6)],
    ),
}

DOES_NOT = {
    "an image where a matrix is read": ([CONV, "Gemm"], [(0, 1)], "Gemm"),
    "a matrix where an image is read": ([FLAT, CONV], [(0, 1)], "Conv"),
    "sizes that differ": ([POOL, "Relu", "Add", CONV], [(3, 0), (3, 1), (0, 2), (1, 2)], "Add"),
    "three operands of a sum of two": (["Relu", "Relu", "Relu", "Add"], [(0, 3), (1, 3), (2, 3)], "Add"),
    "a cycle": (["Relu", "Relu"], [(0, 1), (1, 0)], "cycle"),
    "an operator that reads itself": (["Relu"], [(0, 0)], "cycle"),
    "a sub-graph that is not there": ([("If", {}), "Relu"], [(0, 1)], "If"),
}


@pytest.mark.heavy
@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("kind", ["w_attrs", "wo_attrs"])
def test_runnable_graphs_run(name, kind):
    graph, vocabulary = graph_of(*RUNS[name], kind)
    run_model(complete_graph(graph, vocabulary))


@pytest.mark.parametrize("name", DOES_NOT)
def test_graphs_that_cannot_run_are_reported_with_the_place(name):
    nodes, edges, said = DOES_NOT[name]
    graph, vocabulary = graph_of(nodes, edges)
    with pytest.raises(RebuildError, match=said):
        complete_graph(graph, vocabulary)


@pytest.mark.parametrize("name", RUNS)
def test_the_model_has_the_operators_and_data_flows_of_the_graph(name):
    graph, vocabulary = graph_of(*RUNS[name])
    assert_is_of(complete_graph(graph, vocabulary), graph, vocabulary)


@pytest.fixture(scope="module")
def real():
    return real_graphs("w_attrs", "validation")


@pytest.mark.heavy
def test_models_of_real_graphs_are_those_graphs_again_and_run(real):
    graphs, vocabulary = real
    known = [graph for graph in graphs if UNK not in graph.node_feat][:20]
    completed = 0
    for graph in known:
        try:
            model = complete_graph(graph, vocabulary)
        except RebuildError:
            continue
        assert_is_of(model, graph, vocabulary)
        run_model(model)
        completed += 1
    assert completed >= 17


def test_the_same_graph_yields_the_same_model(real):
    graphs, vocabulary = real
    graph = next(graph for graph in graphs if UNK not in graph.node_feat)
    models = [complete_graph(graph, vocabulary).SerializeToString(deterministic=True) for _ in range(2)]
    assert models[0] == models[1]
    assert models[0] != complete_graph(graph, vocabulary, seed=1).SerializeToString(deterministic=True)


def test_a_class_that_is_not_an_operator_is_reported(real):
    with pytest.raises(RebuildError, match="class 0 is not an operator"):
        complete_graph(Graph(np.array([UNK]), np.zeros((2, 0), dtype=np.int64)), real[1])


def test_operators_without_a_common_opset_are_an_error():
    # the axes of ReduceMean became an input with opset 18, and Gelu came with 20
    classes = ('["","ReduceMean",{"axes":[1],"keepdims":1}]', '["","Gelu",{"approximate":"none"}]')
    with pytest.raises(RebuildError, match="no opset version in common"):
        complete_graph(Graph(np.array([2, 3]), np.array([[0], [1]])), Vocabulary("w_attrs", classes))


def assert_is_of(model, graph, vocabulary):
    """Reading the model yields the graph."""
    dag = from_onnx(model.SerializeToString())
    names = [int(node.name.removeprefix("node")) for node in model.graph.node]
    assert sorted(names) == list(range(len(graph.node_feat)))
    assert [vocabulary.classes[graph.node_feat[name] - 2] for name in names] == list(dag.w_attrs)
    found = {(names[source], names[target]) for source, target in zip(*dag.edge_index.tolist(), strict=True)}
    assert set(zip(*graph.edge_index.tolist(), strict=True)) == found


@pytest.mark.heavy
def test_the_result_does_not_depend_on_node_numbering(real):
    graphs, vocabulary = real
    rng = np.random.default_rng(0)
    for graph in [graph for graph in graphs if UNK not in graph.node_feat][:20]:
        numbers = rng.permutation(len(graph.node_feat))
        node_feat = np.empty_like(graph.node_feat)
        node_feat[numbers] = graph.node_feat
        edge_index = rng.permutation(numbers[graph.edge_index], axis=1)
        assert outcome(graph, vocabulary) == outcome(Graph(node_feat, edge_index), vocabulary)


def outcome(graph, vocabulary):
    """The operators and shapes of the model in its own order; None without a model."""
    try:
        model = complete_graph(graph, vocabulary)
    except RebuildError:
        return None
    tensors = [list(tensor.dims) for tensor in model.graph.initializer]
    return [node.op_type for node in model.graph.node], tensors
