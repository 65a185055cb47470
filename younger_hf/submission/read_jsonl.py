"""Reads a JSON lines predictions file: one object a line, with graph_id and the row's list."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence

from younger_hf.submission.cells import DuplicateKeyError, check_graph_id, check_values, parse_json
from younger_hf.submission.columns import check_columns, usable
from younger_hf.submission.problems import Problem, at_row, problem, quoted
from younger_hf.submission.rows import Limits, ParsedRow, ReadResult, join_rows
from younger_hf.submission.track import GRAPH_ID, Format

_HINT = "Write one JSON object a line, as json.dumps does."
_SLACK = 64
"""Commas that a line may have beside those between its values."""


def read_jsonl(data: bytes, name: str, form: Format, limits: Limits, earlier: Sequence[Problem] = ()) -> ReadResult:
    """Read a JSON lines predictions file.

    Args:
        data: Its bytes: UTF-8 without a byte order mark.
        name: File name, for messages.
        form: What it should hold.
        limits: How much is read at most.
        earlier: Problems found before.
    """
    if data[:1024].lstrip().startswith(b"["):
        return ReadResult(
            None, (*earlier, problem("wrong_format", name, "one JSON object a line", "a JSON array", _HINT))
        )
    if not data.strip():
        return ReadResult(
            None, (*earlier, problem("no_rows", name, "one row for each graph of the test split", "none"))
        )
    return join_rows(_rows(data, form, limits), name, limits, earlier)


def _rows(data: bytes, form: Format, limits: Limits) -> Iterator[ParsedRow]:
    number = 0
    for line in io.BytesIO(data):
        if line.strip():
            number += 1
            yield _row(number, line, form, limits)


def _row(number: int, line: bytes, form: Format, limits: Limits) -> ParsedRow:
    where = at_row(number, None)
    commas = line.count(b",")
    if commas > limits.max_values + _SLACK:
        return ParsedRow(
            number, None, None, [problem("too_many_values", where, "a list", f"{commas:,} commas", row=number)]
        )
    text = line.decode("utf-8").strip()
    try:
        value = parse_json(text)
    except DuplicateKeyError as error:
        found = problem(
            "duplicate_column", where, "every key once", f"{error} more than once", "Keep one of them.", number
        )
        return ParsedRow(number, None, None, [found])
    except ValueError as error:
        got = f"{quoted(text)} ({str(error)[:80]})"
        return ParsedRow(number, None, None, [problem("bad_json", where, "a JSON object", got, _HINT, number)])
    if not isinstance(value, dict):
        return ParsedRow(
            number, None, None, [problem("wrong_type", where, "a JSON object", quoted(text), _HINT, number)]
        )
    problems = check_columns(list(value), form, where, number)
    if not usable(list(value), form):
        graph_id = check_graph_id(value[GRAPH_ID], number)[0] if GRAPH_ID in value else None
        return ParsedRow(number, graph_id, None, problems)
    graph_id, more = check_graph_id(value[GRAPH_ID], number)
    values, others = check_values(value[form.column], form, number, graph_id)
    return ParsedRow(number, graph_id, values, [*problems, *more, *others])
