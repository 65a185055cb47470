"""Many graphs as flat arrays, with the nodes sorted by what surrounds them: where a search for a region begins."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from younger_hf.graph.identity.wl import Neighbours, fingerprints, simple_neighbours

ROUNDS = 3
"""Rounds of Weisfeiler-Lehman labels by which nodes are found."""
RAREST = 8
"""Nodes of a region, the rarest first, whose graphs are intersected before the search."""
KINDS_ROUNDS = 10
"""Rounds by which nodes are of one kind: those around which nearly always the same lies, as far as a region reaches."""

Int32Array = npt.NDArray[np.int32]
Int64Array = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]
UInt64Array = npt.NDArray[np.uint64]
Graph = tuple[Int32Array, Int32Array]
"""Class ids [N], -1 where a node says nothing, and edge_index [2, E]."""


@dataclass(frozen=True)
class Anchors:
    """Labels of the nodes of a region by which their images can be looked up, the plainest first.

    Attributes:
        labels: For each level the nodes' labels, uint64 [N].
        valid: For each level whether a node's image must have the same label, bool [N]: not if the label depends on a masked
            node, or on neighbours outside the region.
    """

    labels: tuple[UInt64Array, ...]
    valid: tuple[BoolArray, ...]

    @classmethod
    def of(
        cls, classes: Int32Array, visible: BoolArray, complete: BoolArray, after: Neighbours, before: Neighbours
    ) -> Anchors:
        """The labels of a region's nodes."""
        valid = [complete, complete]
        known = visible
        for _ in range(ROUNDS):
            known = complete & known & ~_any(after, ~known) & ~_any(before, ~known)
            valid.append(known)
        return cls(_labels(classes, after, before), tuple(valid))


@dataclass(frozen=True)
class GraphIndex:
    """Graphs to search in, their nodes numbered one graph after the other.

    Attributes:
        classes: Class ids, int32 [V].
        graph: Number of each node's graph, int64 [V].
        starts: First node of each graph, and the end, int64 [G + 1].
        possible: Successors and predecessors by every edge that may exist.
        sure: The same by the edges that do exist; the same object if all are known.
        postings: For each level the labels ascending, and the nodes in that order.
        kinds: What is equal for nodes in whose wide surroundings nothing differs by Weisfeiler-Lehman labels, uint64 [V].
    """

    classes: Int32Array
    graph: Int64Array
    starts: Int64Array
    possible: tuple[Neighbours, Neighbours]
    sure: tuple[Neighbours, Neighbours]
    postings: tuple[tuple[UInt64Array, Int64Array], ...]
    kinds: UInt64Array

    @property
    def exact(self) -> bool:
        """Whether all edges are known."""
        return self.sure is self.possible

    def successors(self, node: int) -> list[int]:
        """Nodes that a node may have an edge to."""
        return _neighbours(self.possible[0], node)

    def predecessors(self, node: int) -> list[int]:
        """Nodes that may have an edge to a node."""
        return _neighbours(self.possible[1], node)

    def sure_successors(self, node: int) -> list[int]:
        """Nodes that a node has an edge to."""
        return _neighbours(self.sure[0], node)

    def sure_predecessors(self, node: int) -> list[int]:
        """Nodes that have an edge to a node."""
        return _neighbours(self.sure[1], node)

    def graph_nodes(self, node: int) -> range:
        """All nodes of a node's graph."""
        number = self.graph[node]
        return range(self.starts[number], self.starts[number + 1])

    def candidates(self, anchors: Anchors, exclude: Collection[int] = ()) -> tuple[int, Int64Array]:
        """The node of a region that has the fewest possible images, and these.

        Returns:
            The node, and its possible images ascending, int64; none if the region lies nowhere or has no complete node.
        """
        nodes = np.flatnonzero(anchors.valid[0])
        if not len(nodes):
            return -1, np.empty(0, dtype=np.int64)
        bounds = np.zeros((len(nodes), 3), dtype=np.int64)
        for level, (labels, _) in enumerate(self.postings):
            valid = anchors.valid[level][nodes]
            wanted = anchors.labels[level][nodes[valid]]
            low, high = np.searchsorted(labels, wanted, "left"), np.searchsorted(labels, wanted, "right")
            bounds[valid] = np.stack([np.full(len(low), level), low, high], axis=1)
        counts = bounds[:, 2] - bounds[:, 1]
        order = np.argsort(counts, kind="stable")[:RAREST]
        if not counts[order[0]]:
            return int(nodes[order[0]]), np.empty(0, dtype=np.int64)
        images = [self.postings[level][1][low:high] for level, low, high in bounds[order].tolist()]
        shared = np.ones(len(self.starts) - 1, dtype=bool)
        for posting in images:
            there = np.zeros(len(shared), dtype=bool)
            there[self.graph[posting]] = True
            shared &= there
        shared[list(exclude)] = False
        kept = images[0][shared[self.graph[images[0]]]]
        return int(nodes[order[0]]), np.sort(kept)


