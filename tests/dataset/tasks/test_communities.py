from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.dataset.models import LIGHT, dag_of_edges
from tests.dataset.strategies import dags
from younger_hf import Dag, from_onnx
from younger_hf.dataset.tasks.communities import boundary, communities, induced_edges


def simple(dag: Dag) -> nx.DiGraph:
    return nx.DiGraph(dag.to_networkx())


@given(dags())
def test_communities_are_a_partition_in_the_order_of_their_first_nodes(dag: Dag) -> None:
    found = communities(dag)
    assert list(range(dag.num_nodes)) == sorted(np.concatenate(found).tolist())
    assert sorted(c[0] for c in found) == [c[0] for c in found]
    assert all((np.diff(c) > 0).all() for c in found)


@settings(max_examples=60, deadline=None)
@given(dags(most_nodes=20))
def test_no_community_lies_in_two_components(dag: Dag) -> None:
    components = list(nx.weakly_connected_components(simple(dag)))
    for community in communities(dag):
        assert any(component.issuperset(community.tolist()) for component in components)


@pytest.mark.parametrize("path", LIGHT, ids=lambda path: path.stem)
def test_modularity_is_not_below_that_of_networkx(path: object) -> None:
    """Both merge greedily, but break ties differently, so either may be a little better."""
    dag = from_onnx(path)
    graph = nx.Graph(simple(dag).to_undirected())
    expected = nx.community.modularity(graph, nx.community.greedy_modularity_communities(graph))
    found = nx.community.modularity(graph, [set(c.tolist()) for c in communities(dag)])
    assert expected - 0.005 <= found <= expected + 0.06


def test_two_cliques_joined_by_one_edge_are_two_communities() -> None:
    cliques = [(i, j) for start in (0, 5) for i in range(start, start + 5) for j in range(i + 1, start + 5)]
    found = communities(dag_of_edges(10, [*cliques, (4, 5)]))
    assert [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]] == [c.tolist() for c in found]


def test_a_dag_without_edges_falls_apart_and_one_without_nodes_has_no_community() -> None:
    assert [[0], [1], [2]] == [c.tolist() for c in communities(dag_of_edges(3, []))]
    empty = Dag.from_dict({**dag_of_edges(1, []).to_dict(), **{name: [] for name in _OF_NODES}, "edge_index": [[], []]})
    assert [] == communities(empty)


@given(st.data())
def test_the_boundary_is_networkx_s_node_boundary_of_the_undirected_graph(data: st.DataObject) -> None:
    dag = data.draw(dags())
    chosen = data.draw(st.sets(st.integers(0, dag.num_nodes - 1)))
    expected = nx.node_boundary(simple(dag).to_undirected(), chosen)
    assert sorted(expected) == boundary(dag, np.array(sorted(chosen), dtype=np.int64)).tolist()


@given(st.data())
def test_induced_edges_are_those_of_the_induced_subgraph(data: st.DataObject) -> None:
    dag = data.draw(dags())
    chosen = sorted(data.draw(st.sets(st.integers(0, dag.num_nodes - 1))))
    expected = sorted((chosen.index(u), chosen.index(v)) for u, v in simple(dag).subgraph(chosen).edges)
    found = induced_edges(dag, np.array(chosen, dtype=np.int64))
    assert expected == list(map(tuple, found.T.tolist()))
    assert (np.int32, 2) == (found.dtype, found.shape[0])


_OF_NODES = ("op_types", "domains", "attributes", "opset_versions", "num_outputs", "edge_output", "edge_input")
_OF_NODES += ("parents", "branches", "inputs", "outputs")
