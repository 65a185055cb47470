"""Descriptors of graphs: equal to networkx, total, and independent of numbering and repetition."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.metrics.random_graphs import digraph, released, released_graphs, renumbered, rows, sets
from younger_hf.errors import MetricError
from younger_hf.graph.labelled_graphs import Graphs
from younger_hf.metrics.generation.descriptors import (
    LARGEST_SPECTRUM,
    Descriptors,
    depths,
    describe,
    laplacian_eigenvalues,
    spectra,
)

NAMES = [field.name for field in fields(Descriptors)]


def shares(values):
    """Value -> share."""
    return {value: count / len(values) for value, count in Counter(values).items()}


def found(histograms, index):
    """Value -> share of one graph, without those that it does not have."""
    return {value: share for value, share in zip(histograms.values, histograms.shares[index], strict=True) if share}


def spectrum(row):
    graph = nx.Graph(digraph(row).to_undirected())
    graph.remove_edges_from(list(nx.selfloop_edges(graph)))
    return np.sort(nx.normalized_laplacian_spectrum(graph))


@settings(max_examples=200, deadline=None)
@given(sets())
def test_they_are_those_of_networkx(case):
    described = describe(Graphs.of(case))
    for index, row in enumerate(case):
        graph = digraph(row)
        assert {float(len(graph)): 1.0} == found(described.size, index)
        assert shares([degree for _, degree in graph.in_degree]) == found(described.in_degree, index)
        assert shares([degree for _, degree in graph.out_degree]) == found(described.out_degree, index)
        assert shares(row[0]) == found(described.operator, index)
        depth = nx.dag_longest_path_length(nx.condensation(graph)) + 1
        assert {float(depth): 1.0} == found(described.depth, index)


@settings(max_examples=100, deadline=None)
@given(sets(acyclic=True))
def test_the_depth_of_acyclic_graphs_is_their_longest_path(case):
    assert [len(nx.dag_longest_path(digraph(row))) for row in case] == depths(Graphs.of(case)).tolist()


@settings(max_examples=100, deadline=None)
@given(rows(most_nodes=8))
def test_eigenvalues_are_those_of_networkx(row):
    graph = Graphs.of([row])[0]
    eigenvalues = laplacian_eigenvalues(len(graph.node_feat), graph.edge_index)
    np.testing.assert_allclose(eigenvalues, spectrum(row), rtol=0, atol=1e-12)
    assert 0 <= eigenvalues.min()
    assert eigenvalues.max() <= 2


@pytest.mark.heavy
def test_spectra_of_the_release_are_those_of_networkx():
    chosen = released("w_attrs", "validation")[:25]
    histograms = spectra(Graphs.of(chosen))
    assert 200 == len(histograms.values)
    assert (0.005, 1.995) == (histograms.values[0], histograms.values[-1])
    for row, of_graph in zip(chosen, histograms.shares, strict=True):
        # an eigenvalue on an edge between two bins, as 1, belongs to the upper one
        expected = np.histogram(np.round(spectrum(row), 9) + 1e-10, bins=[*np.arange(200) / 100, 2.01])[0]
        np.testing.assert_allclose(of_graph, expected / len(row[0]), rtol=0, atol=1e-12)


def test_depths_of_the_release_are_those_of_networkx():
    chosen = released("w_attrs", "validation")
    expected = [nx.dag_longest_path_length(digraph(row)) + 1 for row in chosen]
    assert expected == depths(released_graphs("w_attrs", "validation")).tolist()


def test_a_cycle_is_as_deep_as_one_node():
    path_into_cycle_into_path = ([2] * 6, [[0, 1, 2, 3, 4], [1, 2, 3, 1, 5]])
    with_way_out = ([2] * 6, [[0, 1, 2, 3, 3, 4], [1, 2, 3, 1, 4, 5]])
    self_loop = ([2, 2], [[0, 0], [0, 1]])
    assert [2, 4, 2] == depths(Graphs.of([path_into_cycle_into_path, with_way_out, self_loop])).tolist()


def test_a_node_without_neighbours_has_the_eigenvalue_zero():
    assert [0.0] == laplacian_eigenvalues(1, np.array([[0], [0]])).tolist()
    np.testing.assert_allclose(laplacian_eigenvalues(3, np.array([[0], [1]])), [0, 0, 2], atol=1e-15)


@pytest.mark.heavy
@settings(max_examples=100, deadline=None)
@given(sets(most_nodes=9), st.integers(0, 2**32 - 1))
def test_numbering_order_of_edges_and_repeated_edges_do_not_matter(case, seed):
    rng = np.random.default_rng(seed)
    others = [renumbered((row[0], [2 * row[1][0], 2 * row[1][1]]), rng) for row in case]
    first, second = describe(Graphs.of(case)), describe(Graphs.of(others))
    for name in NAMES:
        assert getattr(first, name).values.tolist() == getattr(second, name).values.tolist()
        assert getattr(first, name).shares.tolist() == getattr(second, name).shares.tolist()


def test_rows_of_shares_sum_to_one():
    described = describe(released_graphs("w_attrs", "validation"))
    for name in NAMES:
        histograms = getattr(described, name)
        assert len(described) == len(histograms)
        np.testing.assert_allclose(histograms.shares.sum(axis=1), 1, atol=1e-12)
        assert (np.diff(histograms.values) > 0).all()


def test_a_graph_too_large_for_its_spectrum_is_named():
    graphs = Graphs.of([([2], [[], []]), ([2] * (LARGEST_SPECTRUM + 1), [[], []])])
    with pytest.raises(MetricError, match=r"Graph 1 has 5,001 nodes, expected at most 5,000"):
        describe(graphs)
