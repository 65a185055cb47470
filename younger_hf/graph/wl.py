"""Weisfeiler-Lehman hash of a labelled directed graph, bit-identical to networkx's and without its graphs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
import numpy.typing as npt

ITERATIONS = 3
DIGEST_SIZE = 16


def weisfeiler_lehman_hash(
    edge_index: npt.NDArray[np.int32],
    labels: Sequence[str],
    *,
    iterations: int = ITERATIONS,
    digest_size: int = DIGEST_SIZE,
) -> str:
    """Hash a directed graph with node labels, equal for isomorphic graphs.

    The result is that of `networkx.weisfeiler_lehman_graph_hash(G, node_attr=..., iterations, digest_size)` of
    networkx 3.5 and later on the simple digraph: parallel edges count once, predecessors and successors are told
    apart. Each distinct neighbourhood is hashed once.

    Args:
        edge_index: Sources and targets, int [2, E].
        labels: One label a node, length N.
        iterations: Rounds of aggregation, at least 1.
        digest_size: Bytes of every digest, 1 to 64.

    Returns:
        `2 * digest_size` hex digits.
    """
    current = list(labels)
    successors, predecessors = simple_neighbours(edge_index, len(current))
    counts: list[tuple[str, int]] = []
    for _ in range(iterations):
        current = refine(current, successors, predecessors, digest_size)
        counts.extend(sorted(Counter(current).items()))
    return _digest(str(tuple(counts)), digest_size)


def refine(
    labels: Sequence[str],
    successors: Sequence[Sequence[int]],
    predecessors: Sequence[Sequence[int]],
    digest_size: int = DIGEST_SIZE,
) -> list[str]:
    """One round: each node's new label is the digest of its own, its successors' and its predecessors' labels."""
    as_successor = {label: "s_" + label for label in set(labels)}
    as_predecessor = {label: "p_" + label for label in as_successor}
    digests: dict[str, str] = {}
    refined = []
    for label, after, before in zip(labels, successors, predecessors, strict=True):
        text = label
        if after:
            text += "".join(sorted([as_successor[labels[n]] for n in after]))
        if before:
            text += "".join(sorted([as_predecessor[labels[n]] for n in before]))
        digest = digests.get(text)
        if digest is None:
            digest = digests[text] = _digest(text, digest_size)
        refined.append(digest)
    return refined


def simple_neighbours(edge_index: npt.NDArray[np.int32], num_nodes: int) -> tuple[list[list[int]], list[list[int]]]:
    """Successors and predecessors of every node, parallel edges once.

    Returns:
        Two lists of length N.
    """
    successors: list[list[int]] = [[] for _ in range(num_nodes)]
    predecessors: list[list[int]] = [[] for _ in range(num_nodes)]
    for source, target in set(zip(edge_index[0].tolist(), edge_index[1].tolist(), strict=True)):
        successors[source].append(target)
        predecessors[target].append(source)
    return successors, predecessors


def _digest(text: str, digest_size: int) -> str:
    return blake2b(text.encode("ascii", "backslashreplace"), digest_size=digest_size).hexdigest()
