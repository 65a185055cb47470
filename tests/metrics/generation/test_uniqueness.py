"""Uniqueness and novelty: as networkx decides, also where Weisfeiler-Lehman cannot."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.metrics.random_graphs import digraph, released, released_graphs, renumbered, rows, sets
from younger_hf.graph.identity.wl import weisfeiler_lehman_hash
from younger_hf.graph.labelled_graphs import Graphs
from younger_hf.metrics.generation.uniqueness import first_occurrences, isomorphism_classes

ONE_RING = ([2] * 6, [[0, 1, 2, 3, 4, 5], [1, 2, 3, 4, 5, 0]])
TWO_RINGS = ([2] * 6, [[0, 1, 2, 3, 4, 5], [1, 2, 0, 4, 5, 3]])
ACYCLIC_RING = (
    [2] * 6 + [3] * 6,
    [[i for i in range(6) for _ in (0, 1)], [6 + (i + k) % 6 for i in range(6) for k in (0, 1)]],
)
ACYCLIC_RINGS = (
    [2] * 6 + [3] * 6,
    [
        [b + i for b in (0, 3) for i in range(3) for _ in (0, 1)],
        [6 + b + (i + k) % 3 for b in (0, 3) for i in range(3) for k in (0, 1)],
    ],
)


def first_of_its_kind(graphs):
    return first_occurrences(isomorphism_classes(graphs)[0])


def is_novel(graphs, train):
    generated, known = isomorphism_classes(graphs, train)
    return np.isin(generated, known, invert=True)


def uniqueness(graphs):
    return np.mean(first_of_its_kind(graphs))


def novelty(graphs, train):
    return np.mean(is_novel(graphs, train))


def isomorphic(first, second):
    match = lambda one, other: one["class"] == other["class"]  # noqa: E731
    return nx.is_isomorphic(digraph(first), digraph(second), node_match=match)


@settings(max_examples=200, deadline=None)
@given(sets(most=7, most_nodes=4, classes=1, most_edges=5), sets(most=4, most_nodes=4, classes=1, most_edges=5))
def test_they_are_as_networkx_decides(generated, train):
    first = [not any(isomorphic(row, before) for before in generated[:index]) for index, row in enumerate(generated)]
    novel = [not any(isomorphic(row, known) for known in train) for row in generated]
    graphs, known = Graphs.of(generated), Graphs.of(train)
    assert first == first_of_its_kind(graphs).tolist()
    assert novel == is_novel(graphs, known).tolist()
    assert sum(first) / len(generated) == uniqueness(graphs)
    assert sum(novel) / len(generated) == novelty(graphs, known)


@pytest.mark.parametrize(("one", "other"), [(ONE_RING, TWO_RINGS), (ACYCLIC_RING, ACYCLIC_RINGS)])
def test_graphs_with_equal_weisfeiler_lehman_hashes_are_distinguished(one, other):
    hashes = {weisfeiler_lehman_hash(np.array(row[1]), list(map(str, row[0])), iterations=9) for row in (one, other)}
    assert 1 == len(hashes)
    assert not isomorphic(one, other)
    rng = np.random.default_rng(0)
    graphs = Graphs.of([one, other, renumbered(other, rng), renumbered(one, rng)])
    assert [0, 1, 1, 0] == isomorphism_classes(graphs)[0].tolist()
    assert [True, True, False, False] == first_of_its_kind(graphs).tolist()
    assert [False, True, True, False] == is_novel(graphs, Graphs.of([renumbered(one, rng)])).tolist()


def test_directions_classes_and_self_loops_count():
    graphs = Graphs.of(
        [
            ([2, 2, 2], [[0, 0], [1, 2]]),
            ([2, 2, 2], [[1, 2], [0, 0]]),
            ([2, 2, 3], [[0, 0], [1, 2]]),
            ([2, 2, 2], [[0, 0, 0], [1, 2, 0]]),
            ([2, 2, 2], [[2, 2, 2], [1, 0, 1]]),
        ]
    )
    assert [0, 1, 2, 3, 0] == isomorphism_classes(graphs)[0].tolist()


@settings(max_examples=50, deadline=None)
@given(st.lists(rows(most_nodes=5, classes=2), min_size=1, max_size=8), st.integers(0, 2**32 - 1))
def test_numbering_and_order_do_not_matter(case, seed):
    rng = np.random.default_rng(seed)
    train = case[: len(case) // 2 + 1]
    others = [renumbered(case[index], rng) for index in rng.permutation(len(case))]
    before, after, known = Graphs.of(case[1:] + case), Graphs.of(others + case[1:]), Graphs.of(train)
    assert uniqueness(before) == uniqueness(after)
    assert novelty(before, known) == novelty(after, known)


@pytest.mark.heavy
def test_renumbered_architectures_of_the_release_are_recognised():
    rng = np.random.default_rng(0)
    chosen = released("w_attrs", "train")[:200]
    copies = Graphs.of([renumbered(row, rng) for row in chosen])
    assert 0 == novelty(copies, released_graphs("w_attrs", "train"))
    assert isomorphism_classes(copies)[0].tolist() == isomorphism_classes(Graphs.of(chosen))[0].tolist()


def test_training_architectures_differ_and_validation_is_novel():
    """The build has merged isomorphic architectures.

    Some of the validation split are isomorphic again after rare operators became UNK.
    """
    train, validation = released_graphs("w_attrs", "train"), released_graphs("w_attrs", "validation")
    assert 1 == uniqueness(train)
    assert 1 == novelty(validation, train)


@pytest.mark.heavy
def test_many_regular_graphs_that_look_alike_are_compared_once_each():
    """300 equal nodes in rings of different lengths, which Weisfeiler-Lehman cannot tell apart.

    Pairwise tests would need 20,000 comparisons.
    """
    rings = []
    for length in range(3, 103):
        lengths = [length, *[3] * 300][: 1 + (300 - length) // 3]
        lengths[-1] += 300 - sum(lengths)
        starts = np.cumsum([0, *lengths])
        targets = np.arange(1, 301)
        targets[starts[1:] - 1] = starts[:-1]
        rings.append(([2] * 300, [list(range(300)), targets.tolist()]))
    rng = np.random.default_rng(0)
    graphs = Graphs.of([*rings, *[renumbered(row, rng) for row in rings]])
    distinct = len({tuple(sorted(len(part) for part in nx.weakly_connected_components(digraph(row)))) for row in rings})
    assert distinct > 90
    assert distinct / 200 == uniqueness(graphs)
