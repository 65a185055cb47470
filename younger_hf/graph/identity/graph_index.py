"""An index of many graphs by the surroundings of their nodes, to search for regions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from younger_hf.arrays import BoolArray, Int32Array, IntArray, Ragged, offsets_of
from younger_hf.graph.identity.wl import Neighbours, UInt64Array, fingerprints, neighbour_sums, simple_neighbours

ROUNDS = 3
"""Rounds of Weisfeiler-Lehman labels by which nodes are looked up."""
RAREST = 8
"""Nodes of a region, the rarest first, whose graphs are intersected before the search."""
SURROUNDINGS_ROUNDS = 10
"""Rounds after which equal labels nearly always mean equal surroundings in a region."""

Graph = tuple[Int32Array, Int32Array]
"""Class ids [N], -1 for a node of unknown class, and edge_index [2, E]."""
EdgeSets = tuple[Neighbours, Neighbours]
"""Successors and predecessors of every node."""


@dataclass(frozen=True)
class Anchors:
    """Labels of a region's nodes by which their images can be looked up, the coarsest first.

    Attributes:
        labels: The nodes' labels at each level, uint64 [N].
        valid: For each level whether a node's image must have the same label, bool [N]: not if the
            label depends on a masked node, or on neighbours outside the region.
    """

    labels: tuple[UInt64Array, ...]
    valid: tuple[BoolArray, ...]

    @classmethod
    def of(
        cls,
        classes: Int32Array,
        visible: BoolArray,
        complete: BoolArray,
        successors: Neighbours,
        predecessors: Neighbours,
    ) -> Anchors:
        """Label the nodes of a region."""
        valid = [complete, complete]
        known = visible
        for _ in range(ROUNDS):
            known = complete & known & ~_any_neighbour(successors, ~known) & ~_any_neighbour(predecessors, ~known)
            valid.append(known)
        return cls(_labels(classes, successors, predecessors), tuple(valid))


@dataclass(frozen=True)
class GraphIndex:
    """Graphs to search in, with the nodes of all graphs numbered consecutively.

    Attributes:
        classes: Class ids of each graph's nodes, int32.
        graph_of_node: Number of each node's graph, int64 [V].
        possible: Edges that may exist.
        certain: Edges that do exist; the same object as `possible` if all edges are known.
        postings: At each level the labels, ascending, and the nodes in that order.
        surroundings: Equal for nodes whose wide surroundings have the same Weisfeiler-Lehman
            labels, uint64 [V].
    """

    classes: Ragged[np.int32]
    graph_of_node: IntArray
    possible: EdgeSets
    certain: EdgeSets
    postings: tuple[tuple[UInt64Array, IntArray], ...]
    surroundings: UInt64Array

    @property
    def exact(self) -> bool:
        """Whether all edges are known."""
        return self.certain is self.possible

    def graph_nodes(self, node: int) -> range:
        """All nodes of a node's graph."""
        number = self.graph_of_node[node]
        return range(self.classes.offsets[number], self.classes.offsets[number + 1])

    def candidates(self, anchors: Anchors, exclude: Collection[int] = ()) -> tuple[int, IntArray]:
        """Find the node of a region that has the fewest possible images.

        Args:
            anchors: Labels of the region's nodes.
            exclude: Numbers of graphs that are not searched.

        Returns:
            The node and its possible images, ascending, int64; no images if the region occurs
            nowhere or has no complete node.
        """
        nodes = np.flatnonzero(anchors.valid[0])
        if not len(nodes):
            return -1, np.empty(0, dtype=np.int64)
        bounds = np.zeros((len(nodes), 3), dtype=np.int64)
        for level, (labels, _) in enumerate(self.postings):
            valid = anchors.valid[level][nodes]
            wanted = anchors.labels[level][nodes[valid]]
            low, high = np.searchsorted(labels, wanted, "left"), np.searchsorted(labels, wanted, "right")
            bounds[valid] = np.stack([np.full(len(wanted), level), low, high], axis=1)
        counts = bounds[:, 2] - bounds[:, 1]
        order = np.argsort(counts, kind="stable")[:RAREST]
        if not counts[order[0]]:
            return int(nodes[order[0]]), np.empty(0, dtype=np.int64)
        images = [self.postings[level][1][low:high] for level, low, high in bounds[order].tolist()]
        shared = np.ones(len(self.classes), dtype=bool)
        for posting in images:
            present = np.zeros(len(shared), dtype=bool)
            present[self.graph_of_node[posting]] = True
            shared &= present
        shared[list(exclude)] = False
        kept = images[0][shared[self.graph_of_node[images[0]]]]
        return int(nodes[order[0]]), np.sort(kept)


