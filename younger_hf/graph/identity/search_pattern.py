"""A region that is looked for, and the order in which its nodes are placed."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from younger_hf.graph.identity.wl import Neighbours
from younger_hf.graph.vocabulary import UNK

NOT_KNOWN = -1
"""Class of a node that says nothing, and the guess where there is none."""

Int32Array = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Pattern:
    """A graph of which some nodes are masked, as a row of the operator task shows it.

    Attributes:
        classes: Class ids, int32 [N]; what stands at masked nodes does not matter.
        edge_index: int32 [2, E].
        masked: Which nodes are masked, bool [N]. All other nodes but those of class UNK have their whole neighbourhood in
            the region: that is what a boundary is.
    """

    classes: Int32Array
    edge_index: Int32Array
    masked: npt.NDArray[np.bool_]

    @property
    def complete(self) -> npt.NDArray[np.bool_]:
        """Nodes that are known to have no other neighbour, bool [N]."""
        return np.asarray(~self.masked & (self.classes != UNK))


@dataclass(frozen=True)
class Step:
    """One node to be placed.

    Attributes:
        node: The node.
        wanted: Its class, -1 for any.
        complete: Whether all of its neighbours are in the pattern.
        num_successors: Its successors in the pattern.
        num_predecessors: Its predecessors in the pattern.
        successors: Successors that are placed before it.
        predecessors: Predecessors that are placed before it.
        twin: A node placed before it of which it can be told apart by nothing, -1 if there is none; to list their
            embeddings once, its image must come behind that one's.
    """

    node: int
    wanted: int
    complete: bool
    num_successors: int
    num_predecessors: int
    successors: tuple[int, ...]
    predecessors: tuple[int, ...]
    twin: int


def order_of(pattern: Pattern, anchor: int, successors: Neighbours, predecessors: Neighbours) -> list[Step]:
    """The nodes of a pattern from an anchor along edges, complete nodes first: their neighbours are bound most."""
    complete, after, before = pattern.complete.tolist(), _lists(successors), _lists(predecessors)
    wanted = np.where(pattern.masked, NOT_KNOWN, pattern.classes).tolist()
    placed: dict[int, None] = {}
    twins: dict[tuple[int, tuple[int, ...], tuple[int, ...]], int] = {}
    waiting: tuple[list[int], list[int]] = ([anchor], [])
    steps: list[Step] = []
    rest = iter(range(len(complete)))
    while len(placed) < len(complete):
        queue = waiting[0] or waiting[1]
        node = queue.pop(0) if queue else next(rest)
        if node in placed:
            continue
        looks = (wanted[node], tuple(after[node]), tuple(before[node]))
        steps.append(
            Step(
                node,
                wanted[node],
                complete[node],
                len(after[node]),
                len(before[node]),
                tuple(n for n in after[node] if n in placed),
                tuple(n for n in before[node] if n in placed),
                twins.get(looks, -1) if node != anchor else -1,
            )
        )
        placed[node] = None
        if node != anchor:
            twins[looks] = node
        for other in (*after[node], *before[node]):
            if other not in placed:
                waiting[0 if complete[other] else 1].append(other)
    return steps


def _lists(neighbours: Neighbours) -> list[list[int]]:
    nodes, starts = neighbours.nodes.tolist(), neighbours.starts.tolist()
    return [nodes[start:stop] for start, stop in pairwise(starts)]
