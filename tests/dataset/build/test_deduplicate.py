from __future__ import annotations

from itertools import pairwise

import networkx as nx
import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.dataset.models import LIGHT, chain, dag_of_edges, model_of_edges, network, reordered
from tests.dataset.strategies import dags
from younger_hf import Dag, from_onnx
from younger_hf.dataset.architecture import Provenance
from younger_hf.dataset.build.deduplicate import deduplicate, is_isomorphic

RING = [(i, 6 + j) for i in range(6) for j in (i, (i + 1) % 6)]
"""Six Sums read by six Maxes, each Max reading two, in one ring of twelve."""
TWO_RINGS = [(b + i, 6 + b + j) for b in (0, 3) for i in range(3) for j in (i, (i + 1) % 3)]
"""The same in two rings of six: every node sees the same neighbourhoods as in `RING`."""
RING_OPERATORS = ["Sum"] * 6 + ["Max"] * 6


def read(model: onnx.ModelProto) -> Dag:
    return from_onnx(model.SerializeToString())


def provenance(name: str, **more: object) -> Provenance:
    return Provenance("hub", name, **more)


@pytest.mark.parametrize("seed", range(5))
def test_isomorphic_copies_merge_and_keep_every_source(seed: int) -> None:
    model = network(seed)
    first, second = read(model), read(reordered(model, seed))
    result = deduplicate([(second, provenance("b")), (chain("Relu"), provenance("c")), (first, provenance("a"))])
    assert {(provenance("a"), provenance("b")), (provenance("c"),)} == {a.sources for a in result.architectures}
    assert (3, 0) == (result.num_models, result.hash_collisions)


def test_a_renumbered_resnet_is_the_same_architecture() -> None:
    (path,) = [path for path in LIGHT if "resnet" in path.name]
    model = onnx.load(path)
    first, second = read(model), read(reordered(model, 1))
    assert first.op_types != second.op_types
    assert 1 == len(deduplicate([(first, provenance("a")), (second, provenance("b"))]).architectures)


def test_another_attribute_is_another_architecture_with_the_same_skeleton() -> None:
    dags = [chain("Softmax", "Relu", axis=axis) for axis in (0, 1)]
    result = deduplicate((dag, provenance(str(i))) for i, dag in enumerate(dags))
    assert 2 == len({a.graph_id for a in result.architectures})
    assert 1 == len({a.skeleton_id for a in result.architectures})


def test_graphs_that_wl_cannot_tell_apart_stay_two_variants() -> None:
    ring, rings = (dag_of_edges(12, edges, RING_OPERATORS) for edges in (RING, TWO_RINGS))
    assert ring.wl_hash("w_attrs") == rings.wl_hash("w_attrs")
    models = [(rings, provenance("b")), (ring, provenance("a"))]
    models += [(read(reordered(model_of_edges(12, RING, RING_OPERATORS), 3)), provenance("c"))]
    result = deduplicate(models)
    digest = ring.wl_hash("w_attrs")
    expected = [(digest, (provenance("a"), provenance("c"))), (f"{digest}-1", (provenance("b"),))]
    assert expected == [(a.graph_id, a.sources) for a in result.architectures]
    assert 1 == result.hash_collisions


@settings(max_examples=30, deadline=None)
@given(st.permutations(range(8)))
def test_the_order_of_the_models_does_not_matter(order: list[int]) -> None:
    model = network(3)
    models = [
        (read(model), provenance("same")),
        (read(reordered(model, 1)), provenance("same")),  # only what the Dags hold tells these apart
        (read(reordered(model, 2)), provenance("same", downloads=5)),
        (read(model), provenance("other", likes=1)),
        (dag_of_edges(12, RING, RING_OPERATORS), provenance("ring")),
        (dag_of_edges(12, TWO_RINGS, RING_OPERATORS), provenance("ring")),
        (chain("Relu"), provenance("x")),
        (chain("Relu"), provenance("x", licence="MIT")),
    ]
    assert deduplicate(models) == deduplicate([models[i] for i in order])


def test_the_direction_of_data_flows_counts() -> None:
    one_to_two, two_to_one = dag_of_edges(3, [(0, 1), (0, 2)], ["Sum"]), dag_of_edges(3, [(0, 2), (1, 2)], ["Sum"])
    assert not is_isomorphic(one_to_two, two_to_one)
    ring = dag_of_edges(12, RING, RING_OPERATORS)
    turned = [(11 - target, 11 - source) for source, target in RING]
    assert is_isomorphic(ring, dag_of_edges(12, turned, RING_OPERATORS))
    assert not is_isomorphic(ring, dag_of_edges(12, turned, RING_OPERATORS[::-1]))


@settings(max_examples=150, deadline=None)
@given(dags(most_nodes=5, operators=2), dags(most_nodes=5, operators=2))
def test_isomorphism_is_that_of_networkx(first: Dag, second: Dag) -> None:
    one, other = (nx.DiGraph(dag.to_networkx()) for dag in (first, second))
    expected = nx.is_isomorphic(one, other, node_match=lambda a, b: a["w_attrs"] == b["w_attrs"])
    assert expected == is_isomorphic(first, second)


@settings(max_examples=100, deadline=None)
@given(dags(operators=2), st.randoms(use_true_random=False))
def test_a_renumbered_dag_is_isomorphic(dag: Dag, random: object) -> None:
    renumbered = dag_of_edges(*_renumbered(dag, random))
    assert is_isomorphic(dag, renumbered)
    assert dag.wl_hash("w_attrs") == renumbered.wl_hash("w_attrs")


def test_many_equal_branches_take_no_time() -> None:
    """A plain backtracking search (VF2) does not come to an end here."""
    branches, length = 40, 30
    edges, ends, count = [], [], 1
    for _ in range(branches):
        steps = [0, *range(count, count + length)]
        edges += pairwise(steps)
        ends.append(steps[-1])
        count += length
    edges += [(end, count) for end in ends]
    model = model_of_edges(count + 1, edges, ["Sum"])
    first, second = read(model), read(reordered(model, 7))
    assert not np.array_equal(first.edge_index, second.edge_index)
    assert is_isomorphic(first, second)


def _renumbered(dag: Dag, random: object) -> tuple[int, list[tuple[int, int]], list[str]]:
    """The Dag's nodes in a random topological order."""
    graph = nx.DiGraph(dag.edge_index.T.tolist())
    graph.add_nodes_from(range(dag.num_nodes))
    keys = list(range(dag.num_nodes))
    random.shuffle(keys)
    order = list(nx.lexicographical_topological_sort(graph, key=keys.__getitem__))
    position = {node: i for i, node in enumerate(order)}
    edges = [(position[source], position[target]) for source, target in dag.edge_index.T.tolist()]
    return dag.num_nodes, edges, [dag.op_types[node] for node in order]
