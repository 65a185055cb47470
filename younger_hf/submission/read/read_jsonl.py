"""Reads a JSON lines predictions file: one object a line, with graph_id and the row's values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from younger_hf.submission.format.prediction_rows import (
    MAX_ROW_BYTES,
    Cells,
    Limits,
    ParsedRow,
    ReadResult,
    join_rows,
    long_row,
    no_rows,
)
from younger_hf.submission.format.problems import Problem, at_row, problem, quoted
from younger_hf.submission.read.cells import DuplicateKeyError, check_cell, check_graph_id, parse_json
from younger_hf.submission.read.column_names import check_columns, usable
from younger_hf.task_types import GRAPH_ID, Format

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
    if not data or data.isspace():
        return ReadResult(None, (*earlier, no_rows(form, name, "none")))
    return join_rows(_rows(data, form, limits), form, name, limits, earlier)


def _rows(data: bytes, form: Format, limits: Limits) -> Iterator[ParsedRow]:
    number = start = 0
    while start < len(data):
        end = data.find(b"\n", start) + 1 or len(data)
        if end - start > MAX_ROW_BYTES:
            number += 1
            yield ParsedRow(number, None, {}, [long_row(number, f"{end - start:,}")])
        elif line := data[start:end].strip():
            number += 1
            yield _row(number, line, form, limits)
        start = end


def _row(number: int, line: bytes, form: Format, limits: Limits) -> ParsedRow:
    where = at_row(number, None)
    commas = line.count(b",")
    if commas > limits.max_row_values + _SLACK:
        found = problem("too_many_values", where, "a list", f"{commas:,} commas", f"Write {form.values}.", number)
        return ParsedRow(number, None, {}, [found])
    text = line.decode("utf-8")
    try:
        value = parse_json(text)
    except DuplicateKeyError as error:
        found = problem(
            "duplicate_column", where, "every key once", f"{error} more than once", "Keep one of them.", number
        )
        return ParsedRow(number, None, {}, [found])
    except ValueError as error:
        got = f"{quoted(text)} ({str(error)[:80]})"
        return ParsedRow(number, None, {}, [problem("bad_json", where, "a JSON object", got, _HINT, number)])
    if not isinstance(value, dict):
        return ParsedRow(number, None, {}, [problem("wrong_type", where, "a JSON object", quoted(text), _HINT, number)])
    problems = check_columns(list(value), form, where, number)
    is_usable = usable(list(value), form)
    graph_id: str | None = None
    if form.has_ids and GRAPH_ID in value:
        graph_id, more = check_graph_id(value[GRAPH_ID], number)
        problems += more if is_usable else []
    cells: dict[str, Cells] = {}
    for column in form.columns if is_usable else ():
        cell, more = check_cell(value[column.name], column, number, graph_id)
        problems += more
        if cell is not None:
            cells[column.name] = cell
    return ParsedRow(number, graph_id, cells, problems)
