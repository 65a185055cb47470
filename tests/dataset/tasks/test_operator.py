from __future__ import annotations

from collections.abc import Callable

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.dataset.models import architectures, dag_of_edges, models
from tests.dataset.strategies import dags
from younger_hf import Dag
from younger_hf.dataset.architecture import Architecture
from younger_hf.dataset.build.build_vocabulary import build_vocabulary
from younger_hf.dataset.partition import Split
from younger_hf.dataset.tasks.communities import communities
from younger_hf.dataset.tasks.operator import OperatorRows, Region, independent, operator_rows, regions
from younger_hf.graph.vocabulary import MASK, UNK, Signature, Vocabulary

ITEMS = architectures(*(dag for dag, _ in models()))


def rows_of(parts: Split, vocabulary: Vocabulary, secret: str = "s") -> OperatorRows:
    regions_of = {a.graph_id: regions(a) for a in parts.public + parts.operator_test}
    return operator_rows(parts, regions_of, vocabulary, secret)


@pytest.mark.parametrize("architecture", ITEMS[:14], ids=lambda a: a.graph_id)
def test_a_region_is_a_community_with_its_boundary_masked(architecture: Architecture) -> None:
    dag = architecture.dag
    graph = nx.DiGraph(dag.to_networkx())
    undirected = graph.to_undirected()
    found = {region.number: region for region in regions(architecture)}
    for number, community in enumerate(communities(dag)):
        around = nx.node_boundary(undirected, community.tolist())
        if not around:
            assert number not in found
            continue
        region = found.pop(number)
        assert around == set(region.nodes[region.masked].tolist())
        assert sorted(around | set(community.tolist())) == region.nodes.tolist()
        assert set(graph.subgraph(region.nodes.tolist()).edges) == set(
            map(tuple, region.nodes[region.edge_index].T.tolist())
        )
    assert {} == found


@pytest.mark.heavy
@pytest.mark.parametrize("kind", ["w_attrs", "wo_attrs"])
def test_targets_are_the_boundary_with_its_true_classes_and_the_context_is_left_alone(kind: Signature) -> None:
    """The vocabulary covers half of the architectures.

    Other operators stay UNK and are not targets.
    """
    parts = Split(ITEMS, (), (), ())
    vocabulary, _ = build_vocabulary(ITEMS[::2], kind)
    by_id = {a.graph_id: a for a in ITEMS}
    unknown = targets = 0
    for sample in rows_of(parts, vocabulary).rows["train"]:
        graph_id, number = sample.graph_id.rsplit("-c", 1)
        (region,) = [r for r in regions(by_id[graph_id]) if r.number == int(number)]
        truth = vocabulary.encode(by_id[graph_id].dag.signatures(kind))[region.nodes]
        expected = np.flatnonzero(region.masked & (truth != UNK))
        assert expected.tolist() == sample.mask_index.tolist()
        assert truth[expected].tolist() == sample.y.tolist()
        context = np.setdiff1d(np.arange(len(truth)), expected)
        assert truth[context].tolist() == sample.node_feat[context].tolist()
        assert {MASK} == set(sample.node_feat[expected].tolist())
        assert region.edge_index.tolist() == sample.edge_index.tolist()
        targets += len(expected)
        unknown += int((truth == UNK).sum())
        assert UNK not in sample.y
        assert MASK not in sample.y
    assert targets > 100
    assert unknown > 0


def test_no_two_rows_of_a_split_look_the_same() -> None:
    vocabulary, _ = build_vocabulary(ITEMS, "wo_attrs")
    found = rows_of(Split(ITEMS, (), (), ()), vocabulary)
    all_regions = sum(len(regions(a)) for a in ITEMS)
    assert found.repeated > 0
    assert all_regions == len(found.rows["train"]) + found.repeated
    assert len(found.rows["train"]) == len({sample.whole_hash for sample in found.rows["train"]})


