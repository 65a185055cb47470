"""The search for regions, checked against trying every map, and on real architectures."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.dataset.audit.strategies import graphs, regions
from tests.dataset.models import models
from younger_hf.dataset.architecture import Architecture
from younger_hf.dataset.tasks.operator import regions as regions_of
from younger_hf.dataset.tasks.region_lookup import embedded_rows, independent_rows
from younger_hf.graph.identity.graph_index import Graph, index_graphs, index_uncertain_graphs
from younger_hf.graph.identity.search_pattern import NOT_KNOWN, Pattern
from younger_hf.graph.identity.subgraph_search import find_embeddings
from younger_hf.graph.identity.wl import weisfeiler_lehman_hash


def pairs(edge_index: np.ndarray) -> set[tuple[int, int]]:
    return set(zip(*edge_index.tolist(), strict=True))


def every_embedding(
    pattern: Pattern, graph: Graph, suspected: set[tuple[int, int]] = frozenset()
) -> Iterator[list[int]]:
    """Every valid embedding, found by trying all maps."""
    classes, sure = graph[0].tolist(), pairs(graph[1])
    wanted = pairs(pattern.edge_index)
    count = len(pattern.classes)
    for images in permutations(range(len(classes)), count):
        mapped = {(images[s], images[t]) for s, t in wanted}
        among = {(s, t) for s, t in sure if s in images and t in images}
        at_complete = {images[node] for node in np.flatnonzero(pattern.complete)}
        around = {(s, t) for s, t in sure if s in at_complete or t in at_complete}
        if (
            all(
                classes[image] != 0 if hidden else classes[image] == label
                for image, hidden, label in zip(images, pattern.masked, pattern.classes.tolist(), strict=True)
            )
            and mapped <= sure | suspected
            and among | around <= mapped
        ):
            yield list(images)


def completed(pattern: Pattern, images: list[int], classes: np.ndarray) -> str:
    labels = [
        f"?{classes[image]}" if hidden else str(label)
        for image, hidden, label in zip(images, pattern.masked, pattern.classes, strict=True)
    ]
    return weisfeiler_lehman_hash(pattern.edge_index, labels)


@st.composite
def searches(draw: st.DrawFn) -> tuple[list[Graph], Pattern]:
    """Graphs, and a region of one of them or of a different graph."""
    where = draw(st.lists(graphs(), min_size=1, max_size=3))
    source = draw(st.sampled_from([*where, draw(graphs())]))
    return where, draw(regions(source))


@given(searches())
@settings(max_examples=400, deadline=None)
def test_the_search_finds_what_trying_every_map_finds(search: tuple[list[Graph], Pattern]) -> None:
    where, pattern = search
    if not pattern.complete.any():
        assert 0 == find_embeddings(index_graphs(where), pattern).embeddings  # there is nothing to begin with
        return
    expected = [(images, graph[0]) for graph in where for images in every_embedding(pattern, graph)]
    found = find_embeddings(index_graphs(where), pattern)
    assert found.exhausted
    assert bool(expected) == (found.embeddings > 0)
    assert (1 == len({completed(pattern, *item) for item in expected})) == found.unique
    for node in np.flatnonzero(pattern.masked).tolist():
        classes = {int(graph[images[node]]) for images, graph in expected}
        if len(classes) == 1:
            assert classes == {int(found.guesses[node])}
    assert (found.guesses[~pattern.masked] == NOT_KNOWN).all()


@given(searches())
@settings(max_examples=200, deadline=None)
def test_every_reported_embedding_is_valid(search: tuple[list[Graph], Pattern]) -> None:
    where, pattern = search
    index = index_graphs(where)
    found = find_embeddings(index, pattern)
    if found.embeddings:
        number = int(index.graph_of_node[found.images[0]])
        local = [image - int(index.classes.offsets[number]) for image in found.images]
        assert local in list(every_embedding(pattern, where[number]))


@given(searches(), st.data())
@settings(max_examples=200, deadline=None)
def test_edges_may_be_uncertain(search: tuple[list[Graph], Pattern], data: st.DataObject) -> None:
    where, pattern = search
    uncertain, expected = [], 0
    for classes, edge_index in where:
        all_pairs = sorted(pairs(edge_index))
        held = set(data.draw(st.lists(st.sampled_from(all_pairs), unique=True))) if all_pairs else set()
        sure = np.array(sorted(set(all_pairs) - held), dtype=np.int32).reshape(-1, 2).T
        possible = held | {(t, s) for s, t in held}
        uncertain.append((classes, sure, np.array(sorted(possible), dtype=np.int32).reshape(-1, 2).T))
        expected += sum(1 for _ in every_embedding(pattern, (classes, sure), possible))
    found = find_embeddings(index_uncertain_graphs(uncertain), pattern)
    assert (bool(expected) and bool(pattern.complete.any())) == (found.embeddings > 0)


@given(searches(), st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_the_numbering_of_a_region_does_not_matter(search: tuple[list[Graph], Pattern], random: object) -> None:
    where, pattern = search
    order = list(range(len(pattern.classes)))
    random.shuffle(order)  # type: ignore[attr-defined]
    position = np.argsort(order).astype(np.int32)
    other = Pattern(pattern.classes[order], position[pattern.edge_index], pattern.masked[order])
    one, two = find_embeddings(index_graphs(where), pattern), find_embeddings(index_graphs(where), other)
    assert (one.unique, bool(one.embeddings)) == (two.unique, bool(two.embeddings))


def test_every_region_of_a_real_architecture_is_found_in_it() -> None:
    dags = [dag for dag, _ in models()[:9]]
    ids = {text: number for number, text in enumerate(sorted({t for dag in dags for t in dag.w_attrs}), start=2)}
    where = [(np.array([ids[t] for t in dag.w_attrs], dtype=np.int32), dag.edge_index) for dag in dags]
    index = index_graphs(where)
    tried = 0
    for dag, (classes, _) in zip(dags, where, strict=True):
        for region in regions_of(Architecture(dag, ())):
            feat = np.where(region.masked, 1, classes[region.nodes]).astype(np.int32)
            found = find_embeddings(index, Pattern(feat, region.edge_index, region.masked))
            answers = classes[region.nodes]
            assert found.embeddings > 0
            if not found.unique:  # then no answer is wrong: the true place is among those that agree
                said = found.guesses != NOT_KNOWN
                assert found.guesses[said].tolist() == answers[said].tolist()
            tried += 1
    assert tried > 20


def test_a_bound_on_the_steps_ends_the_search() -> None:
    """Twelve equal branches have 12! embeddings."""
    edges = [(0, n) for n in range(1, 13)] + [(n, n + 12) for n in range(1, 13)]
    graph = (np.array([2] + [3] * 24, dtype=np.int32), np.array(edges, dtype=np.int32).T)
    pattern = Pattern(graph[0], graph[1], np.array([False] * 13 + [True] * 12))
    found = find_embeddings(index_graphs([graph]), pattern, steps=500)
    assert (True, False) == (found.unique, found.exhausted)
    assert [3] * 12 == found.guesses[13:].tolist()


CHAIN = np.array([[0, 1], [1, 2]], dtype=np.int32)


def chain(*classes: int) -> Graph:
    return np.array(classes, dtype=np.int32), CHAIN


def region_of(*classes: int) -> Pattern:
    """A chain whose nodes of class 1 are masked."""
    feat = np.array(classes, dtype=np.int32)
    return Pattern(feat, CHAIN, feat == 1)


@pytest.mark.parametrize(
    ("public", "whole", "expected"),
    [
        ([chain(5, 6, 7)], True, True),
        ([chain(5, 6, 7), chain(5, 6, 7)], True, True),
        ([chain(5, 6, 7), chain(5, 6, 8)], True, False),
        ([chain(5, 6, 7), chain(5, 6, 8)], False, True),  # the first target is 5 in both
        ([chain(5, 6, 7), chain(8, 6, 9)], False, False),
        ([chain(5, 7, 6)], False, False),
        ([chain(0, 6, 7)], False, False),  # no target is UNK
    ],
)
def test_rows_that_can_be_looked_up_are_found(public: list[Graph], whole: bool, expected: bool) -> None:
    assert [expected] == embedded_rows(public, [region_of(1, 6, 1)], whole=whole).tolist()


def test_of_rows_that_reveal_each_other_the_later_one_is_dropped() -> None:
    one, other, apart = region_of(1, 6, 1), region_of(5, 6, 7), region_of(1, 8, 1)
    other = Pattern(
        np.array([5, 6, 7, 1], dtype=np.int32),
        np.array([[0, 1, 2], [1, 2, 3]], dtype=np.int32),
        np.array([False, False, False, True]),
    )
    assert [False, True, True] == independent_rows([one, other, apart]).tolist()
    assert [True, False, True] == independent_rows([apart, one, other]).tolist()
