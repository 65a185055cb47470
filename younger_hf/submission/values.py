"""Checks every score and class id of a submission at once, without a Python loop over them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from younger_hf.submission.problems import Problem, problem
from younger_hf.submission.rows import PredictionRows
from younger_hf.submission.track import Track

_HINTS = {
    "nan": "Look for 0/0 or log(0) in the model, and for overflow in half precision.",
    "infinity": "Scores are probabilities: apply a sigmoid to logits.",
    "out_of_range": "Scores are probabilities: apply a sigmoid to logits.",
}


def check_values(rows: PredictionRows, asked: Track) -> list[Problem]:
    """NaN, infinite and out-of-range scores, or class ids that are not in the vocabulary; one problem a row and kind.

    The class ids 0 (UNK) and 1 (MASK) are never right, but they are classes of the vocabulary and are accepted.
    """
    values = rows.values
    if asked.task == "operator":
        wrong = (values < 0) | (values >= asked.num_classes)  # type: ignore[operator]
        expected = f"a class id from 0 to {asked.num_classes - 1:,}"
        hint = f"Class ids are those of vocabulary_{asked.name.split('_', 1)[1]}."
        return _by_row("unknown_class", wrong, expected, hint, rows, asked)
    fits = (values >= 0) & (values <= 1)  # type: ignore[operator]
    if fits.all():
        return []
    nan, infinite = np.isnan(values), np.isinf(values)
    kinds = {"nan": nan, "infinity": infinite, "out_of_range": ~(fits | nan | infinite)}
    return [
        each
        for code, wrong in kinds.items()
        for each in _by_row(code, wrong, "a number in [0, 1]", _HINTS[code], rows, asked)
    ]


def _by_row(
    code: str, wrong: npt.NDArray[np.bool_], expected: str, hint: str, rows: PredictionRows, asked: Track
) -> list[Problem]:
    places = np.flatnonzero(wrong)
    owners = np.searchsorted(rows.offsets, places, "right") - 1
    indexes, firsts, counts = np.unique(owners, return_index=True, return_counts=True)
    problems = []
    for index, first, count in zip(indexes.tolist(), firsts.tolist(), counts.tolist(), strict=True):
        place = int(places[first])
        where = f"{rows.where(index)}, {asked.format.column}[{place - int(rows.offsets[index])}]"
        got = _shown(rows.values[place]) + (f" (and {count - 1:,} more in this row)" if count > 1 else "")
        problems.append(problem(code, where, expected, got, hint, int(rows.numbers[index])))
    return problems


def _shown(value: np.generic) -> str:
    number = value.item()
    return "NaN" if number != number else f"{number:.9g}" if isinstance(number, float) else str(number)
