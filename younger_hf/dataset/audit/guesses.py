"""The guesses of one attack at the answers of one track."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from younger_hf.arrays import FloatArray
from younger_hf.dataset.audit.public_view import Row
from younger_hf.graph.identity.search_pattern import NOT_KNOWN
from younger_hf.graph.identity.subgraph_search import SearchResult


@dataclass(frozen=True)
class Guesses:
    """Guesses at answers.

    Attributes:
        values: For each test row, in the order of the file, one value an answer: a class, a label 0
            or 1, or a score that is higher for pairs more likely to be a data flow; NaN for no
            guess. float64 [M] or [P].
        findings: Things that should not be there at all, in words; each is a leak, whether or not a
            guess follows from it.
    """

    values: tuple[FloatArray, ...]
    findings: tuple[str, ...] = ()

    @property
    def answered(self) -> int:
        """Number of answers with a guess."""
        return sum(int(np.count_nonzero(~np.isnan(values))) for values in self.values)


def no_guesses(rows: Sequence[Row]) -> list[FloatArray]:
    """NaN for every answer, to be filled in."""
    return [np.full(len(row.y), np.nan) for row in rows]


def found_guesses(rows: Sequence[Row], results: Sequence[SearchResult | None]) -> Guesses:
    """The classes that a search found at the targets of each row; None for rows it did not find."""
    values = no_guesses(rows)
    for row, value, result in zip(rows, values, results, strict=True):
        if result is not None:
            guesses = result.guesses[row.targets]
            value[guesses != NOT_KNOWN] = guesses[guesses != NOT_KNOWN]
    return Guesses(tuple(values))
