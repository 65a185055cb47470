"""Attack across the two signatures of a task: what one masks or holds out and the other shows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from younger_hf.arrays import FloatArray, Int32Array
from younger_hf.dataset.audit.guesses import Guesses, no_guesses
from younger_hf.dataset.audit.public_view import Public, Row, other_signature, pairs_of, projection
from younger_hf.dataset.schema import signature_of
from younger_hf.graph.identity.graph_index import index_graphs
from younger_hf.graph.identity.search_pattern import NOT_KNOWN, Pattern
from younger_hf.graph.identity.subgraph_search import find_embeddings
from younger_hf.graph.vocabulary import FIRST_CLASS
from younger_hf.tasks import task_of

Sample = tuple[Row, Int32Array]
"""A row and its classes without attributes."""


def other_attributes(public: Public, track: str) -> Guesses:
    """Answers shown by the row of the same sample with the other signature.

    A leak: whoever works on one track may read the other's file. Rows belong together by their
    `graph_id`, else by the same operators at the same numbers; operator rows without such a partner
    are searched for in any order. What is masked here and shown there is answered; so is a pair to
    predict that passes messages there, or is neither an edge nor a pair to predict there.
    """
    rows, others = public.rows(track, "test"), public.rows(other_signature(track), "test")
    plain = projection(public)
    mine = [(row, _plain(row, track, plain)) for row in rows]
    theirs = [(row, _plain(row, other_signature(track), plain)) for row in others]
    values = no_guesses(rows)
    predicts_classes = task_of(track).predicts == "class"
    links = _links(mine, theirs, same_edges=predicts_classes)
    for number, other in links.items():
        if predicts_classes:
            _fill(values[number], theirs[other][1][rows[number].targets], track, plain)
        else:
            values[number][:] = list(_flows(rows[number], others[other]))
    if predicts_classes:
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
    """Take the visible operators for answers; with attributes the most frequent class of each."""
    for place in np.flatnonzero(shown >= FIRST_CLASS).tolist():
        label = int(shown[place])
        values[place] = np.flatnonzero(plain == label)[0] if signature_of(track) == "w_attrs" else label


def _flows(row: Row, other: Row) -> Iterator[float]:
    edges, hidden = other.edges, pairs_of(other.targets)
    for pair in zip(*row.targets.tolist(), strict=True):
        yield 1.0 if pair in edges else float("nan") if pair in hidden else 0.0


def _links(mine: Sequence[Sample], theirs: Sequence[Sample], *, same_edges: bool) -> dict[int, int]:
    """Numbers of rows that are the same sample, its nodes in the same order."""
    by_id = {row.graph_id: number for number, (row, _) in enumerate(theirs)}
    links: dict[int, int] = {}
    for number, sample in enumerate(mine):
        other = by_id.get(sample[0].graph_id)
        if other is not None and _same(sample, theirs[other], same_edges):
            links[number] = other
    by_size: dict[int, list[int]] = defaultdict(list)
    for other in sorted(set(range(len(theirs))) - set(links.values())):
        by_size[len(theirs[other][1])].append(other)
    for number, sample in enumerate(mine):
        if number not in links:
            partner = next(
                (other for other in by_size[len(sample[1])] if _same(sample, theirs[other], same_edges)), None
            )
            if partner is not None:
                links[number] = partner
    return links


def _same(one: Sample, other: Sample, same_edges: bool) -> bool:
    (row, classes), (other_row, other_classes) = one, other
    if len(classes) != len(other_classes) or (same_edges and row.edges != other_row.edges):
        return False
    shown = (classes >= FIRST_CLASS) & (other_classes >= FIRST_CLASS)
    return bool(shown.any() and (classes[shown] == other_classes[shown]).all())
