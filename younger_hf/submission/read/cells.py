"""Turning parsed JSON values into a graph_id and arrays of numbers, or reporting what is wrong."""

from __future__ import annotations

import json
from itertools import chain
from typing import Any

import numpy as np

from younger_hf.arrays import IntArray
from younger_hf.submission.format.prediction_rows import MAX_GRAPH_ID, Cells
from younger_hf.submission.format.problems import Problem, at_row, problem, quoted
from younger_hf.task_types import Column

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


# NaN and Infinity are not JSON, but Python and pandas write them. They are read, so that messages
# can name them.
_DECODER = json.JSONDecoder(object_pairs_hook=_unique_keys, parse_constant=float)


def parse_json(text: str) -> object:
    """Parse JSON.

    Raises:
        ValueError: If it is not JSON, nested too deeply, or holds a number of thousands of digits.
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
    # Half of a surrogate pair, which JSON can express, is not a character: Arrow cannot store it.
    return value.encode("utf-8", "replace").decode("utf-8"), []


def check_cell(value: object, column: Column, number: int, graph_id: str | None) -> tuple[Cells | None, list[Problem]]:
    """The numbers of one cell.

    Nulls among them are named and become 0, so that the rest of the row is still checked.

    Args:
        value: What the file holds.
        column: What it should hold.
        number: Number of the row.
        graph_id: The row's graph_id, for messages.

    Returns:
        The cell, None if it could not be read, and everything that is wrong with it.
    """
    where = f"{at_row(number, graph_id)}, {column.name}"
    if column.depth == 0:
        return _numbers([value], None, column, where, number)
    if not isinstance(value, list):
        return None, [_no_list(value, column.expected(), where, number)]
    if column.depth == 1:
        return _numbers(value, None, column, where, number)
    wrong = next((index for index, each in enumerate(value) if not isinstance(each, list)), None)
    if wrong is not None:
        return None, [_no_list(value[wrong], column.expected(1), f"{where}[{wrong}]", number)]
    inner = np.array([len(each) for each in value], dtype=np.int64)
    return _numbers(list(chain.from_iterable(value)), inner, column, where, number)


def _no_list(value: object, expected: str, where: str, number: int) -> Problem:
    return problem("null_value" if value is None else "wrong_type", where, expected, _NAMES[type(value)], row=number)


def _numbers(
    values: list[Any], inner: IntArray | None, column: Column, where: str, number: int
) -> tuple[Cells | None, list[Problem]]:
    def at(position: int) -> str:
        if inner is None:
            return f"{where}[{position}]" if column.depth else where
        ends = np.cumsum(inner)
        owner = int(np.searchsorted(ends, position, "right"))
        return f"{where}[{owner}][{position - int(ends[owner] - inner[owner])}]"

    kinds = set(map(type, values))
    problems = []
    if type(None) in kinds:
        where_null = at(values.index(None))
        problems.append(problem("null_value", where_null, f"a {column.value}", "null", row=number))
        values = [0 if each is None else each for each in values]
        kinds.discard(type(None))
    allowed = {int} if column.is_integral else {int, float}
    if not kinds <= allowed:
        position = next(index for index, each in enumerate(values) if type(each) not in allowed)
        wanted = column.expected() if column.depth == 0 else "integers" if column.is_integral else "numbers"
        got = _NAMES[type(values[position])]
        problems.append(problem("wrong_type", at(position), wanted, got, _type_hint(column), number))
        return None, problems
    try:
        array = np.array(values, dtype=np.int64 if column.is_integral else np.float64)
    except OverflowError:
        # An integer beyond the floats is as far outside [0, 1] as infinity; it must not stop the
        # check of the other rows.
        limit = 2**63 if column.is_integral else 2**1023
        position = next(i for i, each in enumerate(values) if isinstance(each, int) and not -limit <= each < limit)
        code, expected = column.beyond
        problems.append(problem(code, at(position), expected, "a huge integer", row=number))
        return None, problems
    length = len(values) if inner is None else len(inner)
    return Cells(array, np.array([length], dtype=np.int64), inner, np.ones(1, dtype=np.bool_)), problems


def _type_hint(column: Column) -> str:
    if column.is_integral:
        return f'Write {column.value}s as integers: 3, not 3.0 or "3".'
    return f"Write {column.value}s as numbers, not as text."
