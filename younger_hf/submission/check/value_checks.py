"""Checks every score, class id and value of a submission at once, without a Python loop over them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

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


def check_values(rows: PredictionRows, asked: Track) -> list[Problem]:
    """NaN, infinite and out-of-range numbers, or class ids that are not in the vocabulary; one problem a row and kind.

    Where classes are predicted, the class ids 0 (UNK) and 1 (MASK) are never right, but they are classes of the vocabulary and are
    accepted. A generated node must be of a class after them.
    """
    column = asked.format.columns[0].name
    values = rows.columns[column].values
    if asked.num_classes:
        first = FIRST_CLASS if asked.task.predicts == "graph" else 0
        wrong = (values < first) | (values >= asked.num_classes)  # type: ignore[operator]
        expected = f"a class id from {first} to {asked.num_classes - 1:,}"
        hint = f"Class ids are those of vocabulary_{asked.name.split('_', 1)[1]}."
        if first:
            hint = f"{hint[:-1]}, without UNK (0) and MASK (1)."
        return check_each("unknown_class", wrong, expected, hint, rows, column)
    bounded = asked.task.predicts == "score"
    fits = ((values >= 0) & (values <= 1)) if bounded else np.isfinite(values)  # type: ignore[operator]
    if fits.all():
        return []
    nan, infinite = np.isnan(values), np.isinf(values)
    kinds = {"nan": nan, "infinity": infinite, "out_of_range": ~(fits | nan | infinite)}
    expected = "a number in [0, 1]" if bounded else "a finite number"
    return [
        each
        for code, hint in _HINTS[asked.task.predicts].items()
        for each in check_each(code, kinds[code], expected, hint, rows, column)
    ]


def check_each(
    code: str, wrong: npt.NDArray[np.bool_], expected: str, hint: str, rows: PredictionRows, column: str
) -> list[Problem]:
    """One problem for each row that has wrong numbers in a column: the first of them, and how many more there are.

    Args:
        code: Its code.
        wrong: Which numbers of the column are wrong, bool [V].
        expected: What was expected.
        hint: The next step.
        rows: The rows.
        column: Name of the column.
    """
    cells = rows.columns[column]
    problems = []
    for index, place, count in marked_rows(wrong, cells.offsets):
        where = f"{rows.where(index)}, {column}{cells.place(index, place)}"
        got = _shown(cells.values[place]) + (f" (and {count - 1:,} more in this row)" if count > 1 else "")
        problems.append(problem(code, where, expected, got, hint, int(rows.numbers[index])))
    return problems


def _shown(value: np.generic) -> str:
    number = value.item()
    return "NaN" if number != number else f"{number:.9g}" if isinstance(number, float) else str(number)
