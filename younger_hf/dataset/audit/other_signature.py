"""Channel between the two signatures of a task: what one masks or holds out and the other shows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from younger_hf.dataset.audit.guesses import FloatArray, Guesses, silent
from younger_hf.dataset.audit.public_view import Public, Row, other_signature, pairs_of, projection
from younger_hf.dataset.schema import signature_of
from younger_hf.graph.identity.graph_index import index_graphs
from younger_hf.graph.identity.search_pattern import NOT_KNOWN, Pattern
from younger_hf.graph.identity.subgraph_search import find_embeddings
from younger_hf.graph.vocabulary import FIRST_CLASS
from younger_hf.tasks import task_of

Int32Array = npt.NDArray[np.int32]
Sample = tuple[Row, Int32Array]
"""A row and its classes without attributes."""


def other_attributes(public: Public, track: str) -> Guesses:
    """What the row of the same sample with the other signature shows.

    A leak: whoever works on one track may read the other's file. Rows belong together by their `graph_id`, else by the same
    operators at the same numbers; operator rows that have no partner so are looked for in any order. What is masked here and shown
    there is answered; so is a pair that is asked for here and there passes messages, or is neither asked for nor an edge.
    """
    rows, others = public.rows(track, "test"), public.rows(other_signature(track), "test")
    plain = projection(public)
    mine = [(row, _plain(row, track, plain)) for row in rows]
    theirs = [(row, _plain(row, other_signature(track), plain)) for row in others]
    values = silent(rows)
    task = task_of(track).name
    links = _links(mine, theirs, task)
    for number, other in links.items():
        if task == "operator":
            _fill(values[number], theirs[other][1][rows[number].targets], track, plain)
        else:
            values[number][:] = list(_flows(rows[number], others[other]))
    if task == "operator":
        free = [sample for number, sample in enumerate(theirs) if number not in links.values()]
        index = index_graphs(
            (np.where(c < FIRST_CLASS, NOT_KNOWN, c).astype(np.int32), row.edge_index) for row, c in free
        )
        for number, (row, classes) in enumerate(mine):
            if number not in links:
                found = find_embeddings(index, Pattern(classes, row.edge_index, classes < FIRST_CLASS))
                _fill(values[number], found.guesses[row.targets], track, plain)
    return Guesses(tuple(values))


def _plain(row: Row, track: str, plain: Int32Array) -> Int32Array:
    """Classes of a row's nodes without attributes; UNK and MASK stay."""
    return plain[row.node_feat] if signature_of(track) == "w_attrs" else row.node_feat


def _fill(values: FloatArray, shown: Int32Array, track: str, plain: Int32Array) -> None:
    """Take the operators that are shown for answers; with attributes the most frequent class of each."""
    for place in np.flatnonzero(shown >= FIRST_CLASS).tolist():
        label = int(shown[place])
        values[place] = np.flatnonzero(plain == label)[0] if signature_of(track) == "w_attrs" else label


def _flows(row: Row, other: Row) -> Iterator[float]:
    edges, asked = other.edges, pairs_of(other.targets)
    for pair in zip(*row.targets.tolist(), strict=True):
        yield 1.0 if pair in edges else float("nan") if pair in asked else 0.0


def _links(mine: Sequence[Sample], theirs: Sequence[Sample], task: str) -> dict[int, int]:
    """Numbers of rows that are the same sample, its nodes in the same order."""
    by_id = {row.graph_id: number for number, (row, _) in enumerate(theirs)}
    links: dict[int, int] = {}
    for number, sample in enumerate(mine):
        other = by_id.get(sample[0].graph_id)
        if other is not None and _same(sample, theirs[other], task):
            links[number] = other
    by_size: dict[int, list[int]] = defaultdict(list)
    for other in sorted(set(range(len(theirs))) - set(links.values())):
        by_size[len(theirs[other][1])].append(other)
    for number, sample in enumerate(mine):
        if number not in links:
            for other in by_size[len(sample[1])]:
                if _same(sample, theirs[other], task):
                    links[number] = other
                    break
    return links


def _same(one: Sample, other: Sample, task: str) -> bool:
    (row, classes), (other_row, other_classes) = one, other
    if len(classes) != len(other_classes) or (task == "operator" and row.edges != other_row.edges):
        return False
    shown = (classes >= FIRST_CLASS) & (other_classes >= FIRST_CLASS)
    return bool(shown.any() and (classes[shown] == other_classes[shown]).all())
