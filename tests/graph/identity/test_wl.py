"""The WL hash: bit-identical to networkx's, blind to the numbering of nodes."""

from __future__ import annotations

from pathlib import Path

import networkx as nx
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.graph.models import ALL, LIGHT
from tests.graph.strategies import coloured_dags, labelled_dags
from younger_hf import from_onnx
from younger_hf.graph.identity import wl
from younger_hf.graph.identity.wl import Labels, weisfeiler_lehman_hash

Labelled = tuple[npt.NDArray[np.int32], list[str]]


def networkx_graph(edge_index: npt.NDArray[np.int32], labels: list[str]) -> nx.DiGraph[int]:
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_nodes_from((node, {"label": label}) for node, label in enumerate(labels))
    graph.add_edges_from(edge_index.T.tolist())
    return graph


def networkx_hash(
    edge_index: npt.NDArray[np.int32], labels: list[str], iterations: int = 3, digest_size: int = 16
) -> str:
    graph = networkx_graph(edge_index, labels)
    return str(
        nx.weisfeiler_lehman_graph_hash(graph, node_attr="label", iterations=iterations, digest_size=digest_size)
    )


def by_class(edge_index: npt.NDArray[np.int32], labels: list[str], same: npt.NDArray[np.int64]) -> list[Labels] | None:
    sides = wl.simple_neighbours(edge_index, len(labels))
    return wl.labels_by_class(Labels.of(labels), *sides, same, 3, 16)


def names_of(rounds: list[Labels]) -> list[list[str]]:
    return [[labels.names[rank] for rank in labels.ranks] for labels in rounds]


@pytest.mark.heavy
@settings(max_examples=2000, deadline=None)
@given(coloured_dags(most_nodes=wl.SMALL + 20))
def test_the_hash_is_networkxs(dag: Labelled) -> None:
    edge_index, labels = dag
    assert networkx_hash(edge_index, labels) == weisfeiler_lehman_hash(edge_index, labels)


@settings(max_examples=200, deadline=None)
@given(coloured_dags(most_nodes=wl.SMALL + 20), st.integers(1, 5), st.sampled_from([1, 2, 64]))
def test_the_hash_is_networkxs_for_any_rounds_and_digests(dag: Labelled, iterations: int, digest_size: int) -> None:
    expected = networkx_hash(*dag, iterations, digest_size)
    assert expected == weisfeiler_lehman_hash(*dag, iterations=iterations, digest_size=digest_size)


@pytest.mark.heavy
@settings(max_examples=500, deadline=None)
@given(coloured_dags())
def test_both_implementations_compute_networkxs_labels(dag: Labelled) -> None:
    edge_index, labels = dag
    graph = networkx_graph(edge_index, labels)
    of_nodes = nx.weisfeiler_lehman_subgraph_hashes(graph, node_attr="label", iterations=3, digest_size=16)
    expected = [[of_nodes[node][number] for node in range(len(labels))] for number in range(3)]
    marks = wl.fingerprints(
        Labels.of(labels).ranks.astype(np.uint64), *wl.simple_neighbours(edge_index, len(labels)), 3
    )[-1]
    rounds = by_class(edge_index, labels, wl.representatives(marks))
    assert rounds is not None
    assert expected == names_of(rounds)
    assert expected == names_of(wl.labels_by_node(edge_index, labels, 3, 16))


@settings(max_examples=500, deadline=None)
@given(coloured_dags(), st.integers(1, 30), st.integers(0, 2**32 - 1))
def test_wrong_classes_are_noticed(dag: Labelled, count: int, seed: int) -> None:
    edge_index, labels = dag
    expected = names_of(wl.labels_by_node(edge_index, labels, 3, 16))
    proposed = wl.representatives(np.random.default_rng(seed).integers(0, count, len(labels)).astype(np.uint64))
    right = all(names[node] == names[same] for names in expected for node, same in enumerate(proposed))
    rounds = by_class(edge_index, labels, proposed)
    assert right or rounds is None
    assert rounds is None or expected == names_of(rounds)


def test_where_all_fingerprints_collide_the_hash_is_still_networkxs(monkeypatch: pytest.MonkeyPatch) -> None:
    dag = from_onnx(LIGHT[0])
    edge_index = np.concatenate([dag.edge_index + copy * dag.num_nodes for copy in range(5)], axis=1)
    labels = list(dag.w_attrs) * 5
    monkeypatch.setattr(wl, "_MULTIPLIERS", np.zeros(3, dtype=np.uint64))
    assert networkx_hash(edge_index, labels) == weisfeiler_lehman_hash(edge_index, labels)


@settings(max_examples=100, deadline=None)
@given(labelled_dags(), st.randoms(use_true_random=False))
def test_renumbering_the_nodes_changes_nothing(dag: Labelled, random: st.DataObject) -> None:
    edge_index, labels = dag
    order = list(range(len(labels)))
    random.shuffle(order)  # type: ignore[attr-defined]
    renumbered = np.array(order, dtype=np.int32)[edge_index]
    relabelled = [labels[order.index(node)] for node in range(len(labels))]
    assert weisfeiler_lehman_hash(edge_index, labels) == weisfeiler_lehman_hash(renumbered, relabelled)


@settings(max_examples=100, deadline=None)
@given(labelled_dags())
def test_another_label_changes_the_hash(dag: Labelled) -> None:
    edge_index, labels = dag
    changed = ["Softmax", *labels[1:]]
    assert weisfeiler_lehman_hash(edge_index, labels) != weisfeiler_lehman_hash(edge_index, changed)


def test_direction_matters() -> None:
    forward = np.array([[0], [1]], dtype=np.int32)
    backward = np.array([[1], [0]], dtype=np.int32)
    assert weisfeiler_lehman_hash(forward, ["A", "B"]) != weisfeiler_lehman_hash(backward, ["A", "B"])


def test_a_graph_without_nodes_has_networkxs_hash() -> None:
    nothing = np.empty((2, 0), dtype=np.int32)
    assert networkx_hash(nothing, []) == weisfeiler_lehman_hash(nothing, [])


@pytest.mark.parametrize("nodes", [1, wl.SMALL + 1])
def test_a_label_that_is_not_ascii_is_refused_as_networkx_refuses_it(nodes: int) -> None:
    edge_index, labels = np.empty((2, 0), dtype=np.int32), ["Convé"] * nodes
    with pytest.raises(UnicodeEncodeError):
        networkx_hash(edge_index, labels)
    with pytest.raises(UnicodeEncodeError):
        weisfeiler_lehman_hash(edge_index, labels)


@pytest.mark.parametrize("kind", ["w_attrs", "wo_attrs"])
def test_real_models_hash_as_their_networkx_graphs_do(kind: str) -> None:
    different: list[Path] = []
    for path in ALL:
        dag = from_onnx(path)
        simple = nx.DiGraph(dag.to_networkx())
        expected = nx.weisfeiler_lehman_graph_hash(simple, node_attr=kind, iterations=3, digest_size=16)
        if expected != dag.wl_hash(kind):  # type: ignore[arg-type]
            different.append(path)
    assert [] == different
