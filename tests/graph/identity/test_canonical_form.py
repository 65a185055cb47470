"""Canonical forms of coloured digraphs: equal exactly where networkx finds an isomorphism."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.metrics.random_graphs import digraph, renumbered, rows
from younger_hf.graph.identity.canonical_form import canonical_form, literal_form


def same_class(one, other):
    return one["class"] == other["class"]


SPARSE = rows(most_nodes=5, classes=2, most_edges=7)
FULL = rows(most_nodes=3, classes=2, most_edges=18)


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.tuples(SPARSE, SPARSE), st.tuples(FULL, FULL)))
def test_forms_are_equal_for_isomorphic_graphs_only(pair):
    first, second = pair
    expected = nx.is_isomorphic(digraph(first), digraph(second), node_match=same_class)
    assert expected == (canonical_form(*first) == canonical_form(*second))


@settings(max_examples=200, deadline=None)
@given(rows(most_nodes=9, most_edges=20), st.integers(0, 2**32 - 1))
def test_numbering_and_repeated_edges_do_not_matter(row, seed):
    twice = row[0], [2 * row[1][0], 2 * row[1][1]]
    assert canonical_form(*row) == canonical_form(*renumbered(twice, np.random.default_rng(seed)))


@settings(max_examples=200, deadline=None)
@given(SPARSE, SPARSE)
def test_literal_forms_are_equal_for_equal_graphs_only(first, second):
    edges = [set(zip(*row[1], strict=True)) for row in (first, second)]
    assert ((first[0], edges[0]) == (second[0], edges[1])) == (literal_form(*first) == literal_form(*second))


def test_large_colours_are_kept_apart():
    edges = [[0], [1]]
    assert canonical_form([2**31 - 1, 5], edges) == canonical_form([5, 2**31 - 1], [[1], [0]])
    assert canonical_form([2**31 - 1, 5], edges) != canonical_form([2**31 - 2, 5], edges)


def test_a_self_loop_is_not_a_data_flow_between_two_nodes():
    forms = {canonical_form([2, 2], edges) for edges in ([[], []], [[0], [0]], [[0], [1]], [[0, 1], [1, 0]])}
    assert 4 == len(forms)


def test_every_graph_of_three_equal_nodes_has_its_own_form():
    """104 digraphs with loops on three nodes (OEIS A000595)."""
    pairs = [(source, target) for source in range(3) for target in range(3)]
    chosen = [[pair for bit, pair in enumerate(pairs) if number >> bit & 1] for number in range(2**9)]
    forms = {canonical_form([2] * 3, list(zip(*edges, strict=True)) or [[], []]) for edges in chosen}
    assert 104 == len(forms)


def test_a_graph_without_nodes_has_a_form():
    assert canonical_form([], [[], []]) == literal_form([], [[], []])


def rings(lengths, hubs=0):
    """Directed rings of equal nodes; hubs have an edge to each of their nodes, or from each."""
    starts = np.cumsum([0, *lengths])
    size = int(starts[-1])
    targets = np.arange(1, size + 1)
    targets[starts[1:] - 1] = starts[:-1]
    edges = list(zip(range(size), targets.tolist(), strict=True))
    edges += [(size, node) for node in range(size) if hubs] + [(node, size + 1) for node in range(size) if hubs > 1]
    return size + hubs, edges


@pytest.mark.parametrize("hubs", [0, 1, 2])
def test_rings_that_refinement_cannot_tell_apart_take_no_time(hubs):
    """BLISS alone takes 44 seconds for the first of these, and never finishes the second."""
    forms = set()
    for lengths in ([4, 5, 6] + [3] * 94, [4] * 37 + [3] * 50, list(range(3, 24))):
        size, edges = rings(lengths, hubs)
        row = [2] * size, list(zip(*edges, strict=True))
        of_copies = {canonical_form(*renumbered(row, np.random.default_rng(seed))) for seed in range(3)}
        assert 1 == len(of_copies)
        forms |= of_copies
    assert 3 == len(forms)


def hadamard(order):
    """The graph of Sylvester's Hadamard matrix, whose many symmetries no refinement resolves."""
    matrix = np.ones((1, 1))
    while len(matrix) < order:
        matrix = np.block([[matrix, matrix], [matrix, -matrix]])
    equal = [(i, 2 * order + j) for i in range(order) for j in range(order) if matrix[i, j] > 0]
    equal += [(order + source, order + target) for source, target in equal]
    other = [(i, 3 * order + j) for i in range(order) for j in range(order) if matrix[i, j] < 0]
    other += [(order + source, target - order) for source, target in other]
    return 4 * order, equal + other


PALEY = 281
SQUARES = {number * number % PALEY for number in range(1, PALEY)}
REGULAR = {
    "ring": (300, [(i, (i + 1) % 300) for i in range(300)]),
    "triangles": (300, [(3 * i + j, 3 * i + (j + 1) % 3) for i in range(100) for j in range(3)]),
    "torus": (
        300,
        [
            (20 * i + j, k)
            for i in range(15)
            for j in range(20)
            for k in (20 * i + (j + 1) % 20, 20 * ((i + 1) % 15) + j)
        ],
    ),
    "tournament": (300, [(i, j) for i in range(300) for j in range(i)]),
    "paley": (PALEY, [(i, j) for i in range(PALEY) for j in range(PALEY) if (i - j) % PALEY in SQUARES]),
    "hadamard": hadamard(64),
    "nothing": (300, []),
    "all": (300, [(i, j) for i in range(300) for j in range(300) if i != j]),
}


@pytest.mark.heavy
@pytest.mark.parametrize("name", REGULAR)
def test_regular_graphs_of_300_equal_nodes_take_no_time(name):
    size, edges = REGULAR[name]
    row = [2] * size, list(zip(*edges, strict=True)) or [[], []]
    assert canonical_form(*row) == canonical_form(*renumbered(row, np.random.default_rng(1)))
