"""Generated graphs are run in processes that can be ended, and what does not run is told why."""

from __future__ import annotations

import numpy as np
import pytest

from tests.graph.rebuild.graphs import graph_of, real_graphs
from tests.graph.rebuild.test_complete_graph import CONV, DOES_NOT, JOIN, RUNS
from younger_hf.graph.labelled_graphs import Graph, Graphs
from younger_hf.graph.vocabulary import UNK, Vocabulary
from younger_hf.metrics.generation.execution import executable, execute


def joined(cases) -> tuple[list[Graph], Vocabulary]:
    """Graphs of different vocabularies over one."""
    pairs = [graph_of(*case[:2]) for case in cases]
    classes = tuple(dict.fromkeys(text for _, vocabulary in pairs for text in vocabulary.classes))
    whole = Vocabulary("w_attrs", classes)
    graphs = [
        Graph(whole.encode(v.classes[i - 2] for i in g.node_feat).astype(np.int64), g.edge_index) for g, v in pairs
    ]
    return graphs, whole


@pytest.mark.heavy
def test_each_graph_is_judged_in_its_place_and_workers_change_nothing():
    cases = [case for pair in zip(RUNS.values(), DOES_NOT.values(), strict=False) for case in pair]
    graphs, vocabulary = joined(cases)
    told = []
    results = execute(graphs, vocabulary, workers=2, on_graph=lambda done, total: told.append((done, total)))
    assert [True, False] * (len(cases) // 2) == [result.ran for result in results]
    assert [bool(result.reason) for result in results] == [not result.ran for result in results]
    assert [(number, len(cases)) for number in range(1, len(cases) + 1)] == told
    assert results == execute(graphs, vocabulary, workers=1)


@pytest.mark.heavy
def test_most_real_graphs_run_but_not_with_an_unknown_operator():
    graphs, vocabulary = real_graphs("w_attrs", "validation")
    rows = graphs[:40]
    ran = executable(Graphs.of((graph.node_feat, graph.edge_index) for graph in rows), vocabulary)
    known = np.array([UNK not in graph.node_feat for graph in rows])
    assert not ran[~known].any()
    assert ran[known].mean() > 0.85


@pytest.mark.heavy
def test_one_that_no_model_is_found_for_costs_itself_alone():
    # every node reads all before it: channels would double with each
    count = 90
    edges = [(source, target) for target in range(1, count) for source in range(target)]
    hard, _ = graph_of([CONV, *[JOIN] * (count - 1)], edges)
    easy, vocabulary = graph_of([CONV, JOIN], [(0, 1)])
    results = execute([easy, hard, easy], vocabulary)
    assert [True, False, True] == [result.ran for result in results]


@pytest.mark.heavy
def test_a_time_limit_is_reported():
    graphs, vocabulary = real_graphs("w_attrs", "train")
    largest = max(graphs, key=lambda graph: len(graph.node_feat))
    (result,) = execute([largest], vocabulary, workers=1, seconds=0.01)
    assert (False, "It took longer than 0.01 seconds and was stopped.") == (result.ran, result.reason)


@pytest.mark.heavy
def test_the_largest_graph_of_a_submission_is_abandoned_within_its_time():
    nodes = 300
    rng = np.random.default_rng(0)
    pairs = np.sort(np.array([rng.choice(nodes, 2, replace=False) for _ in range(16 * nodes)]), axis=1)
    graph, vocabulary = graph_of([JOIN] * nodes, [tuple(pair) for pair in np.unique(pairs, axis=0)])
    (result,) = execute([graph], vocabulary, workers=1)
    assert not result.ran
    assert "longer than" not in result.reason


@pytest.mark.heavy
@pytest.mark.parametrize("equation", ["a-b", "....", "a_i"])
def test_an_equation_that_onnx_would_read_forever_is_refused_at_once(equation):
    nodes = [CONV, ("Einsum", {"equation": equation})]
    graph, vocabulary = graph_of(nodes, [(0, 1)])
    (result,) = execute([graph], vocabulary, workers=1, seconds=20)
    assert not result.ran
    assert "Einsum" in result.reason
