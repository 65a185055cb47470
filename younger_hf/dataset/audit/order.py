"""Attacks by order: answers guessed from the position of a row, a target, a pair or a node."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from younger_hf.arrays import FloatArray, Int32Array, IntArray
from younger_hf.dataset.audit.guesses import Guesses
from younger_hf.dataset.audit.public_view import Public, Row
from younger_hf.tasks import task_of

ANSWERS_A_BIN = 30
"""Fewest answers from which the answer for one interval of a key is learned.

That is its operator, or its share of data flows.
"""
MOST_BINS = 64

Key = Callable[[Row, int, int], FloatArray]
"""Function from a row, its number and the number of rows of its split to the key of each answer."""


def row_order(public: Public, track: str) -> Guesses:
    """The operator that goes with a row's position in its file.

    A leak: rows may have been written in the order of their answers, or of anything that depends on
    them.
    """
    return _learned(public, track, lambda row, number, count: np.full(len(row.y), number / max(count - 1, 1)))


def graph_id(public: Public, track: str) -> Guesses:
    """The operator that goes with the text of a row's id.

    A leak: an id must be a keyed hash; one that was made from the row may sort as its answers do.
    """
    return _learned(
        public,
        track,
        lambda row, number, count: np.full(len(row.y), float(int.from_bytes(row.graph_id.encode()[:8].ljust(8)))),
    )


def target_order(public: Public, track: str) -> Guesses:
    """The operator that goes with a target's position in `mask_index`, if that is not ascending.

    A leak: an ascending list adds nothing to the nodes' numbers; any other order was made from
    something.
    """
    guesses = _learned(public, track, lambda row, number, count: _ranks(len(row.y)))
    rows = public.rows(track, "test")
    ascending = [bool((np.diff(row.targets) > 0).all()) for row in rows]
    return Guesses(tuple(v * np.nan if a else v for v, a in zip(guesses.values, ascending, strict=True)))


def pair_order(public: Public, track: str) -> Guesses:
    """The share of data flows at a pair's position in `pair_index`.

    A leak: positives and negatives must be mixed.
    """
    return _learned(public, track, lambda row, number, count: _ranks(len(row.y)))


def node_numbers(public: Public, track: str) -> Guesses:
    """The share of data flows among pairs whose node numbers differ by the same amount.

    A leak: in the order of the model's file most data flows run from one node to the next; rows
    must not keep it.
    """
    return _learned(public, track, lambda row, number, count: (row.targets[1] - row.targets[0]).astype(np.float64))


def node_position(public: Public, track: str) -> Guesses:
    """The operator that goes with a target's relative number among the row's nodes.

    No leak by itself: nodes of operator rows are in topological order, which their edges reveal as
    far as `depth` shows.
    """
    return _learned(public, track, lambda row, number, count: row.targets / max(len(row.node_feat), 1))


def depth(public: Public, track: str) -> Guesses:
    """The operator that goes with the share of nodes on which a target depends.

    No leak: this position follows from the edges alone.
    """
    return _learned(public, track, lambda row, number, count: _ancestors(row)[row.targets] / max(len(row.node_feat), 1))


def row_size(public: Public, track: str) -> Guesses:
    """The operator that goes with the number of nodes.

    No leak: every solver sees it.
    """
    return _learned(public, track, lambda row, number, count: np.full(len(row.y), float(len(row.node_feat))))


def guess_by_key(
    known: FloatArray, y: Int32Array, wanted: Sequence[FloatArray], *, mean: bool = False
) -> tuple[FloatArray, ...]:
    """Guess the most frequent or the mean answer among known answers with a similar key.

    Args:
        known: Keys of known answers, [A].
        y: Those answers, [A].
        wanted: Keys of unknown answers, one array a row.
        mean: Whether to guess the mean, a score for the answer 1.

    Returns:
        One value for each wanted key, float64; NaN without known answers.
    """
    if not len(y):
        return tuple(np.full(len(keys), np.nan) for keys in wanted)
    bins = int(np.clip(len(y) // ANSWERS_A_BIN, 1, MOST_BINS))
    bounds = np.unique(np.quantile(known, np.linspace(0, 1, bins + 1)[1:-1]))
    places = np.searchsorted(bounds, known, "right")
    overall = y.mean() if mean else np.bincount(y).argmax()
    guess = np.full(len(bounds) + 1, overall, dtype=np.float64)
    for place in np.unique(places).tolist():
        inside = y[places == place]
        guess[place] = inside.mean() if mean else np.bincount(inside).argmax()
    return tuple(guess[np.searchsorted(bounds, keys, "right")] for keys in wanted)


def _learned(public: Public, track: str, key: Key) -> Guesses:
    """Guess by key from the validation rows, which of all public rows are most like test rows."""
    known, rows = public.rows(track, "validation"), public.rows(track, "test")
    keys = [key(row, number, len(known)) for number, row in enumerate(known)]
    wanted = [key(row, number, len(rows)) for number, row in enumerate(rows)]
    y = np.concatenate([np.empty(0, dtype=np.int32), *(row.y for row in known)])
    is_score = task_of(track).predicts == "score"
    return Guesses(guess_by_key(np.concatenate([np.empty(0), *keys]), y, wanted, mean=is_score))


def _ranks(count: int) -> FloatArray:
    return np.arange(count) / max(count - 1, 1)


def _ancestors(row: Row) -> IntArray:
    """Number of nodes on which each node depends, int64 [N].

    All zero if an edge leads to a lower number.
    """
    count = len(row.node_feat)
    reached = np.eye(count, dtype=bool)
    sources, targets = row.edge_index
    if (sources >= targets).any():
        return np.zeros(count, dtype=np.int64)
    for source, target in sorted(row.edges, key=lambda edge: edge[1]):
        reached[target] |= reached[source]
    return np.asarray(reached.sum(axis=1) - 1)
