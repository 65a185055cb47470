from __future__ import annotations

from collections import Counter
from itertools import combinations

import networkx as nx
import pytest

from tests.dataset.models import architectures, chain, models, network
from younger_hf import Dag, from_onnx
from younger_hf.dataset.build.deduplicate import deduplicate
from younger_hf.dataset.build.groups import LARGEST_SHARE, NEAR_DUPLICATE, group, wl_labels

UNARY = ["Relu", "Sigmoid", "Tanh", "Neg", "Abs", "Exp", "Sqrt", "Elu", "Selu", "Softplus"]


def distinct(count: int) -> list[Dag]:
    """Generated networks of which no two are near-duplicates."""
    return [from_onnx(network(seed).SerializeToString()) for seed in range(count)]


def jaccard(first: Counter[int], second: Counter[int]) -> float:
    """The larger of the similarities as sets and as multisets."""
    as_sets = len(set(first) & set(second)) / len(set(first) | set(second))
    return max(as_sets, (first & second).total() / (first | second).total())


def block(*op_types: str, times: int) -> Dag:
    return chain(*(list(op_types) * times))


def test_architectures_with_the_same_skeleton_share_a_group() -> None:
    dags = [chain("Softmax", "Relu", axis=axis) for axis in (0, 1)]
    found = group(architectures(dags[0], *distinct(30), dags[1]))
    assert found.groups[0] == found.groups[-1]
    assert 31 == len(set(found.groups))


def test_a_deeper_stack_of_the_same_blocks_is_a_near_duplicate() -> None:
    stacks = [block("Relu", "Tanh", "Neg", "Abs", times=times) for times in (10, 12)]
    found = group(architectures(*stacks, *distinct(30)))
    assert stacks[0].wl_hash("wo_attrs") != stacks[1].wl_hash("wo_attrs")
    assert (NEAR_DUPLICATE, found.groups[0]) == (found.threshold, found.groups[1])
    assert 31 == len(set(found.groups))


def test_a_long_stack_with_another_head_is_a_near_duplicate() -> None:
    stacks = [chain(*["Relu", "Tanh", "Neg", "Abs"] * 40, *head) for head in (["Exp"], ["Sqrt", "Elu", "Selu"])]
    found = group(architectures(*stacks, *distinct(30)))
    assert found.groups[0] == found.groups[1]


def test_groups_are_the_connected_components_of_all_similar_pairs() -> None:
    """Every pair compared: MinHash finds candidates only."""
    items = deduplicate(models()).architectures
    found = group(items)
    labels = [wl_labels(a.dag) for a in items]
    graph = nx.Graph()
    graph.add_nodes_from(range(len(items)))
    graph.add_edges_from(
        (i, j)
        for i, j in combinations(range(len(items)), 2)
        if items[i].skeleton_id == items[j].skeleton_id or jaccard(labels[i], labels[j]) >= found.threshold
    )
    expected = {frozenset(part) for part in nx.connected_components(graph)}
    members: dict[int, set[int]] = {}
    for index, number in enumerate(found.groups):
        members.setdefault(number, set()).add(index)
    assert expected == {frozenset(part) for part in members.values()}
    assert found.largest == max(map(len, members.values()))


def test_the_threshold_is_raised_until_no_group_is_too_large() -> None:
    """Six long chains that differ by one operator have a similarity between .9 and 1."""
    body = UNARY * 30
    alike = [chain(*body[:150], *["Ceil", "Floor"] * i, *body[150:]) for i in range(6)]
    items = architectures(*alike, *distinct(34))
    assert min(jaccard(wl_labels(a), wl_labels(b)) for a, b in combinations(alike, 2)) > NEAR_DUPLICATE
    found = group(items)
    assert found.threshold > NEAR_DUPLICATE
    assert found.largest == max(Counter(found.groups).values())
    assert found.largest <= LARGEST_SHARE * len(items)


def test_equal_skeletons_stay_together_however_many_they_are() -> None:
    same = [chain("Softmax", "Transpose", axis=axis) for axis in range(5)]
    found = group(architectures(*same, *distinct(10)))
    assert found.threshold > 1
    assert {found.groups[0]} == set(found.groups[:5])
    assert 5 == found.largest


@pytest.mark.parametrize("seed", range(3))
def test_labels_count_every_node_in_every_round(seed: int) -> None:
    dag = from_onnx(network(seed).SerializeToString())
    assert 3 * dag.num_nodes == wl_labels(dag).total()
