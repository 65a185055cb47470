"""Reads a CSV predictions file: UTF-8, commas, a header, and the list of a row as a JSON list in one cell."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.csv as pa_csv

from younger_hf.submission.cells import check_graph_id, check_values, parse_json
from younger_hf.submission.columns import check_columns, usable
from younger_hf.submission.problems import Problem, at_row, problem, quoted
from younger_hf.submission.rows import Limits, ParsedRow, ReadResult, join_rows, too_many_rows
from younger_hf.submission.track import GRAPH_ID, Format

_OTHER_DELIMITERS = (";", "\t", "|")
_QUOTE_HINT = 'Put each list into double quotes: ab12,"[0.1, 0.9]".'


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
    delimiter = next((mark for mark in _OTHER_DELIMITERS if len(header) == 1 and mark in header[0]), None)
    if delimiter is not None:
        found = f"{delimiter!r} in the header {quoted(header[0])}"
        hint = "Export the file again with commas."
        problems.append(problem("wrong_delimiter", name, "columns separated by ','", found, hint))
        return ReadResult(None, tuple(problems))
    problems += check_columns(header, form, name)
    if not usable(header, form):
        return ReadResult(None, tuple(problems))
    # A list may be printed over several lines, so that lines are more than rows but never more than rows and values.
    lines = data.count(b"\n")
    if lines > limits.max_rows + limits.max_values + 1:
        return ReadResult(None, (*problems, too_many_rows(name, limits, f"{lines:,} lines")))
    ragged: list[tuple[int, int, int]] = []
    try:
        table = _parse(data, form, ragged)
    except pa.ArrowInvalid as error:
        reason = str(error).splitlines()[0][:80]
        problems.append(problem("file_damaged", name, "a readable CSV file", quoted(reason, 80), _QUOTE_HINT))
        return ReadResult(None, tuple(problems))
    for number, expected, got in ragged:
        where, cells = at_row(number, None), f"{expected} cells as in the header"
        problems.append(problem("ragged_row", where, cells, str(got), _QUOTE_HINT, number))
    if not table.num_rows and not ragged:
        problems.append(problem("no_rows", name, "one row for each graph of the test split", "only a header"))
        return ReadResult(None, tuple(problems))
    return join_rows(_rows(table, {number for number, _, _ in ragged}, form, limits), name, limits, problems)


def _header(data: bytes) -> list[str]:
    line = data[: 2**20].split(b"\n", 1)[0].rstrip(b"\r").decode("utf-8", "replace")
    try:
        return next(csv.reader([line]), [])
    except csv.Error:  # a header cell of over 128 KiB
        return [line[:100]]


def _parse(data: bytes, form: Format, ragged: list[tuple[int, int, int]]) -> pa.Table:
    """Both columns as text; rows that do not fit the header are noted and left out."""

    def note(row: pa_csv.InvalidRow) -> str:
        ragged.append((row.number - 1, row.expected_columns, row.actual_columns))  # Arrow counts the header as row 1
        return "skip"

    return pa_csv.read_csv(
        pa.BufferReader(data),
        # Rows have numbers only without threads, and a row must fit into one block.
        read_options=pa_csv.ReadOptions(use_threads=False, block_size=len(data) + 1),
        parse_options=pa_csv.ParseOptions(newlines_in_values=True, invalid_row_handler=note),
        convert_options=pa_csv.ConvertOptions(
            include_columns=[GRAPH_ID, form.column],
            column_types={GRAPH_ID: pa.large_string(), form.column: pa.large_string()},
            strings_can_be_null=False,
        ),
    )


def _rows(table: pa.Table, ragged: set[int], form: Format, limits: Limits) -> Iterator[ParsedRow]:
    number = 0
    for graph_id, cell in zip(table[GRAPH_ID], table[form.column], strict=True):
        number += 1
        while number in ragged:
            number += 1
        yield _row(number, graph_id.as_py(), cell.as_py(), form, limits)


def _row(number: int, graph_id: str, cell: str, form: Format, limits: Limits) -> ParsedRow:
    known, problems = check_graph_id(graph_id, number)
    where = f"{at_row(number, known)}, {form.column}"
    if cell.count(",") > limits.max_values:
        got = f"{cell.count(','):,} commas"
        return ParsedRow(number, known, None, [*problems, problem("too_many_values", where, "a list", got, row=number)])
    try:
        value = parse_json(cell)
    except ValueError:
        got = quoted(cell) if cell else "an empty cell"
        return ParsedRow(
            number, known, None, [*problems, problem("bad_json", where, "a JSON list", got, _QUOTE_HINT, number)]
        )
    values, more = check_values(value, form, number, known)
    return ParsedRow(number, known, values, [*problems, *more])
