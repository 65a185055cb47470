"""Groups of near-identical architectures, each of which must stay on one side of a split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import datasketch
import numpy as np
from networkx.utils import UnionFind

from younger_hf.dataset.architecture import Architecture
from younger_hf.graph.dag import Dag
from younger_hf.graph.identity.fingerprints import node_fingerprints

NEAR_DUPLICATE = 0.9
"""Lowest Jaccard similarity of near-duplicates' WL labels, as sets or as multisets."""
LARGEST_SHARE = 0.1
"""Largest share of all architectures in one group.

The required similarity is raised until no group is larger.
"""

_PERMUTATIONS = 128
_LOW = (1 << 32) - 1


@dataclass(frozen=True)
class Grouping:
    """Groups of architectures.

    Attributes:
        groups: Group number of each architecture, in their order: the position of its first member.
        threshold: Jaccard similarity that was used in the end; above 1 if only equal skeletons
            share a group.
        largest: Number of architectures in the largest group.
    """

    groups: tuple[int, ...]
    threshold: float
    largest: int


def group(architectures: Sequence[Architecture]) -> Grouping:
    """Put architectures with the same skeleton, and near-duplicates, into one group.

    Two architectures are near-duplicates if their WL labels (rounds 1 to 3, `wo_attrs`) are
    similar, either as sets, which finds deeper stacks of the same blocks, or as multisets, which
    finds the same stack with another head. MinHash finds candidates, which are confirmed on the
    labels themselves. The similarity starts at `NEAR_DUPLICATE` and is raised until no group holds
    more than `LARGEST_SHARE` of all.
    """
    labels = [wl_labels(architecture.dag) for architecture in architectures]
    kinds = [[frozenset(counts) for counts in labels], [_numbered(counts) for counts in labels]]
    pairs = [pair for items in kinds for pair in _similar_pairs(items)]
    skeletons: dict[str, int] = {}
    same = [(skeletons.setdefault(a.skeleton_id, index), index) for index, a in enumerate(architectures)]
    limit = max(1, int(len(architectures) * LARGEST_SHARE))
    for threshold in (NEAR_DUPLICATE, 0.92, 0.94, 0.96, 0.98, 1.0, 1.01):
        similar = ((one, other) for one, other, similarity in pairs if similarity >= threshold)
        groups = _components(len(architectures), [*same, *similar])
        largest = max(Counter(groups).values(), default=0)
        if largest <= limit:
            break
    return Grouping(groups, threshold, largest)


def wl_labels(dag: Dag) -> Counter[int]:
    """Count each WL label of rounds 1 to 3 over `wo_attrs`; labels are 64-bit numbers."""
    labels, counts = np.unique(np.concatenate(node_fingerprints(dag.edge_index, dag.wo_attrs)), return_counts=True)
    return Counter(dict(zip(labels.tolist(), counts.tolist(), strict=True)))


def _numbered(counts: Counter[int]) -> frozenset[int]:
    """Turn a multiset into a set by numbering the occurrences of each label.

    The Jaccard similarity stays the same.
    """
    return frozenset(hash((label, number)) for label, count in counts.items() for number in range(count))


def _similar_pairs(items_of: Sequence[frozenset[int]]) -> list[tuple[int, int, float]]:
    """Pairs with a Jaccard similarity of at least `NEAR_DUPLICATE`, and the similarity."""
    index = datasketch.MinHashLSH(threshold=NEAR_DUPLICATE - 0.1, num_perm=_PERMUTATIONS)
    pairs = []
    for number, items in enumerate(items_of):
        sketch = datasketch.MinHash(num_perm=_PERMUTATIONS, seed=1, hashfunc=int)
        sketch.update_batch([item & _LOW for item in items])  # it takes 32 bits; items are random in all of theirs
        for other in sorted(index.query(sketch)):
            union = len(items | items_of[other])
            similarity = len(items & items_of[other]) / union if union else 1.0
            if similarity >= NEAR_DUPLICATE:
                pairs.append((other, number, similarity))
        index.insert(number, sketch)
    return pairs


def _components(size: int, pairs: Iterable[tuple[int, int]]) -> tuple[int, ...]:
    """The smallest member of each item's connected component."""
    sets = UnionFind(range(size))
    for pair in pairs:
        sets.union(*pair)
    smallest: dict[int, int] = {}
    return tuple(smallest.setdefault(sets[item], item) for item in range(size))
