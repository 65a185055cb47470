"""Intervals of the generation metrics.

They equal those of graphs that are really repeated, and are narrower with more graphs.
"""

from __future__ import annotations

import numpy as np
import pytest

from tests.graph.rebuild.graphs import real_graphs
from younger_hf.errors import MetricError
from younger_hf.graph.labelled_graphs import Graphs
from younger_hf.metrics import generation_metrics
from younger_hf.metrics.generation.bootstrap_graphs import bootstrap_generation
from younger_hf.metrics.resampling import draw


@pytest.fixture(scope="module")
def sets():
    train, vocabulary = real_graphs("wo_attrs", "train")
    reference, _ = real_graphs("wo_attrs", "validation")
    return as_graphs(train[:40]), as_graphs(reference[:30]), as_graphs(train[100:160]), vocabulary


def as_graphs(graphs):
    return Graphs.of((graph.node_feat, graph.edge_index) for graph in graphs)


@pytest.mark.heavy
def test_they_are_quantiles_of_the_metrics_of_repeated_graphs(sets):
    generated, reference, train, vocabulary = sets
    runs = np.arange(len(generated)) % 3 > 0
    found = bootstrap_generation(*sets[:3], vocabulary, executable=runs, resamples=40, seed=5)
    weights = next(iter(draw(np.random.default_rng(5), np.ones((1, len(generated)), np.int64), 40, 40)))[0]
    values = []
    for row in weights:
        chosen = np.repeat(np.arange(len(generated)), row)
        again = as_graphs([generated[index] for index in chosen])
        values.append(generation_metrics(again, reference, train, vocabulary, executable=runs[chosen]))
    assert set(values[0]) - {"unique", "valid_unique_novel", "executable_unique_novel"} == set(found)
    for name, interval in found.items():
        low, high = np.quantile([value[name] for value in values], [0.025, 0.975])
        assert (low, high) == pytest.approx((interval.low, interval.high), abs=1e-12)


@pytest.mark.heavy
def test_more_graphs_are_surer(sets):
    generated, reference, train, vocabulary = sets
    few = as_graphs([generated[index] for index in range(0, len(generated), 4)])
    many = bootstrap_generation(generated, reference, train, vocabulary, resamples=200)
    less = bootstrap_generation(few, reference, train, vocabulary, resamples=200)
    assert many["size_w1"].high - many["size_w1"].low < less["size_w1"].high - less["size_w1"].low


@pytest.mark.heavy
def test_the_same_seed_has_the_same_result_and_one_graph_is_an_error(sets):
    generated, reference, train, vocabulary = sets
    intervals = [bootstrap_generation(generated, reference, train, vocabulary, resamples=50, seed=s) for s in (1, 1, 2)]
    assert intervals[0] == intervals[1]
    assert intervals[0] != intervals[2]
    with pytest.raises(MetricError, match="at least two graphs"):
        bootstrap_generation(as_graphs([generated[0]]), reference, train, vocabulary)
