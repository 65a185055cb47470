"""Weisfeiler-Lehman hash of a labelled directed graph, bit-identical to networkx's and without its graphs.

Nodes whose labels will be equal after the last round are found first, by 64-bit fingerprints of their surroundings, and only one node of
each such class is hashed. Fingerprints only propose the classes: in every round each node is compared with the one that stands for it, and
if two differ, all nodes are hashed one by one. So are those of small graphs, where that is faster.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

ITERATIONS = 3
DIGEST_SIZE = 16
FEW = 60
"""Most nodes of a graph that is hashed node by node; measured: here both ways take the same time on parts of real models."""

LARGEST_TEXT = 1 << 26
"""Most characters of all nodes' labels and neighbours' labels that are put together at once."""

_ODD = np.array([0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB], dtype=np.uint64)
_SEPARATOR = b"\xff"  # in no ASCII label

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
        return cls(names, np.fromiter(map(position.__getitem__, labels), np.int64, len(labels)))


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

    def sums(self, values: UInt64Array) -> UInt64Array:
        """Sum of the values [N] of each node's neighbours modulo 2**64, uint64 [N]."""
        running = np.zeros(len(self.nodes) + 1, dtype=np.uint64)
        np.cumsum(values[self.nodes], out=running[1:])
        running = running[self.starts]
        sums: UInt64Array = running[1:] - running[:-1]
        return sums


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

    Raises:
        UnicodeEncodeError: If a label is not ASCII.
    """
    counts: list[str] = []
    for current in weisfeiler_lehman_labels(edge_index, labels, iterations=iterations, digest_size=digest_size):
        frequencies = np.bincount(current.ranks).tolist()
        counts += [f"('{name}', {count})" for name, count in zip(current.names, frequencies, strict=True)]
    histogram = f"({', '.join(counts)}{',' if len(counts) == 1 else ''})"  # as Python prints a tuple of pairs
    return _digests([histogram.encode("ascii")], digest_size)[0]


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
    rounds = None
    lengths = np.fromiter(map(len, labels), dtype=np.int64, count=len(labels))
    if len(labels) > FEW and lengths.sum() + lengths[edge_index].sum() <= LARGEST_TEXT:
        first, sides = Labels.of(labels), simple_neighbours(edge_index, len(labels))
        same = first_of_equal(fingerprints(first.ranks.astype(np.uint64), *sides, iterations)[-1])
        rounds = labels_by_class(first, *sides, same, iterations, digest_size)
    return rounds or labels_by_node(edge_index, labels, iterations, digest_size)


def labels_by_node(
    edge_index: npt.NDArray[np.int32], labels: Sequence[str], iterations: int, digest_size: int
) -> list[Labels]:
    """The labels after each round, every node hashed; arguments as for `weisfeiler_lehman_hash`."""
    successors: list[list[int]] = [[] for _ in labels]
    predecessors: list[list[int]] = [[] for _ in labels]
    for source, target in set(zip(*edge_index.tolist(), strict=True)):
        successors[source].append(target)
        predecessors[target].append(source)
    rounds: list[Labels] = []
    for _ in range(iterations):
        s_names, p_names = ["s_" + name for name in labels], ["p_" + name for name in labels]
        texts = (
            name
            + "".join(sorted([s_names[node] for node in after]))
            + "".join(sorted([p_names[node] for node in before]))
            for name, after, before in zip(labels, successors, predecessors, strict=True)
        )
        labels = _digests((text.encode("ascii") for text in texts), digest_size)
        rounds.append(Labels.of(labels))
    return rounds


def labels_by_class(
    labels: Labels,
    successors: Neighbours,
    predecessors: Neighbours,
    same: Int64Array,
    iterations: int,
    digest_size: int,
) -> list[Labels] | None:
    """The labels after each round, one node of each class hashed.

    Args:
        labels: The labels to begin with.
        successors: Each node's successors.
        predecessors: Each node's predecessors.
        same: The node that stands for each node, and for itself, int64 [N].
        iterations: Rounds of aggregation.
        digest_size: Bytes of every digest.

    Returns:
        The labels; None if the labels around a node are not those around the node that stands for it.

    Raises:
        UnicodeEncodeError: If a label is not ASCII.
    """
    "".join(labels.names).encode("ascii")  # raises here, or the separator might be in a label
    nodes = np.arange(len(same))
    # Every node, its successors and its predecessors: once a round their ranks are sorted within these segments.
    members = np.concatenate([nodes, successors.nodes, predecessors.nodes])
    segments = np.concatenate([3 * nodes, 3 * successors.owners + 1, 3 * predecessors.owners + 2])
    starts = np.arange(len(same) + 1) + successors.starts + predecessors.starts
    sizes = starts[1:] - starts[:-1]
    if (sizes != sizes[same]).any():
        return None
    bases = np.repeat(3 * nodes, sizes)
    positions = np.arange(len(members))
    positions_of_same = positions + np.repeat(starts[same] - starts[:-1], sizes)
    hashed = np.flatnonzero(positions_of_same == positions)
    classes = (np.cumsum(same == nodes) - 1)[same]
    separator = _SEPARATOR.decode("latin-1")
    rounds: list[Labels] = []
    for _ in range(iterations):
        names = labels.names
        keys = segments * len(names) + labels.ranks[members]
        keys.sort()
        keys -= bases * len(names)
        if (keys != keys[positions_of_same]).any():
            return None
        words = [prefix + name for prefix in (separator, "s_", "p_") for name in names]
        texts = "".join([words[key] for key in keys[hashed].tolist()]).encode("latin-1").split(_SEPARATOR)[1:]
        of_classes = Labels.of(_digests(texts, digest_size))
        labels = Labels(of_classes.names, of_classes.ranks[classes])
        rounds.append(labels)
    return rounds


def fingerprints(
    marks: UInt64Array, successors: Neighbours, predecessors: Neighbours, iterations: int
) -> list[UInt64Array]:
    """Numbers that are equal for nodes with equal labels after each round, and for others hardly ever; `iterations` times uint64 [N]."""
    own, after, before = _ODD
    rounds = []
    for _ in range(iterations):
        values = mixed(marks)
        marks = values * own + successors.sums(values) * after + predecessors.sums(values) * before
        rounds.append(marks)
    return rounds


def simple_neighbours(edge_index: npt.NDArray[np.int32], num_nodes: int) -> tuple[Neighbours, Neighbours]:
    """Successors and predecessors of every node, parallel edges once."""
    sources, targets = edge_index.astype(np.int64)
    return _neighbours(sources, targets, num_nodes), _neighbours(targets, sources, num_nodes)


def _neighbours(owners: Int64Array, nodes: Int64Array, num_nodes: int) -> Neighbours:
    keys = owners * num_nodes + nodes
    keys.sort()
    keys = keys[_begins(keys)]
    owners = keys // max(num_nodes, 1)
    starts = np.zeros(num_nodes + 1, dtype=np.int64)
    np.cumsum(np.bincount(owners, minlength=num_nodes), out=starts[1:])
    return Neighbours(keys - owners * num_nodes, owners, starts)


def first_of_equal(values: UInt64Array) -> Int64Array:
    """For each value the position of one that equals it, the same one for all that do, int64 [N]."""
    order = values.argsort()
    begins = _begins(values[order])
    same = np.empty_like(order)
    same[order] = order[begins][np.cumsum(begins) - 1]
    return same


def _begins(ascending: npt.NDArray[np.integer]) -> npt.NDArray[np.bool_]:
    """Where a value differs from the one before it."""
    begins = np.ones(len(ascending), dtype=np.bool_)
    np.not_equal(ascending[1:], ascending[:-1], out=begins[1:])
    return begins


def mixed(values: UInt64Array) -> UInt64Array:
    """Numbers that look random, one for each different value (splitmix64, Steele et al. 2014)."""
    values = values + _ODD[0]
    values ^= values >> np.uint64(30)
    values *= _ODD[1]
    values ^= values >> np.uint64(27)
    values *= _ODD[2]
    values ^= values >> np.uint64(31)
    return values


def _digests(texts: Iterable[bytes], digest_size: int) -> list[str]:
    """The BLAKE2b digest of each text in hex digits."""
    fresh = blake2b(digest_size=digest_size).copy  # copying is faster than making
    digests = []
    for text in texts:
        digest = fresh()
        digest.update(text)
        digests.append(digest.hexdigest())
    return digests
