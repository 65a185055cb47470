"""Search for masked regions in other graphs, and for the classes of the nodes that are masked."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from younger_hf.arrays import Int32Array, IntArray
from younger_hf.graph.identity.graph_index import Anchors, GraphIndex, neighbours_of
from younger_hf.graph.identity.search_pattern import NOT_KNOWN, Pattern, Step, search_order
from younger_hf.graph.identity.wl import fingerprints, simple_neighbours
from younger_hf.graph.vocabulary import UNK

STEPS = 200_000
"""Nodes tried for one region before the search gives up."""
STEPS_PER_IMAGE = 2_000
"""Nodes tried from one image of the anchor.

A dozen equal branches have more embeddings than can be listed.
"""


@dataclass(frozen=True)
class SearchResult:
    """What the embeddings of one region show.

    Attributes:
        guesses: The class that all embeddings show at each masked node, int32 [N]; `NOT_KNOWN`
            where they differ and at nodes that are not masked.
        unique: Whether all embeddings complete the region to the same graph, up to its symmetries.
            `guesses` is that completion then.
        embeddings: Number of embeddings seen.
        exhausted: Whether the search saw every embedding, or all it needed to.
        images: Image of each node in the first embedding, numbered across the index; empty
            without embeddings.
    """

    guesses: Int32Array
    unique: bool
    embeddings: int
    exhausted: bool
    images: tuple[int, ...]


def find_embeddings(
    index: GraphIndex, pattern: Pattern, *, exclude: Collection[int] = (), steps: int = STEPS, quick: bool = False
) -> SearchResult:
    """Search for a region in indexed graphs.

    An embedding maps the region's nodes one to one such that edges are preserved in both
    directions, visible nodes keep their class, complete nodes keep their numbers of predecessors
    and successors, and masked nodes map to nodes of any class but UNK.

    Args:
        index: The graphs.
        pattern: The region.
        exclude: Numbers of graphs that are not searched.
        steps: Maximum number of nodes tried.
        quick: Whether to try one image of the anchor for each kind of surroundings only, if the
            embeddings found agree on anything; the others could disagree.
    """
    search = _Search(index, pattern, steps)
    anchor, candidates = index.candidates(search.anchors, exclude)
    first = np.zeros(len(candidates), dtype=bool)
    first[np.unique(index.surroundings[candidates], return_index=True)[1]] = True
    for part in (candidates[first], candidates[~first]):
        for images in search.embeddings(anchor, part):
            search.record(images)
            if search.contradictory:
                return search.result()
        if quick and search.count and (search.agree.any() or search.graphs):
            break
    return search.result()


class _Search:
    """The state of one search.

    It comprises the remaining budget and what the embeddings have shown so far.
    """

    def __init__(self, index: GraphIndex, pattern: Pattern, steps: int) -> None:
        self.index, self.pattern, self.left = index, pattern, steps
        self.complete = pattern.complete
        self.successors, self.predecessors = simple_neighbours(pattern.edge_index, len(pattern.classes))
        self.anchors = Anchors.of(pattern.classes, ~pattern.masked, self.complete, self.successors, self.predecessors)
        self.targets = np.flatnonzero(pattern.masked)
        self.votes = np.full(len(self.targets), NOT_KNOWN, dtype=np.int64)
        self.agree = np.ones(len(self.targets), dtype=bool)
        self.completions: set[tuple[int, ...]] = set()
        self.graphs: set[bytes] = set()
        self.count = 0
        self.first: tuple[int, ...] = ()
        self.cut = False

    @property
    def contradictory(self) -> bool:
        """Whether no further embedding can lead to a guess."""
        return len(self.graphs) > 1 and not self.agree.any()

    def record(self, images: list[int]) -> None:
        """Record what an embedding shows at the masked nodes."""
        self.count += 1
        self.first = self.first or tuple(images)
        shown = self.index.classes.values[[images[node] for node in self.targets.tolist()]].astype(np.int64)
        key = tuple(shown.tolist())
        if key in self.completions:
            return
        self.completions.add(key)
        known = shown != NOT_KNOWN
        self.agree &= ~known | (self.votes == NOT_KNOWN) | (self.votes == shown)
        self.votes = np.where(self.votes == NOT_KNOWN, shown, self.votes)
        if known.all():
            self.graphs.add(self._completed_graph(shown))

    def result(self) -> SearchResult:
        """Summarise what was recorded."""
        unique = len(self.graphs) == 1
        guesses = np.full(len(self.pattern.classes), NOT_KNOWN, dtype=np.int32)
        # Symmetric nodes may be exchanged: one completion is then as good a guess as the other.
        guesses[self.targets] = self.votes if unique else np.where(self.agree, self.votes, NOT_KNOWN)
        return SearchResult(guesses, unique, self.count, not self.cut, self.first)

    def _completed_graph(self, shown: IntArray) -> bytes:
        """Return bytes that are equal for completions to the same graph.

        They are the sorted fingerprints of its nodes, with targets marked.
        """
        ranks = self.pattern.classes.astype(np.int64) * 2
        ranks[self.targets] = shown * 2 + 1
        marks = fingerprints(ranks.view(np.uint64), self.successors, self.predecessors, 3)[-1]
        marks.sort()
        return marks.tobytes()

    def embeddings(self, anchor: int, candidates: IntArray) -> Iterator[list[int]]:
        """Yield embeddings for these images of the anchor until the steps run out."""
        if not len(candidates):
            return
        order = search_order(self.pattern, anchor, self.successors, self.predecessors)
        for image in candidates.tolist():
            if self.left <= 0:
                self.cut = True
                return
            yield from self._embeddings_from(order, image)

    def _embeddings_from(self, order: Sequence[Step], anchor_image: int) -> Iterator[list[int]]:
        """Assign images depth first in the given order, with a fixed image of the first node."""
        images = [-1] * len(self.pattern.classes)
        used: dict[int, int] = {}
        stack: list[Iterator[int]] = [iter((anchor_image,))]
        budget = min(self.left, STEPS_PER_IMAGE + 20 * len(order))
        spent = 0
        while stack:
            step = order[len(stack) - 1]
            if images[step.node] >= 0:
                del used[images[step.node]]
                images[step.node] = -1
            image = next(stack[-1], None)
            if image is None:
                stack.pop()
                continue
            spent += 1
            if spent > budget:
                self.cut = True
                break
            if not self._fits(step, image, images, used):
                continue
            images[step.node] = image
            used[image] = step.node
            if len(stack) < len(order):
                stack.append(iter(self._candidates(order[len(stack)], images)))
            elif self.index.exact or self._is_closed(images, used):
                yield images
        self.left -= spent

    def _candidates(self, step: Step, images: list[int]) -> Sequence[int]:
        successors, predecessors = self.index.possible
        if step.successors:
            return neighbours_of(predecessors, images[step.successors[0]])
        if step.predecessors:
            return neighbours_of(successors, images[step.predecessors[0]])
        return self.index.graph_nodes(next(image for image in images if image >= 0))

    def _fits(self, step: Step, image: int, images: list[int], used: dict[int, int]) -> bool:
        if image in used or (step.twin >= 0 and image < images[step.twin]):
            return False
        found = int(self.index.classes.values[image])
        if found != step.wanted if step.wanted >= 0 else found == UNK:
            return False
        after, before = (neighbours_of(side, image) for side in self.index.possible)
        if len(after) < step.num_successors or len(before) < step.num_predecessors:
            return False
        certain_after, certain_before = after, before
        if not self.index.exact:
            certain_after, certain_before = (neighbours_of(side, image) for side in self.index.certain)
        if step.complete and (len(certain_after) > step.num_successors or len(certain_before) > step.num_predecessors):
            return False
        wanted_after = {images[node] for node in step.successors}
        wanted_before = {images[node] for node in step.predecessors}
        return (
            wanted_after.issubset(after)
            and wanted_before.issubset(before)
            and all(node in wanted_after for node in certain_after if node in used)
            and all(node in wanted_before for node in certain_before if node in used)
        )

    def _is_closed(self, images: list[int], used: dict[int, int]) -> bool:
        """Whether no complete node has an edge to a node outside of the embedding."""
        return all(
            neighbour in used
            for node in np.flatnonzero(self.complete).tolist()
            for side in self.index.certain
            for neighbour in neighbours_of(side, images[node])
        )
