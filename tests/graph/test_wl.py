"""The WL hash: bit-identical to networkx's, blind to the numbering of nodes."""

from __future__ import annotations

from pathlib import Path

import networkx as nx
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.graph.models import ALL
from tests.graph.strategies import labelled_dags
from younger_hf import from_onnx
from younger_hf.graph.wl import weisfeiler_lehman_hash

Labelled = tuple[npt.NDArray[np.int32], list[str]]


def networkx_hash(edge_index: npt.NDArray[np.int32], labels: list[str]) -> str:
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_nodes_from((node, {"label": label}) for node, label in enumerate(labels))
    graph.add_edges_from(edge_index.T.tolist())
    return str(nx.weisfeiler_lehman_graph_hash(graph, node_attr="label", iterations=3, digest_size=16))


@settings(max_examples=300, deadline=None)
@given(labelled_dags())
def test_the_hash_is_networkxs(dag: Labelled) -> None:
    edge_index, labels = dag
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
def test_another_label_gives_another_hash(dag: Labelled) -> None:
    edge_index, labels = dag
    changed = ["Softmax", *labels[1:]]
    assert weisfeiler_lehman_hash(edge_index, labels) != weisfeiler_lehman_hash(edge_index, changed)


def test_direction_matters() -> None:
    forward = np.array([[0], [1]], dtype=np.int32)
    backward = np.array([[1], [0]], dtype=np.int32)
    assert weisfeiler_lehman_hash(forward, ["A", "B"]) != weisfeiler_lehman_hash(backward, ["A", "B"])


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
