"""The rows of a predictions file as typed columns, the same for every file format."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from younger_hf.arrays import BoolArray, IntArray, Ragged, offsets_of
from younger_hf.submission.format.problems import Problem, at_row, problem
from younger_hf.task_types import Format

MAX_GRAPH_ID = 256
"""Longest graph_id that is accepted, in bytes of UTF-8."""

MAX_ROW_BYTES = 4 * 2**20
"""Longest row of a text file that is parsed: 200,000 numbers with all digits.

Parsing a row needs many times its size in memory.
"""


@dataclass(frozen=True)
class Limits:
    """Limits at which reading a predictions file stops with a problem.

    Attributes:
        max_bytes: Largest file.
        max_rows: Most rows.
        max_values: Most numbers and inner lists in all rows together.
        max_row_values: Most numbers and inner lists in one row of a text file, which is parsed at
            once.
    """

    max_bytes: int
    max_rows: int
    max_values: int
    max_row_values: int


@dataclass(frozen=True)
class Cells:
    """One column of some rows.

    Attributes:
        values: Numbers of all rows together, integers or floats [V].
        lengths: Length of each row's list, of numbers or of lists, int64 [R]; 0 or 1 in a column
            without lists.
        inner: Length of each inner list, int64 [L]; None if the column has no lists of lists.
        readable: Whether the row's cell could be read, bool [R]; if not, it is empty here.
    """

    values: npt.NDArray[np.generic]
    lengths: IntArray
    inner: IntArray | None
    readable: BoolArray


@dataclass(frozen=True)
class PredictionColumn:
    """One column of all rows.

    Attributes:
        rows: The numbers of each row, integers or floats.
        lists: The length of each list in each row, int64; None if the column has no lists of lists.
        readable: Whether the row's cell could be read, bool [R]; if not, it is empty here.
        depth: 0 for a number in each row, 1 for a list, 2 for a list of lists.
    """

    rows: Ragged[Any]
    lists: Ragged[np.int64] | None
    readable: BoolArray
    depth: int

    @classmethod
    def join(cls, cells: Sequence[Cells], depth: int) -> PredictionColumn:
        """Join the cells of consecutive rows."""
        filled = [each.values for each in cells if len(each.values)]
        values = np.concatenate(filled) if filled else np.zeros(0, dtype=np.int64)
        readable = np.concatenate([np.zeros(0, np.bool_), *(each.readable for each in cells)])
        offsets = offsets_of(_joined([each.lengths for each in cells]))
        if depth < 2:
            return cls(Ragged(values, offsets), None, readable, depth)
        inner = _joined([each.inner for each in cells if each.inner is not None])
        return cls(Ragged(values, offsets_of(inner)[offsets]), Ragged(inner, offsets), readable, depth)

    def place(self, row: int, value: int) -> str:
        """Name a value within its row for a message.

        It is `[4]`, or `[1][4]` in a list of lists, or nothing for a single number.
        """
        position = value - int(self.rows.offsets[row])
        if self.lists is None:
            return f"[{position}]" if self.depth else ""
        starts = offsets_of(self.lists[row])
        inner = int(np.searchsorted(starts, position, "right")) - 1
        return f"[{inner}][{position - int(starts[inner])}]"


def _joined(lengths: Sequence[IntArray]) -> IntArray:
    return np.concatenate([np.zeros(0, np.int64), *lengths])


@dataclass(frozen=True)
class PredictionRows:
    """The rows of a file.

    Attributes:
        numbers: Number of each row in the file, counted from 1 without a header, int64 [R].
        graph_ids: string [R], null if it could not be read or the track has no ids.
        columns: Name of each other column -> its cells.
    """

    numbers: IntArray
    graph_ids: pa.StringArray
    columns: Mapping[str, PredictionColumn]

    def where(self, index: int) -> str:
        """Name the row at an index of these arrays for a message."""
        return at_row(int(self.numbers[index]), self.graph_ids[index].as_py())


@dataclass(frozen=True)
class ReadResult:
    """The result of reading a predictions file.

    Attributes:
        rows: Its rows; `None` if a problem kept them from being read.
        problems: Everything that is wrong with the file, its columns and single rows.
    """

    rows: PredictionRows | None
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class ParsedRow:
    """One row of a text file.

    Attributes:
        number: Its number in the file, counted from 1 without a header.
        graph_id: `None` if it could not be read, or the track has no ids.
        cells: Column -> its cell; those that could not be read are missing.
        problems: Everything that is wrong with it.
    """

    number: int
    graph_id: str | None
    cells: Mapping[str, Cells]
    problems: Sequence[Problem] = ()


_NOTHING = np.zeros(0, dtype=np.int64)
_UNREADABLE = Cells(_NOTHING, np.zeros(1, dtype=np.int64), _NOTHING, np.zeros(1, dtype=np.bool_))


def join_rows(
    parsed: Iterable[ParsedRow], form: Format, name: str, limits: Limits, earlier: Sequence[Problem] = ()
) -> ReadResult:
    """Join rows of a text file, stopping at a limit.

    Args:
        parsed: Rows in the order of the file; iteration stops at a limit.
        form: Expected contents of the file.
        name: File name, for messages.
        limits: Limits of reading.
        earlier: Problems found before.
    """
    rows: list[ParsedRow] = []
    problems = list(earlier)
    total = 0
    for row in parsed:
        problems.extend(row.problems)
        total += sum(size_of(cell) for cell in row.cells.values())
        if len(rows) == limits.max_rows:
            return ReadResult(None, (*problems, too_many_rows(form, name, limits, f"more than {limits.max_rows:,}")))
        if total > limits.max_values:
            got = f"more than {limits.max_values:,}"
            return ReadResult(None, (*problems, too_many_values(form, name, limits, got)))
        rows.append(row)
    joined = PredictionRows(
        numbers=np.array([row.number for row in rows], dtype=np.int64),
        graph_ids=pa.array([row.graph_id for row in rows], pa.string()),
        columns={
            column.name: PredictionColumn.join([row.cells.get(column.name, _UNREADABLE) for row in rows], column.depth)
            for column in form.columns
        },
    )
    return ReadResult(joined, tuple(problems))


def marked_rows(marks: BoolArray, offsets: IntArray) -> Iterator[tuple[int, int, int]]:
    """Yield the rows with marked values.

    Rows are searched one by one: if millions of values are marked, an array of their positions
    would need many times their size in memory.

    Args:
        marks: Which values are marked, bool [V].
        offsets: Row r holds the values `offsets[r]:offsets[r + 1]`, int64 [R + 1].

    Yields:
        Index of the row, position of its first marked value, and the number of its marked values.
    """
    if not marks.any():
        return
    for index, (start, end) in enumerate(pairwise(offsets.tolist())):
        count = int(np.count_nonzero(marks[start:end]))
        if count:
            yield index, start + int(marks[start:end].argmax()), count


def size_of(cells: Cells) -> int:
    """Count the numbers and inner lists of some cells, as `Limits.max_values` does."""
    return len(cells.values) + (0 if cells.inner is None else len(cells.inner))


def no_rows(form: Format, name: str, got: str) -> Problem:
    """Return the problem of a file without rows."""
    return problem("no_rows", name, form.rows, got, f"Write {form.rows}.")


def too_many_rows(form: Format, name: str, limits: Limits, got: str) -> Problem:
    """Return the problem of a file with far too many rows."""
    return problem("too_many_rows", name, f"at most {limits.max_rows:,} rows", got, f"Write {form.rows}.")


def too_many_values(form: Format, name: str, limits: Limits, got: str) -> Problem:
    """Return the problem of a file with far too many values."""
    expected = f"at most {limits.max_values:,} values in all rows together"
    return problem("too_many_values", name, expected, got, f"Write {form.values}.")


def long_row(number: int, got: str) -> Problem:
    """Return the problem of a row of a text file that is too long to be parsed."""
    hint = "Write one row for each graph, each with its own list."
    return problem("long_row", at_row(number, None), f"at most {MAX_ROW_BYTES:,} bytes", got, hint, number)
