"""Architecture groups: what must stay on one side of a split, because it is the same architecture but for details."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import datasketch
import numpy as np

from younger_hf.dataset.architecture import Architecture
from younger_hf.graph.dag import Dag
from younger_hf.graph.identity.fingerprints import node_fingerprints

NEAR_DUPLICATE = 0.9
"""Lowest Jaccard similarity of two architectures' WL labels, as sets or as multisets, of near-duplicates."""
LARGEST_SHARE = 0.1
"""Largest share of all architectures in one group; the similarity is raised until it is kept."""

_PERMUTATIONS = 128
_LOW = (1 << 32) - 1


@dataclass(frozen=True)
class Grouping:
    """Groups of architectures.

    Attributes:
        groups: Group number of each architecture, in their order; numbered by first member.
        threshold: Jaccard similarity that was used in the end; above 1 if only equal skeletons share a group.
        largest: Number of architectures in the largest group.
    """

    groups: tuple[int, ...]
    threshold: float
    largest: int


def group(architectures: Sequence[Architecture]) -> Grouping:
    """Put architectures with the same skeleton, and near-duplicates, into one group.

    Two architectures are near-duplicates if their WL labels (rounds 1 to 3, `wo_attrs`) are, either as sets, which finds the same blocks
    stacked more often, or as multisets, which finds the same stack with another head. Candidates are found by MinHash and confirmed on
    the labels themselves. The similarity starts at `NEAR_DUPLICATE` and is raised until no group holds more than `LARGEST_SHARE` of all.
    """
    labels = [wl_labels(architecture.dag) for architecture in architectures]
    kinds = [[frozenset(counts) for counts in labels], [_numbered(counts) for counts in labels]]
    pairs = [pair for items in kinds for pair in _similar_pairs(items)]
    skeletons: dict[str, int] = {}
    same = [(skeletons.setdefault(a.skeleton_id, index), index) for index, a in enumerate(architectures)]
    limit = max(1, int(len(architectures) * LARGEST_SHARE))
    for threshold in (NEAR_DUPLICATE, 0.92, 0.94, 0.96, 0.98, 1.0, 1.01):
        groups = _union(len(architectures), [*same, *((i, j) for i, j, similarity in pairs if similarity >= threshold)])
        largest = max(Counter(groups).values(), default=0)
        if largest <= limit:
            break
    return Grouping(groups, threshold, largest)


def wl_labels(dag: Dag) -> Counter[int]:
    """How often each WL label of rounds 1 to 3 over `wo_attrs` occurs; labels are 64-bit numbers."""
    labels, counts = np.unique(np.concatenate(node_fingerprints(dag.edge_index, dag.wo_attrs)), return_counts=True)
    return Counter(dict(zip(labels.tolist(), counts.tolist(), strict=True)))


def _numbered(counts: Counter[int]) -> frozenset[int]:
    """A multiset as a set, the occurrences of a label numbered: Jaccard similarity of multisets is that of these."""
    return frozenset(hash((label, number)) for label, count in counts.items() for number in range(count))


def _similar_pairs(items_of: Sequence[frozenset[int]]) -> list[tuple[int, int, float]]:
    """Pairs whose Jaccard similarity is at least `NEAR_DUPLICATE`, with it."""
    index = datasketch.MinHashLSH(threshold=NEAR_DUPLICATE - 0.1, num_perm=_PERMUTATIONS)
    pairs = []
    for number, items in enumerate(items_of):
        sketch = datasketch.MinHash(num_perm=_PERMUTATIONS, seed=1, hashfunc=int)
        sketch.update_batch([item & _LOW for item in items])  # it wants 32 bits; items are random in all of theirs
        for other in sorted(index.query(sketch)):
            union = len(items | items_of[other])
            similarity = len(items & items_of[other]) / union if union else 1.0
            if similarity >= NEAR_DUPLICATE:
                pairs.append((other, number, similarity))
        index.insert(number, sketch)
    return pairs


def _union(size: int, pairs: Sequence[tuple[int, int]]) -> tuple[int, ...]:
    """Connected components, numbered by their smallest member."""
    parent = list(range(size))

    def root(node: int) -> int:
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for first, second in pairs:
        low, high = sorted((root(first), root(second)))
        parent[high] = low
    return tuple(root(node) for node in range(size))
