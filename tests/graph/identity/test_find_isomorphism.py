"""Maps between isomorphic graphs."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.dataset.audit.strategies import graphs
from younger_hf.graph.identity.canonical_form import find_isomorphism
from younger_hf.graph.identity.fingerprints import graph_fingerprint
from younger_hf.graph.identity.graph_index import Graph


def reordered(graph: Graph, order: list[int]) -> Graph:
    position = np.argsort(order).astype(np.int32)
    return graph[0][order], position[graph[1]]


def fingerprint(graph: Graph) -> str:
    return graph_fingerprint(graph[1], graph[0])


@given(graphs(most_nodes=12), st.data())
@settings(max_examples=200, deadline=None)
def test_a_renumbered_graph_is_found_with_where_each_node_went(graph: Graph, data: st.DataObject) -> None:
    other = reordered(graph, data.draw(st.permutations(range(len(graph[0])))))
    image = find_isomorphism(graph, other)
    assert image is not None
    assert graph[0].tolist() == other[0][image].tolist()
    moved = {(image[s], image[t]) for s, t in zip(*graph[1].tolist(), strict=True)}
    assert moved == set(zip(*other[1].tolist(), strict=True))
    assert fingerprint(graph) == fingerprint(other)


@given(graphs(), graphs())
@settings(max_examples=200, deadline=None)
def test_graphs_with_another_fingerprint_are_not_isomorphic(one: Graph, other: Graph) -> None:
    if fingerprint(one) != fingerprint(other):
        assert find_isomorphism(one, other) is None


def test_direction_and_class_matter() -> None:
    edge, back = np.array([[0], [1]], dtype=np.int32), np.array([[1], [0]], dtype=np.int32)
    classes = np.array([2, 3], dtype=np.int32)
    assert find_isomorphism((classes, edge), (classes, back)) is None
    assert find_isomorphism((classes, edge), (np.array([2, 2], dtype=np.int32), edge)) is None
    assert [1, 0] == find_isomorphism((classes, edge), (classes[::-1], back))


@given(graphs(most_nodes=12))
@settings(max_examples=100, deadline=None)
def test_a_graph_is_mapped_to_itself_node_by_node(graph: Graph) -> None:
    assert list(range(len(graph[0]))) == find_isomorphism(graph, graph)
