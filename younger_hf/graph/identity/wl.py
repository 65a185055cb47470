"""Weisfeiler-Lehman hash of a labelled directed graph, bit-identical to networkx's.

64-bit fingerprints first propose which nodes will have equal labels after the last round, and only
one node of each such class is hashed. The proposal is verified: in every round each node is
compared with the representative of its class, and if any two differ, every node is hashed by
itself. So are the nodes of small graphs, for which that is faster.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

from younger_hf.arrays import BoolArray, Int32Array, IntArray, Ragged, offsets_of

ITERATIONS = 3
DIGEST_SIZE = 16
SMALL = 60
"""Maximum nodes of a graph whose nodes are all hashed.

Both methods take the same time here on parts of real models.
"""

LARGEST_TEXT = 1 << 26
"""Maximum characters of the labels of all nodes and their neighbours that are joined at once."""

_MULTIPLIERS = np.array([0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB], dtype=np.uint64)
_SEPARATOR = b"\xff"  # occurs in no ASCII label

UInt64Array = npt.NDArray[np.uint64]
Neighbours = Ragged[np.int64]
"""The distinct neighbours of every node in one direction."""


@dataclass(frozen=True)
class Labels:
    """A label for every node.

    Attributes:
        names: The distinct labels, sorted.
        ranks: Position of each node's label in `names`, int64 [N].
    """

    names: list[str]
    ranks: IntArray

    @classmethod
    def of(cls, labels: Sequence[str]) -> Labels:
        """Rank the labels of a sequence."""
        names = sorted(set(labels))
        position = {name: rank for rank, name in enumerate(names)}
        return cls(names, np.fromiter(map(position.__getitem__, labels), np.int64, len(labels)))


def weisfeiler_lehman_hash(
    edge_index: Int32Array,
    labels: Sequence[str],
    *,
    iterations: int = ITERATIONS,
    digest_size: int = DIGEST_SIZE,
) -> str:
    """Hash a directed graph with node labels, equal for isomorphic graphs.

    The result equals `networkx.weisfeiler_lehman_graph_hash(G, node_attr=..., iterations,
    digest_size)` of networkx 3.5 and later on the simple digraph: parallel edges count once, and
    predecessors are distinguished from successors.

    Args:
        edge_index: Sources and targets, int [2, E].
        labels: One ASCII label per node, length N.
        iterations: Rounds of aggregation, at least 1.
        digest_size: Bytes of each digest, 1 to 64.

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
    edge_index: Int32Array,
    labels: Sequence[str],
    *,
    iterations: int = ITERATIONS,
    digest_size: int = DIGEST_SIZE,
) -> list[Labels]:
    """Compute the labels after each round of aggregation.

    Arguments as for `weisfeiler_lehman_hash`.

    A node's new label is the digest of its own label and the sorted labels of its successors and of
    its predecessors.
    """
    rounds = None
    lengths = np.fromiter(map(len, labels), dtype=np.int64, count=len(labels))
    if len(labels) > SMALL and lengths.sum() + lengths[edge_index].sum() <= LARGEST_TEXT:
        first, sides = Labels.of(labels), simple_neighbours(edge_index, len(labels))
        same = representatives(fingerprints(first.ranks.astype(np.uint64), *sides, iterations)[-1])
        rounds = labels_by_class(first, *sides, same, iterations, digest_size)
    return rounds or labels_by_node(edge_index, labels, iterations, digest_size)


