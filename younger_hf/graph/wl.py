"""Weisfeiler-Lehman hash of a labelled directed graph, bit-identical to networkx's and without its graphs.

Labels are handled as ranks: integers that sort as the labels do. Nodes with the same neighbourhood are found by a 64-bit fingerprint, which
is then verified, so that the text of each distinct neighbourhood is put together and hashed once, however many nodes have it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

ITERATIONS = 3
DIGEST_SIZE = 16

Int64Array = npt.NDArray[np.int64]
UInt64Array = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class Labels:
    """A label for every node.

    Attributes:
        names: The distinct labels, sorted.
        ranks: Position of each node's label in `names`, int64 [N].
    """

    names: list[str]
    ranks: Int64Array

    @classmethod
    def of(cls, labels: Sequence[str]) -> Labels:
        """The labels of a sequence."""
        names = sorted(set(labels))
        position = {name: rank for rank, name in enumerate(names)}
        return cls(names, np.array([position[label] for label in labels], dtype=np.int64))


@dataclass(frozen=True)
class Neighbours:
    """The simple neighbours of every node in one direction, as flat arrays.

    Attributes:
        nodes: Neighbours of node 0, then of node 1, and so on, int64 [E].
        owners: Whose neighbours they are, ascending, int64 [E].
        starts: Where each node's neighbours begin in `nodes`, int64 [N + 1].
    """

    nodes: Int64Array
    owners: Int64Array
    starts: Int64Array

    def sorted_ranks(self, ranks: Int64Array, count: int) -> Int64Array:
        """The neighbours' ranks (below `count`), ascending for each owner, int64 [E]."""
        keys = self.owners * count + ranks[self.nodes]
        keys.sort()
        return keys - self.owners * count


def weisfeiler_lehman_hash(
    edge_index: npt.NDArray[np.int32],
    labels: Sequence[str],
    *,
    iterations: int = ITERATIONS,
    digest_size: int = DIGEST_SIZE,
) -> str:
    """Hash a directed graph with node labels, equal for isomorphic graphs.

    The result is that of `networkx.weisfeiler_lehman_graph_hash(G, node_attr=..., iterations, digest_size)` of networkx 3.5 and
    later on the simple digraph: parallel edges count once, predecessors and successors are told apart.

    Args:
        edge_index: Sources and targets, int [2, E].
        labels: One ASCII label a node, length N.
        iterations: Rounds of aggregation, at least 1.
        digest_size: Bytes of every digest, 1 to 64.

    Returns:
        `2 * digest_size` hex digits.
    """
    counts: list[tuple[str, int]] = []
    for round_labels in weisfeiler_lehman_labels(edge_index, labels, iterations=iterations, digest_size=digest_size):
        frequencies = np.bincount(round_labels.ranks, minlength=len(round_labels.names)).tolist()
        counts.extend(zip(round_labels.names, frequencies, strict=True))
    return _digest(str(tuple(counts)), digest_size)


def weisfeiler_lehman_labels(
    edge_index: npt.NDArray[np.int32],
    labels: Sequence[str],
    *,
    iterations: int = ITERATIONS,
    digest_size: int = DIGEST_SIZE,
) -> list[Labels]:
    """The labels after each round of aggregation; arguments as for `weisfeiler_lehman_hash`.

    A node's new label is the digest of its own label, its successors' and its predecessors', each sorted.
    """
    successors, predecessors = simple_neighbours(edge_index, len(labels))
    rounds: list[Labels] = []
    current = Labels.of(labels)
    for _ in range(iterations):
        current = _refine(current, successors, predecessors, digest_size)
        rounds.append(current)
    return rounds


def simple_neighbours(edge_index: npt.NDArray[np.int32], num_nodes: int) -> tuple[Neighbours, Neighbours]:
    """Successors and predecessors of every node, parallel edges once."""
    sources, targets = edge_index.astype(np.int64)
    forward = np.unique(sources * num_nodes + targets)
    sources, targets = np.divmod(forward, max(num_nodes, 1))
    backward = np.argsort(targets, kind="stable")
    return _neighbours(sources, targets, num_nodes), _neighbours(targets[backward], sources[backward], num_nodes)


def _neighbours(owners: Int64Array, nodes: Int64Array, num_nodes: int) -> Neighbours:
    return Neighbours(nodes, owners, np.searchsorted(owners, np.arange(num_nodes + 1)))


def _refine(labels: Labels, successors: Neighbours, predecessors: Neighbours, digest_size: int) -> Labels:
    count = len(labels.names)
    after = successors.sorted_ranks(labels.ranks, count)
    before = predecessors.sorted_ranks(labels.ranks, count)
    own, salt_after, salt_before = _fingerprints(count)
    marks = own[labels.ranks] + _sums(salt_after[after], successors) + _sums(salt_before[before], predecessors)
    _, first, groups = np.unique(marks, return_index=True, return_inverse=True)
    same = first[groups]
    exact = (
        np.array_equal(labels.ranks[same], labels.ranks)
        and _agree(after, successors, same)
        and _agree(before, predecessors, same)
    )
    if not exact:  # two neighbourhoods with one fingerprint: take every node by itself
        first = groups = np.arange(len(labels.ranks))
    texts = _texts(labels, first, (after, successors, "s_"), (before, predecessors, "p_"))
    digests = [_digest(text, digest_size) for text in texts]
    refined = Labels.of(digests)
    return Labels(refined.names, refined.ranks[groups])


def _texts(labels: Labels, nodes: Int64Array, *sides: tuple[Int64Array, Neighbours, str]) -> list[str]:
    """What is hashed for each of some nodes: its label, then its neighbours' on each side with the side's prefix."""
    names = labels.names
    texts = [names[rank] for rank in labels.ranks[nodes].tolist()]
    for ranks, neighbours, prefix in sides:
        prefixed = [prefix + name for name in names]
        in_order = [prefixed[rank] for rank in ranks.tolist()]
        starts, stops = neighbours.starts[nodes].tolist(), neighbours.starts[nodes + 1].tolist()
        texts = [text + "".join(in_order[a:b]) for text, a, b in zip(texts, starts, stops, strict=True)]
    return texts


def _fingerprints(count: int) -> UInt64Array:
    """Three rows of 64-bit numbers that look random, one a rank: for a node's own label, a successor's, a predecessor's."""
    values = np.arange(1, 3 * count + 1, dtype=np.uint64) * np.uint64(
        0x9E3779B97F4A7C15
    )  # splitmix64 (Steele et al. 2014)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    result: UInt64Array = (values ^ (values >> np.uint64(31))).reshape(3, count)
    return result


def _sums(values: UInt64Array, neighbours: Neighbours) -> UInt64Array:
    """Sum of each owner's values modulo 2**64, uint64 [N]."""
    running = np.zeros(len(values) + 1, dtype=np.uint64)
    np.cumsum(values, out=running[1:])
    sums: UInt64Array = running[neighbours.starts[1:]] - running[neighbours.starts[:-1]]
    return sums


def _agree(ranks: Int64Array, neighbours: Neighbours, same: Int64Array) -> bool:
    """Whether every node has the same sorted neighbour ranks as the node that stands for it."""
    degrees = np.diff(neighbours.starts)
    if not np.array_equal(degrees, degrees[same]):
        return False
    shift = neighbours.starts[same] - neighbours.starts[:-1]
    return bool(np.array_equal(ranks, ranks[np.arange(len(ranks)) + shift[neighbours.owners]]))


def _digest(text: str, digest_size: int) -> str:
    return blake2b(text.encode("ascii"), digest_size=digest_size).hexdigest()
