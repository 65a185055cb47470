"""A masked region to search for, and the order in which the search assigns its nodes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from younger_hf.arrays import BoolArray, Int32Array
from younger_hf.graph.identity.wl import Neighbours
from younger_hf.graph.vocabulary import UNK

NOT_KNOWN = -1
"""Class of a node whose class is unknown, and the guess where nothing is known."""


@dataclass(frozen=True)
class Pattern:
    """A graph with masked nodes, as a row of the operator task shows it.

    Attributes:
        classes: Class ids, int32 [N]; those of masked nodes are ignored.
        edge_index: int32 [2, E].
        masked: Which nodes are masked, bool [N]. All neighbours of every other node, except those
            of class UNK, are in the pattern.
    """

    classes: Int32Array
    edge_index: Int32Array
    masked: BoolArray

    @property
    def complete(self) -> BoolArray:
        """Nodes that are known to have no further neighbours, bool [N]."""
        return np.asarray(~self.masked & (self.classes != UNK))


@dataclass(frozen=True)
class Step:
    """The assignment of one node.

    Attributes:
        node: The node.
        wanted: Its class, -1 for any.
        complete: Whether all of its neighbours are in the pattern.
        num_successors: Its successors in the pattern.
        num_predecessors: Its predecessors in the pattern.
        successors: Successors that are assigned before it.
        predecessors: Predecessors that are assigned before it.
        twin: A node assigned before it that looks exactly alike, -1 without one. Its image must
            follow the twin's, so that exchanging the two does not count as another embedding.
    """

    node: int
    wanted: int
    complete: bool
    num_successors: int
    num_predecessors: int
    successors: tuple[int, ...]
    predecessors: tuple[int, ...]
    twin: int


def search_order(pattern: Pattern, anchor: int, successors: Neighbours, predecessors: Neighbours) -> list[Step]:
    """Order the nodes of a pattern along edges from an anchor.

    Complete nodes come first, since they restrict their neighbours.
    """
    complete = pattern.complete.tolist()
    after, before = ([nodes.tolist() for nodes in side] for side in (successors, predecessors))
    wanted = np.where(pattern.masked, NOT_KNOWN, pattern.classes).tolist()
    assigned: dict[int, None] = {}
    twins: dict[tuple[int, tuple[int, ...], tuple[int, ...]], int] = {}
    waiting: tuple[list[int], list[int]] = ([anchor], [])
    steps: list[Step] = []
    rest = iter(range(len(complete)))
    while len(assigned) < len(complete):
        queue = waiting[0] or waiting[1]
        node = queue.pop(0) if queue else next(rest)
        if node in assigned:
            continue
        looks = (wanted[node], tuple(after[node]), tuple(before[node]))
        steps.append(
            Step(
                node,
                wanted[node],
                complete[node],
                len(after[node]),
                len(before[node]),
                tuple(other for other in after[node] if other in assigned),
                tuple(other for other in before[node] if other in assigned),
                twins.get(looks, -1) if node != anchor else -1,
            )
        )
        assigned[node] = None
        if node != anchor:
            twins[looks] = node
        for other in (*after[node], *before[node]):
            if other not in assigned:
                waiting[0 if complete[other] else 1].append(other)
    return steps