def index_graphs(graphs: Iterable[Graph]) -> GraphIndex:
    """Index graphs whose edges are all known."""
    items = list(graphs)
    classes = _joined_classes([classes for classes, _ in items])
    edges = simple_neighbours(_joined_edges([edges for _, edges in items], classes.offsets), len(classes.values))
    labels = _labels(classes.values, *edges)
    surroundings = fingerprints(labels[-1], *edges, SURROUNDINGS_ROUNDS - ROUNDS)[-1]
    return GraphIndex(classes, classes.row_of_value(), edges, edges, tuple(map(_posting, labels)), surroundings)


def index_uncertain_graphs(graphs: Iterable[tuple[Int32Array, Int32Array, Int32Array]]) -> GraphIndex:
    """Index graphs with known and merely suspected edges, by class alone.

    Args:
        graphs: Class ids [N], known edges [2, E] and suspected ones [2, P] of each graph.
    """
    items = list(graphs)
    classes = _joined_classes([classes for classes, _, _ in items])
    count = len(classes.values)
    known = _joined_edges([edges for _, edges, _ in items], classes.offsets)
    suspected = _joined_edges([pairs for _, _, pairs in items], classes.offsets)
    possible = simple_neighbours(np.concatenate([known, suspected], axis=1), count)
    by_class = _posting(classes.values.astype(np.int64).view(np.uint64))
    own = np.arange(count, dtype=np.uint64)
    return GraphIndex(classes, classes.row_of_value(), possible, simple_neighbours(known, count), (by_class,), own)


def neighbours_of(neighbours: Neighbours, node: int) -> list[int]:
    """The neighbours of one node."""
    found: list[int] = neighbours.values[neighbours.offsets[node] : neighbours.offsets[node + 1]].tolist()
    return found


def _joined_classes(classes: Sequence[Int32Array]) -> Ragged[np.int32]:
    return Ragged(np.concatenate([np.empty(0, dtype=np.int32), *classes]), offsets_of(map(len, classes)))


def _joined_edges(edges: Sequence[Int32Array], offsets: IntArray) -> Int32Array:
    moved = [(np.asarray(pairs).reshape(2, -1) + start) for pairs, start in zip(edges, offsets[:-1], strict=True)]
    return np.concatenate([np.empty((2, 0), dtype=np.int32), *moved], axis=1).astype(np.int32)


def _labels(classes: Int32Array, successors: Neighbours, predecessors: Neighbours) -> tuple[UInt64Array, ...]:
    """Compute the labels at every level.

    The levels are the class, the class with both degrees, and Weisfeiler-Lehman rounds.
    """
    plain = classes.astype(np.int64)
    degrees = (plain << 40) + (successors.lengths << 20) + predecessors.lengths
    marks = plain.view(np.uint64)
    return (marks, degrees.view(np.uint64), *fingerprints(marks, successors, predecessors, ROUNDS))


def _posting(labels: UInt64Array) -> tuple[UInt64Array, IntArray]:
    order = np.argsort(labels, kind="stable")
    return labels[order], order


def _any_neighbour(neighbours: Neighbours, values: BoolArray) -> BoolArray:
    """Whether the value is true for any neighbour of each node, bool [N]."""
    return np.asarray(neighbour_sums(neighbours, values.astype(np.uint64)) > 0)
