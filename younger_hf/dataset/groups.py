"""Architecture groups: what must stay on one side of a split, because it is the same architecture but for details."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import datasketch

from younger_hf.dataset.architecture import Architecture
from younger_hf.graph.dag import Dag
from younger_hf.graph.wl import refine, simple_neighbours

NEAR_DUPLICATE = 0.9
"""Lowest Jaccard similarity of two architectures' WL labels at which they count as near-duplicates."""
LARGEST_SHARE = 0.1
"""Largest share of all architectures in one group; the similarity is raised until it is kept."""

_ROUNDS = 3
_PERMUTATIONS = 128


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

    Near-duplicates are found by MinHash over the set of WL labels (rounds 1 to 3, `wo_attrs`) and confirmed on the
    sets themselves. The similarity starts at `NEAR_DUPLICATE` and is raised until no group holds more than
    `LARGEST_SHARE` of all.
    """
    labels = [wl_labels(architecture.dag) for architecture in architectures]
    pairs = _similar_pairs(labels)
    skeletons: dict[str, int] = {}
    same = [(skeletons.setdefault(a.skeleton_id, index), index) for index, a in enumerate(architectures)]
    limit = max(1, int(len(architectures) * LARGEST_SHARE))
    for threshold in (NEAR_DUPLICATE, 0.92, 0.94, 0.96, 0.98, 1.0, 1.01):
        groups = _union(len(architectures), [*same, *((i, j) for i, j, similarity in pairs if similarity >= threshold)])
        largest = max((groups.count(number) for number in set(groups)), default=0)
        if largest <= limit:
            break
    return Grouping(groups, threshold, largest)


def wl_labels(dag: Dag) -> frozenset[str]:
    """The set of WL labels of rounds 1 to 3 over `wo_attrs`: what neighbourhoods there are, not how many."""
    successors, predecessors = simple_neighbours(dag.edge_index, dag.num_nodes)
    current: Sequence[str] = dag.wo_attrs
    found: set[str] = set()
    for _ in range(_ROUNDS):
        current = refine(current, successors, predecessors)
        found.update(current)
    return frozenset(found)


def _similar_pairs(labels: Sequence[frozenset[str]]) -> list[tuple[int, int, float]]:
    index = datasketch.MinHashLSH(threshold=NEAR_DUPLICATE - 0.1, num_perm=_PERMUTATIONS)
    pairs = []
    for number, items in enumerate(labels):
        sketch = datasketch.MinHash(num_perm=_PERMUTATIONS, seed=1)
        sketch.update_batch([item.encode() for item in sorted(items)])
        for other in sorted(index.query(sketch)):
            union = len(items | labels[other])
            similarity = len(items & labels[other]) / union if union else 1.0
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