def places(graphs: Iterable[Graph]) -> GraphIndex:
    """Graphs of which every edge is known, indexed."""
    classes, edges, starts = _joined(graphs)
    sides = simple_neighbours(edges, len(classes))
    graph = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    labels = _labels(classes, *sides)
    kinds = fingerprints(labels[-1], *sides, KINDS_ROUNDS - ROUNDS)[-1]
    return GraphIndex(classes, graph, starts, sides, sides, tuple(map(_posting, labels)), kinds)


def uncertain_places(graphs: Iterable[tuple[Int32Array, Int32Array, Int32Array]]) -> GraphIndex:
    """Graphs of which some edges are known and others only suspected, indexed by class alone.

    Args:
        graphs: Class ids [N], known edges [2, E] and suspected ones [2, P].
    """
    items = list(graphs)
    classes, sure, starts = _joined((c, e) for c, e, _ in items)
    _, possible, _ = _joined((c, np.concatenate([e, p], axis=1)) for c, e, p in items)
    count = len(classes)
    graph = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    by_class = _posting(classes.astype(np.int64).view(np.uint64))
    sides = simple_neighbours(possible, count), simple_neighbours(sure, count)
    return GraphIndex(classes, graph, starts, *sides, (by_class,), np.arange(count, dtype=np.uint64))


def _joined(graphs: Iterable[Graph]) -> tuple[Int32Array, Int32Array, Int64Array]:
    items = list(graphs)
    starts = np.cumsum([0, *(len(classes) for classes, _ in items)])
    classes = np.concatenate([np.empty(0, dtype=np.int32), *(classes for classes, _ in items)])
    edges = [np.empty((2, 0), dtype=np.int32)]
    edges += [
        (np.asarray(e).reshape(2, -1) + start).astype(np.int32) for (_, e), start in zip(items, starts, strict=False)
    ]
    return classes, np.concatenate(edges, axis=1), starts


def _labels(classes: Int32Array, after: Neighbours, before: Neighbours) -> tuple[UInt64Array, ...]:
    """Labels of every level: the class; with the numbers of neighbours; Weisfeiler-Lehman rounds."""
    plain = classes.astype(np.int64)
    degrees = (plain << 40) + (np.diff(after.starts) << 20) + np.diff(before.starts)
    marks = plain.view(np.uint64)
    return (marks, degrees.view(np.uint64), *fingerprints(marks, after, before, ROUNDS))


def _posting(labels: UInt64Array) -> tuple[UInt64Array, Int64Array]:
    order = np.argsort(labels, kind="stable")
    return labels[order], order


def _any(neighbours: Neighbours, values: BoolArray) -> BoolArray:
    """Whether any neighbour of each node has the value, bool [N]."""
    return np.asarray(neighbours.sums(values.astype(np.uint64)) > 0)


def _neighbours(neighbours: Neighbours, node: int) -> list[int]:
    found: list[int] = neighbours.nodes[neighbours.starts[node] : neighbours.starts[node + 1]].tolist()
    return found
