"""The data-flow task: tell held-out data flows from pairs of operators without one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from younger_hf.arrays import Int32Array
from younger_hf.dataset.architecture import Architecture
from younger_hf.dataset.partition import keyed_order
from younger_hf.graph.dag import Dag

OperatorPair = tuple[str, str]

HELD_OUT = 0.2
"""Share of an architecture's data flows that are held out."""
MOST_HELD_OUT = 2000
"""Most data flows held out of one architecture."""
FEWEST_EDGES = 5
"""Architectures with fewer data flows are left out of the task."""
HOPS = 3
"""Largest undirected distance of a plausible pair."""


@dataclass(frozen=True)
class HeldOut:
    """The data-flow sample of one architecture; the same for every vocabulary.

    Attributes:
        nodes: The architecture's node at each position of the row, int32 [N]. The order is random:
            in the file's own, most data flows run from one node to the next, which would reveal
            them.
        edge_index: Data flows left for message passing, as positions in the row, int32 [2, E].
        pair_index: Held-out data flows and as many pairs without one, in the order of their
            positions, int32 [2, P].
        y: 1 for data flows, 0 for others, int32 [P].
    """

    nodes: Int32Array
    edge_index: Int32Array
    pair_index: Int32Array
    y: Int32Array


def operator_pairs(architectures: Iterable[Architecture]) -> frozenset[OperatorPair]:
    """Pairs of adjacent operators in any of these architectures (`wo_attrs` signatures)."""
    return frozenset(
        (a.dag.wo_attrs[source], a.dag.wo_attrs[target])
        for a in architectures
        for source, target in a.dag.edge_index.T.tolist()
    )


def hold_out(architecture: Architecture, known_pairs: frozenset[OperatorPair], secret: str) -> HeldOut | None:
    """Hold out 20% of an architecture's data flows and draw as many pairs without one.

    Half of the negatives are uniform over ordered pairs of distinct nodes without a data flow; the
    other half are plausible: forward in topological order, within 3 hops, and of operators that
    follow each other elsewhere. Where plausible pairs are too few, uniform ones take their place.

    Args:
        architecture: The architecture.
        known_pairs: Operators that follow each other in training.
        secret: Decides which data flows are held out.

    Returns:
        The sample; None if the architecture has fewer than 5 distinct data flows.
    """
    dag = architecture.dag
    edges = np.unique(dag.edge_index, axis=1)
    if edges.shape[1] < FEWEST_EDGES:
        return None
    rng = np.random.default_rng(np.frombuffer(keyed_order(secret, "dataflow", architecture.graph_id), dtype=np.uint32))
    count = min(max(1, round(edges.shape[1] * HELD_OUT)), MOST_HELD_OUT)
    held = np.zeros(edges.shape[1], dtype=bool)
    held[rng.choice(edges.shape[1], count, replace=False)] = True
    taken = set(zip(*edges.tolist(), strict=True))
    negatives = _plausible(dag, known_pairs, taken, count // 2, rng)
    negatives += uniform_pairs(dag.num_nodes, taken | set(negatives), count - len(negatives), rng)
    pairs = np.concatenate([edges[:, held], np.array(negatives, dtype=np.int32).reshape(-1, 2).T], axis=1)
    y = np.repeat(np.array([1, 0], dtype=np.int32), [count, len(negatives)])
    nodes = rng.permutation(dag.num_nodes)
    position = np.argsort(nodes).astype(np.int32)
    rest = np.unique(position[edges[:, ~held]], axis=1)
    pairs = position[pairs]
    order = np.lexsort(
        pairs[::-1]
    )  # positions are random, so their order reveals nothing, and sorted ones compress better
    return HeldOut(nodes.astype(np.int32), rest, pairs[:, order], y[order])


def uniform_pairs(
    num_nodes: int, taken: set[tuple[int, int]], count: int, rng: np.random.Generator
) -> list[tuple[int, int]]:
    """Draw `count` distinct ordered pairs of distinct nodes uniformly, without those taken.

    Return all pairs that are left if there are fewer.
    """
    possible = num_nodes * (num_nodes - 1) - len(taken)
    drawn: dict[tuple[int, int], None] = {}
    while len(drawn) < min(count, possible):
        for source, target in rng.integers(num_nodes, size=(2 * count, 2)).tolist():
            if source != target and (source, target) not in taken and len(drawn) < count:
                drawn[source, target] = None
    return list(drawn)


def _plausible(
    dag: Dag, known_pairs: frozenset[OperatorPair], taken: set[tuple[int, int]], count: int, rng: np.random.Generator
) -> list[tuple[int, int]]:
    neighbours: list[set[int]] = [set() for _ in range(dag.num_nodes)]
    for source, target in taken:
        neighbours[source].add(target)
        neighbours[target].add(source)
    found: list[tuple[int, int]] = []
    for source in rng.permutation(dag.num_nodes).tolist():
        if len(found) >= count:
            break
        candidates = [
            target
            for target in sorted(_ball(source, neighbours))
            if dag.levels[target] > dag.levels[source]
            and (source, target) not in taken
            and (dag.wo_attrs[source], dag.wo_attrs[target]) in known_pairs
        ]
        if candidates:
            found.append((source, candidates[int(rng.integers(len(candidates)))]))
    return found


def _ball(center: int, neighbours: list[set[int]]) -> set[int]:
    """Nodes within `HOPS` undirected hops."""
    reached = {center}
    front = {center}
    for _ in range(HOPS):
        front = set().union(*(neighbours[node] for node in front)) - reached
        reached |= front
    return reached - {center}
