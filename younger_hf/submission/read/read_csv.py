"""Reading a CSV predictions file in UTF-8, with commas and a header.

Each list of a row is a JSON list in one cell.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa
import pyarrow.csv as pa_csv

from younger_hf.submission.format.prediction_rows import (
    MAX_ROW_BYTES,
    Cells,
    Limits,
    ParsedRow,
    ReadResult,
    join_rows,
    long_row,
    no_rows,
    too_many_rows,
)
from younger_hf.submission.format.problems import Problem, at_row, problem, quoted
from younger_hf.submission.read.cells import check_cell, check_graph_id, parse_json
from younger_hf.submission.read.column_names import check_columns, usable
from younger_hf.task_types import Column, Format

_OTHER_DELIMITERS = (";", "\t", "|")
_MAX_HEADER = 2**20


def read_csv(data: bytes, name: str, form: Format, limits: Limits, earlier: Sequence[Problem] = ()) -> ReadResult:
    """Read a CSV predictions file.

    Args:
        data: Its bytes: UTF-8 without a byte order mark.
        name: File name, for messages.
        form: What it should hold.
        limits: How much is read at most.
        earlier: Problems found before.
    """
    problems = list(earlier)
    header = _header(data)
    if header is None:
        problems.append(
            problem("file_damaged", name, f"a header of at most {_MAX_HEADER:,} bytes", "more", form.csv_hint)
        )
        return ReadResult(None, tuple(problems))
    delimiter = next((mark for mark in _OTHER_DELIMITERS if len(header) == 1 and mark in header[0]), None)
    if delimiter is not None:
        found = f"{delimiter!r} in the header {quoted(header[0])}"
        hint = "Export the file again with commas."
        problems.append(problem("wrong_delimiter", name, "columns separated by ','", found, hint))
        return ReadResult(None, tuple(problems))
    problems += check_columns(header, form, name)
    if not usable(header, form):
        return ReadResult(None, tuple(problems))
    # A list may be printed over several lines, so that lines are more than rows but never more than
    # rows and values.
    lines = data.count(b"\n")
    if lines > limits.max_rows + limits.max_values + 1:
        return ReadResult(None, (*problems, too_many_rows(form, name, limits, f"{lines:,} lines")))
    stopped: list[Problem] = []
    result = join_rows(_rows(data, name, form, limits, stopped), form, name, limits, problems)
    if stopped:
        return ReadResult(None, (*result.problems, *stopped))
    if result.rows is not None and not len(result.rows.numbers):
        return ReadResult(None, (*result.problems, no_rows(form, name, "only a header")))
    return result


def _header(data: bytes) -> list[str] | None:
    """The cells of the first line; `None` if it is too long to be one."""
    end = data.find(b"\n", 0, _MAX_HEADER)
    if end < 0 and len(data) > _MAX_HEADER:
        return None
    line = (data if end < 0 else data[:end]).rstrip(b"\r").decode("utf-8", "replace")
    try:
        return next(csv.reader([line]), [])
    except csv.Error:  # a header cell of over 128 KiB
        return [line[:100]]


def _rows(data: bytes, name: str, form: Format, limits: Limits, stopped: list[Problem]) -> Iterator[ParsedRow]:
    """The rows of a file, in order; why reading ended before its end is noted."""
    ragged: dict[int, pa_csv.InvalidRow] = {}
    number = 0
    try:
        for batch in _batches(data, form, limits, ragged):
            for texts in zip(*(batch[column] for column in form.names), strict=True):
                number += 1
                while number in ragged:
                    yield _ragged(number, ragged, form)
                    number += 1
                yield _row(number, [text.as_py() for text in texts], form, limits)
    except pa.ArrowInvalid as error:
        reason = str(error).splitlines()[0][:80]
        if "straddle" in reason:
            stopped.append(long_row(number + 1, "more"))
        elif len(ragged) <= limits.max_rows:  # else the rows below are too many, which is said where they are joined
            stopped.append(problem("file_damaged", name, "a readable CSV file", quoted(reason, 80), form.csv_hint))
    yield from (_ragged(later, ragged, form) for later in ragged if later > number)


def _batches(
    data: bytes, form: Format, limits: Limits, ragged: dict[int, pa_csv.InvalidRow]
) -> Iterator[pa.RecordBatch]:
    """Read all columns as text, some rows at a time; report and skip rows that do not fit."""

    def note(row: pa_csv.InvalidRow) -> str:
        ragged[row.number - 1] = row  # Arrow counts the header as row 1
        return "skip" if len(ragged) <= limits.max_rows else "error"

    batches: Iterator[pa.RecordBatch] = pa_csv.open_csv(
        pa.BufferReader(data),
        # Rows have numbers only without threads, and a row must fit into one block.
        read_options=pa_csv.ReadOptions(use_threads=False, block_size=MAX_ROW_BYTES),
        parse_options=pa_csv.ParseOptions(newlines_in_values=True, invalid_row_handler=note),
        convert_options=pa_csv.ConvertOptions(
            include_columns=list(form.names),
            column_types={name: pa.large_string() for name in form.names},
            strings_can_be_null=False,
        ),
    )
    return batches


def _ragged(number: int, ragged: Mapping[int, pa_csv.InvalidRow], form: Format) -> ParsedRow:
    row = ragged[number]
    where, cells = at_row(number, None), f"{row.expected_columns} cells as in the header"
    found = problem("ragged_row", where, cells, str(row.actual_columns), form.csv_hint, number)
    return ParsedRow(number, None, {}, [found])


def _row(number: int, texts: list[str], form: Format, limits: Limits) -> ParsedRow:
    known: str | None = None
    problems: list[Problem] = []
    if form.has_ids:
        known, problems = check_graph_id(texts[0], number)
    cells: dict[str, Cells] = {}
    for column, text in zip(form.columns, texts[1:] if form.has_ids else texts, strict=True):
        cell, more = _cell(text, column, number, known, form, limits)
        problems += more
        if cell is not None:
            cells[column.name] = cell
    return ParsedRow(number, known, cells, problems)


def _cell(
    text: str, column: Column, number: int, graph_id: str | None, form: Format, limits: Limits
) -> tuple[Cells | None, list[Problem]]:
    where = f"{at_row(number, graph_id)}, {column.name}"
    if text.count(",") > limits.max_row_values:
        got = f"{text.count(','):,} commas"
        return None, [problem("too_many_values", where, "a list", got, f"Write {form.values}.", number)]
    try:
        value = parse_json(text)
    except ValueError:
        expected = "a JSON list" if column.depth else "a JSON number"
        got = quoted(text) if text else "an empty cell"
        return None, [problem("bad_json", where, expected, got, form.csv_hint, number)]
    return check_cell(value, column, number, graph_id)