@pytest.mark.heavy
@pytest.mark.parametrize("kind", ["w_attrs", "wo_attrs"])
def test_regions_shown_by_an_earlier_split_are_dropped_from_a_later_one(kind: Signature) -> None:
    """Each network is in two splits.

    All of its rows in the later one must go, as well as those of its near relatives.
    """
    parts = Split(ITEMS[:40], ITEMS[30:50], ITEMS[40:60], ())
    vocabulary, _ = build_vocabulary(parts.train, kind)
    found = rows_of(parts, vocabulary)
    seen: dict[str, set[str]] = {"whole": set(), "masked": set()}
    for name in ("train", "validation", "test"):
        hashes = {
            "whole": {s.whole_hash for s in found.rows[name]},
            "masked": {s.masked_hash for s in found.rows[name]},
        }
        assert {"whole": set(), "masked": set()} == {form: hashes[form] & seen[form] for form in seen}
        for form in seen:
            seen[form] |= hashes[form]
    assert found.leaked > 0
    again = {a.graph_id for a in ITEMS[30:40]}
    assert set() == again & {sample.graph_id.rsplit("-c", 1)[0] for sample in found.rows["validation"]}
    total = sum(map(len, found.rows.values())) + found.leaked + found.repeated
    assert total == sum(
        1 for part in (parts.train, parts.validation, parts.operator_test) for _ in _samples(part, vocabulary)
    )


def _samples(part: tuple[Architecture, ...], vocabulary: Vocabulary) -> list[Region]:
    """Regions with at least one known class at the boundary."""
    return [
        region
        for a in part
        for region in regions(a)
        if (vocabulary.encode(a.dag.signatures(vocabulary.signature))[region.nodes[region.masked]] != UNK).any()
    ]


def test_only_the_whole_hash_depends_on_the_answers() -> None:
    """Two cliques joined by one edge, whose source is the target of the second clique's row."""
    joined = [(i, j) for start in (0, 5) for i in range(start, start + 5) for j in range(i + 1, start + 5)] + [(4, 5)]
    dags = [dag_of_edges(10, joined, ["Max"] * 4 + [operator] + ["Max"] * 5) for operator in ("Sum", "Mean", "Sum")]
    vocabulary, _ = build_vocabulary(architectures(*dags), "wo_attrs")
    one, other, again = (rows_of(Split(architectures(d), (), (), ()), vocabulary).rows["train"][1] for d in dags)
    assert ([0], 6) == (one.mask_index.tolist(), len(one.node_feat))
    assert one.masked_hash == other.masked_hash == again.masked_hash
    assert one.whole_hash == again.whole_hash
    assert one.whole_hash != other.whole_hash


@pytest.mark.heavy
def test_only_ids_of_public_rows_reveal_their_architecture() -> None:
    vocabulary, _ = build_vocabulary(ITEMS, "wo_attrs")
    found = rows_of(Split(ITEMS[:60], (), ITEMS[60:], ()), vocabulary, "one")
    other = rows_of(Split(ITEMS[:60], (), ITEMS[60:], ()), vocabulary, "other")
    origin = {a.graph_id for a in ITEMS}
    assert all(sample.graph_id.rsplit("-c", 1)[0] in origin for sample in found.rows["train"])
    hidden = [sample.graph_id for sample in found.rows["test"]]
    assert hidden
    assert all(len(graph_id) == 32 and graph_id not in origin for graph_id in hidden)
    assert set() == set(hidden) & {sample.graph_id for sample in other.rows["test"]}
    assert sorted(hidden) == hidden


def check_independent(chosen: list[Region]) -> None:
    for region in chosen:
        hidden = set(region.nodes[region.masked].tolist())
        for other in chosen:
            assert set() == hidden & set(other.nodes[~other.masked].tolist())


@settings(max_examples=60, deadline=None)
@given(dags(most_nodes=20), st.text(max_size=5))
def test_no_independent_region_shows_the_masked_operators_of_another(dag: Dag, secret: str) -> None:
    (architecture,) = architectures(dag)
    candidates = regions(architecture)
    chosen = independent(candidates, secret)
    check_independent(chosen)
    assert bool(candidates) == bool(chosen)
    numbers = [region.number for region in chosen]
    assert sorted(numbers) == numbers
    for region in candidates:  # none is left out without need
        if region.number not in numbers:
            with pytest.raises(AssertionError):
                check_independent([*chosen, region])


@pytest.mark.parametrize("turn", [lambda r: r, lambda r: r[::-1]], ids=["as found", "reversed"])
def test_independent_regions_depend_on_the_secret_and_not_on_the_order(
    turn: Callable[[list[Region]], list[Region]],
) -> None:
    densenet = max(ITEMS, key=lambda a: a.dag.num_nodes)
    candidates = regions(densenet)
    chosen = [r.number for r in independent(turn(candidates), "one")]
    assert [r.number for r in independent(candidates, "one")] == chosen
    assert [r.number for r in independent(candidates, "other")] != chosen
    assert 1 < len(chosen) < len(candidates)
