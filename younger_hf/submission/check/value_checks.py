"""Checks of all scores, class ids and values of a submission, without a Python loop over them."""

from __future__ import annotations

import numpy as np

from younger_hf.arrays import BoolArray
from younger_hf.graph.vocabulary import FIRST_CLASS
from younger_hf.submission.format.prediction_rows import PredictionRows, marked_rows
from younger_hf.submission.format.problems import Problem, problem
from younger_hf.submission.format.track import Track

_LOGITS = "Scores are probabilities: apply a sigmoid to logits."
_HINTS = {
    "score": {
        "nan": "Look for 0/0 or log(0) in the model, and for overflow in half precision.",
        "infinity": _LOGITS,
        "out_of_range": _LOGITS,
    },
    "value": {
        "nan": "Look for 0/0 or log(0) in the model, and for overflow in half precision.",
        "infinity": "Look for overflow, for example where a logarithm is undone.",
    },
}


def check_values(rows: PredictionRows, track: Track) -> list[Problem]:
    """Find NaN, infinite and out-of-range numbers and unknown class ids.

    There is one problem for each row and kind.

    Predicted classes may be 0 (UNK) or 1 (MASK): they are never right, but they are in the
    vocabulary. The class of a generated node must come after them.
    """
    column = track.format.columns[0].name
    values = rows.columns[column].rows.values
    if track.num_classes:
        first = FIRST_CLASS if track.task.predicts == "graph" else 0
        wrong = (values < first) | (values >= track.num_classes)
        expected = f"a class id from {first} to {track.num_classes - 1:,}"
        hint = f"Class ids are those of vocabulary_{track.name.split('_', 1)[1]}."
        if first:
            hint = f"{hint[:-1]}, without UNK (0) and MASK (1)."
        return _problems_in_rows("unknown_class", wrong, expected, hint, rows, column)
    bounded = track.task.predicts == "score"
    fits = ((values >= 0) & (values <= 1)) if bounded else np.isfinite(values)
    if fits.all():
        return []
    nan, infinite = np.isnan(values), np.isinf(values)
    kinds = {"nan": nan, "infinity": infinite, "out_of_range": ~(fits | nan | infinite)}
    expected = "a number in [0, 1]" if bounded else "a finite number"
    return [
        found
        for code, hint in _HINTS[track.task.predicts].items()
        for found in _problems_in_rows(code, kinds[code], expected, hint, rows, column)
    ]


def _problems_in_rows(
    code: str, wrong: BoolArray, expected: str, hint: str, rows: PredictionRows, column: str
) -> list[Problem]:
    """Return one problem for each row with wrong numbers: the first, and how many more there are.

    Args:
        code: Code of the problem.
        wrong: Which numbers of the column are wrong, bool [V].
        expected: The expected value, for the message.
        hint: The next step.
        rows: The rows.
        column: Name of the column.
    """
    cells = rows.columns[column]
    problems = []
    for index, place, count in marked_rows(wrong, cells.rows.offsets):
        where = f"{rows.where(index)}, {column}{cells.place(index, place)}"
        got = _shown(cells.rows.values[place]) + (f" (and {count - 1:,} more in this row)" if count > 1 else "")
        problems.append(problem(code, where, expected, got, hint, int(rows.numbers[index])))
    return problems


def _shown(value: np.generic) -> str:
    number = value.item()
    return "NaN" if number != number else f"{number:.9g}" if isinstance(number, float) else str(number)