def labels_by_node(edge_index: Int32Array, labels: Sequence[str], iterations: int, digest_size: int) -> list[Labels]:
    """Compute the labels by hashing every node; arguments as for `weisfeiler_lehman_hash`."""
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
    same: IntArray,
    iterations: int,
    digest_size: int,
) -> list[Labels] | None:
    """Compute the labels after each round by hashing one node of each class.

    Args:
        labels: The initial labels.
        successors: Successors of each node.
        predecessors: Predecessors of each node.
        same: Representative of each node's class; a representative's own is itself, int64 [N].
        iterations: Rounds of aggregation.
        digest_size: Bytes of each digest.

    Returns:
        The labels; None if a node's surroundings differ from those of its representative.

    Raises:
        UnicodeEncodeError: If a label is not ASCII.
    """
    "".join(labels.names).encode("ascii")  # raises if the separator could occur in a label
    nodes = np.arange(len(same))
    # Each node has three segments: itself, its successors and its predecessors. In every round the
    # ranks are sorted within each segment.
    members = np.concatenate([nodes, successors.values, predecessors.values])
    segments = np.concatenate([3 * nodes, 3 * successors.row_of_value() + 1, 3 * predecessors.row_of_value() + 2])
    starts = np.arange(len(same) + 1) + successors.offsets + predecessors.offsets
    sizes = starts[1:] - starts[:-1]
    if (sizes != sizes[same]).any():
        return None
    bases = np.repeat(3 * nodes, sizes)
    positions = np.arange(len(members))
    positions_in_same = positions + np.repeat(starts[same] - starts[:-1], sizes)
    hashed = np.flatnonzero(positions_in_same == positions)
    classes = (np.cumsum(same == nodes) - 1)[same]
    separator = _SEPARATOR.decode("latin-1")
    rounds: list[Labels] = []
    for _ in range(iterations):
        names = labels.names
        keys = segments * len(names) + labels.ranks[members]
        keys.sort()
        keys -= bases * len(names)
        if (keys != keys[positions_in_same]).any():
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
    """Compute a number for each node and round, equal for equal labels and rarely for others.

    Args:
        marks: A number for each node's initial label, uint64 [N].
        successors: Successors of each node.
        predecessors: Predecessors of each node.
        iterations: Rounds of aggregation.

    Returns:
        One array per round, uint64 [N].
    """
    own, after, before = _MULTIPLIERS
    rounds = []
    for _ in range(iterations):
        values = splitmix64(marks)
        marks = (
            values * own + neighbour_sums(successors, values) * after + neighbour_sums(predecessors, values) * before
        )
        rounds.append(marks)
    return rounds


def neighbour_sums(neighbours: Neighbours, values: UInt64Array) -> UInt64Array:
    """Sum the values [N] of each node's neighbours modulo 2**64, uint64 [N]."""
    running = np.zeros(len(neighbours.values) + 1, dtype=np.uint64)
    np.cumsum(values[neighbours.values], out=running[1:])
    running = running[neighbours.offsets]
    sums: UInt64Array = running[1:] - running[:-1]
    return sums


def simple_neighbours(edge_index: Int32Array, num_nodes: int) -> tuple[Neighbours, Neighbours]:
    """Find the successors and the predecessors of every node; parallel edges count once."""
    sources, targets = edge_index.astype(np.int64)
    return _neighbours(sources, targets, num_nodes), _neighbours(targets, sources, num_nodes)


def _neighbours(owners: IntArray, nodes: IntArray, num_nodes: int) -> Neighbours:
    keys = owners * num_nodes + nodes
    keys.sort()
    keys = keys[_run_starts(keys)]
    owners = keys // max(num_nodes, 1)
    return Ragged(keys - owners * num_nodes, offsets_of(np.bincount(owners, minlength=num_nodes)))


def representatives(values: UInt64Array) -> IntArray:
    """Find for each value the position of an equal one, the same for all, int64 [N]."""
    order = values.argsort()
    starts = _run_starts(values[order])
    same = np.empty_like(order)
    same[order] = order[starts][np.cumsum(starts) - 1]
    return same


def _run_starts(ascending: npt.NDArray[np.integer]) -> BoolArray:
    """Whether each value differs from the one before it."""
    starts = np.ones(len(ascending), dtype=np.bool_)
    np.not_equal(ascending[1:], ascending[:-1], out=starts[1:])
    return starts


def splitmix64(values: UInt64Array) -> UInt64Array:
    """Scramble numbers one to one (SplitMix64, Steele et al. 2014)."""
    values = values + _MULTIPLIERS[0]
    values ^= values >> np.uint64(30)
    values *= _MULTIPLIERS[1]
    values ^= values >> np.uint64(27)
    values *= _MULTIPLIERS[2]
    values ^= values >> np.uint64(31)
    return values


def _digests(texts: Iterable[bytes], digest_size: int) -> list[str]:
    """The BLAKE2b digest of each text as hex digits."""
    fresh = blake2b(digest_size=digest_size).copy  # copying is faster than constructing
    digests = []
    for text in texts:
        digest = fresh()
        digest.update(text)
        digests.append(digest.hexdigest())
    return digests
