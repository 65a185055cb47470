from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.dataset.models import LIGHT
from tests.dataset.strategies import dags
from younger_hf import Dag, from_onnx
from younger_hf.graph.identity.fingerprints import graph_fingerprint, node_fingerprints
from younger_hf.graph.identity.wl import weisfeiler_lehman_hash, weisfeiler_lehman_labels


def classes_of(dag: Dag) -> np.ndarray:
    return np.unique(dag.wo_attrs, return_inverse=True)[1].astype(np.int32)


@given(st.lists(dags(), min_size=2, max_size=4))
def test_graph_fingerprints_are_equal_where_networkxs_hashes_are(items: list[Dag]) -> None:
    names = sorted({name for dag in items for name in dag.wo_attrs})
    pairs = set()
    for dag in items:
        classes = np.array([names.index(name) for name in dag.wo_attrs], dtype=np.int32)
        pairs.add((graph_fingerprint(dag.edge_index, classes), weisfeiler_lehman_hash(dag.edge_index, dag.wo_attrs)))
    assert len(pairs) == len({one for one, _ in pairs}) == len({other for _, other in pairs})


@given(dags(), st.randoms())
def test_renumbering_changes_nothing(dag: Dag, random: object) -> None:
    classes = classes_of(dag)
    order = np.array(random.sample(range(dag.num_nodes), dag.num_nodes))  # type: ignore[attr-defined]
    position = np.argsort(order).astype(np.int32)
    assert graph_fingerprint(dag.edge_index, classes) == graph_fingerprint(position[dag.edge_index], classes[order])


def test_directions_and_classes_count_and_parallel_edges_do_not() -> None:
    edges, classes = np.array([[0, 1], [1, 2]], dtype=np.int32), np.array([5, 6, -7], dtype=np.int32)
    one = graph_fingerprint(edges, classes)
    assert 32 == len(one)
    assert one == graph_fingerprint(np.concatenate([edges, edges], axis=1), classes)
    assert one != graph_fingerprint(edges[::-1], classes)
    assert one != graph_fingerprint(edges, np.abs(classes))


@pytest.mark.parametrize("path", LIGHT, ids=lambda path: path.stem)
def test_node_fingerprints_part_the_nodes_as_the_labels_do(path: object) -> None:
    dag = from_onnx(path)
    for marks, labels in zip(
        node_fingerprints(dag.edge_index, dag.wo_attrs),
        weisfeiler_lehman_labels(dag.edge_index, dag.wo_attrs),
        strict=True,
    ):
        assert (
            len(set(marks.tolist()))
            == len(labels.names)
            == len(set(zip(marks.tolist(), labels.ranks.tolist(), strict=True)))
        )
