"""Values that came out of JSON -> a graph_id and an array, or what is wrong with them."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from younger_hf.submission.problems import Problem, at_row, problem, quoted
from younger_hf.submission.rows import MAX_GRAPH_ID
from younger_hf.submission.track import Format

_NAMES = {
    bool: "true or false",
    int: "an integer",
    float: "a number",
    str: "text",
    list: "a list",
    dict: "an object",
    type(None): "null",
}


class DuplicateKeyError(ValueError):
    """A JSON object has a key twice."""


def _unique_keys(pairs: list[tuple[str, object]]) -> dict[str, object]:
    result = dict(pairs)
    if len(result) != len(pairs):
        keys = [key for key, _ in pairs]
        raise DuplicateKeyError(quoted(next(key for key in result if keys.count(key) > 1)))
    return result


# NaN and Infinity are no JSON, but Python and pandas write them: they are read, so that the value and its place can be named.
_DECODER = json.JSONDecoder(object_pairs_hook=_unique_keys, parse_constant=float)


def parse_json(text: str) -> object:
    """Parse JSON.

    Raises:
        ValueError: If it is no JSON, nested too deeply, or holds a number of thousands of digits.
        DuplicateKeyError: If an object has a key twice.
    """
    try:
        return _DECODER.decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def check_graph_id(value: object, number: int) -> tuple[str | None, list[Problem]]:
    """A graph_id, which must be text of bounded length.

    Args:
        value: What the file holds.
        number: Number of the row.
    """
    where = at_row(number, None)
    if not isinstance(value, str):
        code = "null_value" if value is None else "wrong_type"
        hint = "Keep graph_id as text everywhere, so that '001' and '1' stay apart."
        return None, [problem(code, f"{where}, graph_id", "text", _NAMES[type(value)], hint, number)]
    if len(value.encode("utf-8", "surrogatepass")) > MAX_GRAPH_ID:
        return None, [
            problem("long_graph_id", f"{where}, graph_id", f"at most {MAX_GRAPH_ID} bytes", quoted(value), row=number)
        ]
    # Half of a surrogate pair, as JSON can write it, is no character: Arrow could not hold it, and no graph_id has it.
    return value.encode("utf-8", "replace").decode("utf-8"), []


def check_values(
    value: object, form: Format, number: int, graph_id: str | None
) -> tuple[npt.NDArray[np.generic] | None, list[Problem]]:
    """A list of predictions.

    Nulls are named and become 0, so that the rest of the row is still checked.

    Args:
        value: What the file holds.
        form: What it should hold.
        number: Number of the row.
        graph_id: The row's graph_id, for messages.
    """
    where = f"{at_row(number, graph_id)}, {form.column}"
    wanted, allowed = ("integers", {int}) if form.column == "predictions" else ("numbers", {int, float})
    if not isinstance(value, list):
        code = "null_value" if value is None else "wrong_type"
        return None, [problem(code, where, f"a list of {wanted}", _NAMES[type(value)], row=number)]
    kinds = set(map(type, value))
    problems = []
    if type(None) in kinds:
        position = value.index(None)
        problems.append(problem("null_value", f"{where}[{position}]", f"a {form.value}", "null", row=number))
        value = [0 if each is None else each for each in value]
        kinds.discard(type(None))
    if not kinds <= allowed:
        position = next(index for index, each in enumerate(value) if type(each) not in allowed)
        got = _NAMES[type(value[position])]
        problems.append(problem("wrong_type", f"{where}[{position}]", wanted, got, _type_hint(form), number))
        return None, problems
    return _as_array(value, form, where, number, problems)


def _as_array(
    value: Sequence[int | float], form: Format, where: str, number: int, problems: list[Problem]
) -> tuple[npt.NDArray[np.generic] | None, list[Problem]]:
    if form.column == "scores":
        # An integer beyond the floats is as far outside [0, 1] as infinity; it must not stop the check of the others.
        try:
            return np.array(value, dtype=np.float64), problems
        except OverflowError:
            position = next(index for index, each in enumerate(value) if isinstance(each, int) and abs(each) >= 2**1023)
            problems.append(
                problem("out_of_range", f"{where}[{position}]", "a number in [0, 1]", "a huge integer", row=number)
            )
            return None, problems
    try:
        return np.array(value, dtype=np.int64), problems
    except OverflowError:
        position = next(index for index, each in enumerate(value) if not -(2**63) <= each < 2**63)
        problems.append(
            problem(
                "unknown_class", f"{where}[{position}]", "a class id of the vocabulary", "a huge integer", row=number
            )
        )
        return None, problems


def _type_hint(form: Format) -> str:
    return (
        'Write class ids as integers: 3, not 3.0 or "3".'
        if form.column == "predictions"
        else "Write scores as numbers, not as text."
    )
