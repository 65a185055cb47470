from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.dataset.built import Built
from tests.dataset.models import architectures, dag_of_edges, models
from tests.dataset.strategies import dags
from younger_hf import Dag
from younger_hf.dataset.architecture import Architecture
from younger_hf.dataset.tasks.dataflow import FEWEST_EDGES, HOPS, MOST_HELD_OUT, HeldOut, hold_out, operator_pairs
from younger_hf.metrics import dataflow_metrics

Pairs = set[tuple[int, int]]


def edges_of(dag: Dag) -> Pairs:
    return set(map(tuple, dag.edge_index.T.tolist()))


ITEMS = tuple(a for a in architectures(*(dag for dag, _ in models())) if len(edges_of(a.dag)) >= FEWEST_EDGES)
KNOWN = operator_pairs(ITEMS[::2])


def held(architecture: Architecture, secret: str = "s", known: frozenset[tuple[str, str]] = KNOWN) -> HeldOut:
    sample = hold_out(architecture, known, secret)
    assert sample is not None
    return sample


def in_the_architecture(sample: HeldOut, edges: np.ndarray) -> list[tuple[int, int]]:
    """Positions in the row as nodes of the architecture."""
    return list(map(tuple, sample.nodes[edges].T.tolist()))


def positives(sample: HeldOut) -> list[tuple[int, int]]:
    return in_the_architecture(sample, sample.pair_index[:, sample.y == 1])


def negatives(sample: HeldOut) -> list[tuple[int, int]]:
    return in_the_architecture(sample, sample.pair_index[:, sample.y == 0])


def check(dag: Dag, sample: HeldOut) -> None:
    true, false = positives(sample), negatives(sample)
    rest = in_the_architecture(sample, sample.edge_index)
    assert list(range(dag.num_nodes)) == sorted(sample.nodes.tolist())
    assert edges_of(dag) == set(true) | set(rest)
    assert len(edges_of(dag)) == len(true) + len(rest)
    assert set() == set(false) & edges_of(dag)
    assert len(false) == len(set(false)) == len(true)
    assert all(source != target for source, target in false)
    assert max(1, round(0.2 * len(edges_of(dag)))) == len(true)


@pytest.mark.parametrize("architecture", ITEMS[:16], ids=lambda a: a.graph_id)
def test_positives_and_visible_edges_are_the_architecture_s_and_negatives_are_not(
    architecture: Architecture,
) -> None:
    check(architecture.dag, held(architecture))


@settings(max_examples=60, deadline=None)
@given(dags(most_nodes=12), st.text(max_size=4))
def test_the_same_holds_for_any_dag_and_small_ones_are_left_out(dag: Dag, secret: str) -> None:
    (architecture,) = architectures(dag)
    sample = hold_out(architecture, operator_pairs([architecture]), secret)
    assert (len(edges_of(dag)) < FEWEST_EDGES) == (sample is None)
    if sample is not None:
        check(dag, sample)


def test_a_complete_dag_has_only_backward_pairs_to_offer() -> None:
    complete = [(i, j) for i in range(8) for j in range(i + 1, 8)]
    (architecture,) = architectures(dag_of_edges(8, complete))
    sample = held(architecture)
    check(architecture.dag, sample)
    assert all(source > target for source, target in negatives(sample))


def test_at_most_2000_data_flows_are_held_out() -> None:
    (architecture,) = architectures(dag_of_edges(11_000, [(i, i + 1) for i in range(10_999)]))
    sample = held(architecture)
    assert MOST_HELD_OUT == int(sample.y.sum())
    assert (2, 2 * MOST_HELD_OUT) == sample.pair_index.shape


@pytest.mark.heavy
@pytest.mark.parametrize("architecture", ITEMS[:16], ids=lambda a: a.graph_id)
def test_half_of_the_negatives_are_plausible_where_there_are_enough(architecture: Architecture) -> None:
    """Plausible pairs go forward within three hops and join operators adjacent in training."""
    dag, sample = architecture.dag, held(architecture)
    near = dict(nx.all_pairs_shortest_path_length(nx.Graph(dag.to_networkx().to_undirected()), cutoff=HOPS))

    def plausible(source: int, target: int) -> bool:
        known = (dag.wo_attrs[source], dag.wo_attrs[target]) in KNOWN
        return known and dag.levels[source] < dag.levels[target] and target in near[source]

    sources = {s for s in near for t in near[s] if s != t and (s, t) not in edges_of(dag) and plausible(s, t)}
    at_least = min(int((sample.y == 0).sum()) // 2, len(sources))
    assert at_least > 0
    assert at_least <= sum(plausible(*pair) for pair in negatives(sample))


def test_without_plausible_pairs_all_negatives_are_uniform() -> None:
    densenet = max(ITEMS, key=lambda a: a.dag.num_nodes)
    sample = held(densenet, known=frozenset())
    check(densenet.dag, sample)
    backward = np.mean([source > target for source, target in negatives(sample)])
    assert 0.3 < backward < 0.7  # uniform pairs run either way


def test_the_sample_depends_on_the_secret_alone() -> None:
    for architecture in ITEMS[:5]:
        one, again, other = (vars(held(architecture, secret)) for secret in ("one", "one", "other"))
        assert all(np.array_equal(one[name], again[name]) for name in one)
        assert not np.array_equal(one["nodes"], other["nodes"])
        assert set(positives(HeldOut(**one))) != set(positives(HeldOut(**other)))


def test_known_pairs_come_from_the_architectures() -> None:
    (architecture,) = architectures(dag_of_edges(3, [(0, 1), (1, 2), (0, 2)], ["Sum", "Max", "Min"]))
    pairs = {tuple(text.split('"')[3] for text in pair) for pair in operator_pairs([architecture])}
    assert {("Sum", "Max"), ("Max", "Min"), ("Sum", "Min")} == pairs


@pytest.mark.heavy
@pytest.mark.parametrize("split", ["train", "validation"])
def test_node_numbers_reveal_nothing(built: Built, split: str) -> None:
    """In file order this score alone has an AUC of .9.

    Most data flows run from one node to the next.
    """
    table = built.release.table("dataflow_w_attrs", split)
    pairs = np.concatenate([np.array(row) for row in table["pair_index"].to_pylist()], axis=1)
    distance = pairs[1] - pairs[0]
    scores = np.where(distance > 0, 1 / np.maximum(distance, 1), 0.0)
    labels = np.concatenate(table["y"].to_pylist())
    positives, negatives = labels.sum(), len(labels) - labels.sum()
    deviation = np.sqrt((len(labels) + 1) / (12 * positives * negatives))  # of the AUC of what knows nothing
    assert 0.5 == pytest.approx(dataflow_metrics(labels, scores)["auc"], abs=4 * deviation)
    assert 4 * deviation < 0.35  # what the order of the file gives is told apart


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_both_signatures_have_the_same_sample(built: Built, split: str) -> None:
    columns = ["graph_id", "num_nodes", "edge_index", "pair_index", "y"]
    one, other = (built.release.table(f"dataflow_{kind}", split, columns) for kind in ("w_attrs", "wo_attrs"))
    assert one.equals(other)
    assert one.num_rows > 0
