"""Where a masked region lies in other graphs, and what stands there at its masked nodes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from younger_hf.graph.identity.graph_index import Anchors, GraphIndex
from younger_hf.graph.identity.search_pattern import NOT_KNOWN, Pattern, Step, order_of
from younger_hf.graph.identity.wl import fingerprints, simple_neighbours
from younger_hf.graph.vocabulary import UNK

STEPS = 200_000
"""Nodes tried for one region before the search gives up."""
STEPS_A_PLACE = 2_000
"""Nodes tried from one place: a dozen equal branches have more embeddings than can be listed."""

Ints = npt.NDArray[np.integer]


@dataclass(frozen=True)
class Found:
    """What the embeddings of one region say.

    Attributes:
        guesses: For each node the class that every embedding has at this masked node, `NOT_KNOWN` where they differ and at
            nodes that are not masked, int32 [N].
        unique: Whether all embeddings complete the region to one and the same graph, but for its symmetries. `guesses` is
            that completion then.
        embeddings: Number of embeddings seen.
        exhausted: Whether the search saw all there are, or all it needed to.
        images: Where the first embedding puts each node, among all nodes of the graphs; empty if there is none.
    """

    guesses: npt.NDArray[np.int32]
    unique: bool
    embeddings: int
    exhausted: bool
    images: tuple[int, ...]


def find(
    places: GraphIndex, pattern: Pattern, *, exclude: Collection[int] = (), steps: int = STEPS, quick: bool = False
) -> Found:
    """Look for a region in the graphs of `places`.

    An embedding maps the region's nodes one to one such that edges are kept both ways, visible nodes keep their class,
    complete nodes their number of predecessors and successors, and a masked node meets any class but UNK.

    Args:
        places: The graphs.
        pattern: The region.
        exclude: Numbers of graphs in which not to look.
        steps: Most nodes tried.
        quick: Whether one place of each kind is enough if they agree on anything; others, which could disagree, are then not
            looked at.
    """
    search = _Search(places, pattern, steps)
    anchor, candidates = places.candidates(search.anchors, exclude)
    first = np.zeros(len(candidates), dtype=bool)
    first[np.unique(places.kinds[candidates], return_index=True)[1]] = True
    for part in (candidates[first], candidates[~first]):
        for images in search.embeddings(anchor, part):
            search.note(images)
            if search.contradictory:
                return search.found()
        if quick and search.count and (search.agree.any() or search.graphs):
            break
    return search.found()


class _Search:
    """One search: the order in which nodes are placed, and what the embeddings said so far."""

    def __init__(self, places: GraphIndex, pattern: Pattern, steps: int) -> None:
        self.places, self.pattern, self.left = places, pattern, steps
        self.complete = pattern.complete
        self.after, self.before = simple_neighbours(pattern.edge_index, len(pattern.classes))
        self.anchors = Anchors.of(pattern.classes, ~pattern.masked, self.complete, self.after, self.before)
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
        """Whether nothing that is still to come can be a guess."""
        return len(self.graphs) > 1 and not self.agree.any()

    def note(self, images: list[int]) -> None:
        """Take what an embedding shows at the masked nodes into account."""
        self.count += 1
        self.first = self.first or tuple(images)
        shown = self.places.classes[[images[node] for node in self.targets.tolist()]].astype(np.int64)
        key = tuple(shown.tolist())
        if key in self.completions:
            return
        self.completions.add(key)
        known = shown != NOT_KNOWN
        self.agree &= ~known | (self.votes == NOT_KNOWN) | (self.votes == shown)
        self.votes = np.where(self.votes == NOT_KNOWN, shown, self.votes)
        if known.all():
            self.graphs.add(self._graph(shown))

    def found(self) -> Found:
        """What was seen."""
        unique = len(self.graphs) == 1
        guesses = np.full(len(self.pattern.classes), NOT_KNOWN, dtype=np.int32)
        # Symmetric nodes may change places: then one completion is as good a guess as the other.
        guesses[self.targets] = self.votes if unique else np.where(self.agree, self.votes, NOT_KNOWN)
        return Found(guesses, unique, self.count, not self.cut, self.first)

    def _graph(self, shown: Ints) -> bytes:
        """What equals for completions that are the same graph: fingerprints of the nodes, targets marked."""
        ranks = self.pattern.classes.astype(np.int64) * 2
        ranks[self.targets] = shown * 2 + 1
        marks = fingerprints(ranks.view(np.uint64), self.after, self.before, 3)[-1]
        marks.sort()
        return marks.tobytes()

    def embeddings(self, anchor: int, candidates: npt.NDArray[np.int64]) -> Iterator[list[int]]:
        """Every embedding with one of these images of the anchor, as the image of each node, as far as the steps go."""
        if not len(candidates):
            return
        order = order_of(self.pattern, anchor, self.after, self.before)
        for place in candidates.tolist():
            if self.left <= 0:
                self.cut = True
                return
            yield from self._from(order, place)

    def _from(self, order: Sequence[Step], place: int) -> Iterator[list[int]]:
        """Depth first: images of the nodes in `order`, the first one's given."""
        images = [-1] * len(self.pattern.classes)
        used: dict[int, int] = {}
        stack: list[Iterator[int]] = [iter((place,))]
        budget = min(self.left, STEPS_A_PLACE + 20 * len(order))
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
                stack.append(iter(self._images(order[len(stack)], images)))
            elif self.places.exact or self._closed(images, used):
                yield images
        self.left -= spent

    def _images(self, step: Step, images: list[int]) -> Sequence[int]:
        if step.successors:
            return self.places.predecessors(images[step.successors[0]])
        if step.predecessors:
            return self.places.successors(images[step.predecessors[0]])
        return self.places.graph_nodes(next(image for image in images if image >= 0))

    def _fits(self, step: Step, image: int, images: list[int], used: dict[int, int]) -> bool:
        places = self.places
        if image in used or (step.twin >= 0 and image < images[step.twin]):
            return False
        found = int(places.classes[image])
        if found != step.wanted if step.wanted >= 0 else found == UNK:
            return False
        after, before = places.successors(image), places.predecessors(image)
        if len(after) < step.num_successors or len(before) < step.num_predecessors:
            return False
        sure_after, sure_before = places.sure_successors(image), places.sure_predecessors(image)
        if step.complete and (len(sure_after) > step.num_successors or len(sure_before) > step.num_predecessors):
            return False
        if places.exact and step.complete and (len(after), len(before)) != (step.num_successors, step.num_predecessors):
            return False
        wanted_after = {images[node] for node in step.successors}
        wanted_before = {images[node] for node in step.predecessors}
        return (
            wanted_after.issubset(after)
            and wanted_before.issubset(before)
            and all(node in wanted_after for node in sure_after if node in used)
            and all(node in wanted_before for node in sure_before if node in used)
        )

    def _closed(self, images: list[int], used: dict[int, int]) -> bool:
        """Whether complete nodes have no edge to a node outside."""
        return all(
            neighbour in used
            for node in np.flatnonzero(self.complete).tolist()
            for neighbour in (
                *self.places.sure_successors(images[node]),
                *self.places.sure_predecessors(images[node]),
            )
        )
