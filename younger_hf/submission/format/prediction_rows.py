"""The rows of a predictions file as typed columns, whatever its format was."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from younger_hf.submission.format.problems import Problem, at_row, problem
from younger_hf.task_types import Format

MAX_GRAPH_ID = 256
"""Longest graph_id that is looked at, in bytes of UTF-8."""

MAX_ROW_BYTES = 4 * 2**20
"""Longest row of a text file that is parsed: 200,000 numbers with every digit. Parsing takes many times its size in memory."""

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Limits:
    """How much of a predictions file is read at most; beyond, reading stops with a problem.

    Attributes:
        max_bytes: Size of the file.
        max_rows: Rows.
        max_values: Numbers and lists of all rows together.
        max_row_values: Those of one row of a text file, which is parsed at once.
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
        lengths: How many of them, or in a column of lists of lists how many lists, each row has, int64 [R]; 0 or 1 if it holds no list.
        inner: How many numbers each list in a list has, int64 [L]; None if there are no lists in lists.
        readable: Whether the row's cell could be read; if not it is empty here, bool [R].
    """

    values: npt.NDArray[np.generic]
    lengths: IntArray
    inner: IntArray | None
    readable: npt.NDArray[np.bool_]


class RaggedColumn:
    """One column of all rows.

    Attributes:
        values: Numbers of all rows together, integers or floats [V].
        offsets: Row r holds `values[offsets[r]:offsets[r + 1]]`, int64 [R + 1].
        lists: Row r holds the lists `lists[r]:lists[r + 1]`, int64 [R + 1]; None if there are no lists in lists.
        bounds: List l holds `values[bounds[l]:bounds[l + 1]]`, int64 [L + 1]; None likewise.
        readable: Whether the row's cell could be read; if not it is empty here, bool [R].
        depth: 0 for a number in each row, 1 for a list, 2 for a list of lists.
    """

    def __init__(self, cells: Sequence[Cells], depth: int) -> None:
        filled = [each.values for each in cells if len(each.values)]
        self.values: npt.NDArray[np.generic] = np.concatenate(filled) if filled else np.zeros(0, dtype=np.int64)
        self.readable: npt.NDArray[np.bool_] = np.concatenate([np.zeros(0, np.bool_), *(c.readable for c in cells)])
        self.depth = depth
        self.lists: IntArray | None = None
        self.bounds: IntArray | None = None
        rows = offsets_of([each.lengths for each in cells])
        if depth < 2:
            self.offsets = rows
            return
        self.lists, self.bounds = rows, offsets_of([each.inner for each in cells if each.inner is not None])
        self.offsets = self.bounds[rows]

    def place(self, row: int, value: int) -> str:
        """How a message names a value within its row: `[4]`, in a list of lists `[1][4]`, and nothing if it is the row's only one."""
        if self.lists is None or self.bounds is None:
            return f"[{value - int(self.offsets[row])}]" if self.depth else ""
        inner = int(np.searchsorted(self.bounds, value, "right")) - 1
        return f"[{inner - int(self.lists[row])}][{value - int(self.bounds[inner])}]"


def offsets_of(lengths: Sequence[IntArray]) -> IntArray:
    """Where each of consecutive pieces begins, and where the last ends; int64, one more than there are."""
    return np.concatenate([[0], np.cumsum(np.concatenate([np.zeros(0, np.int64), *lengths]))]).astype(np.int64)


@dataclass(frozen=True)
class PredictionRows:
    """The rows that could be read.

    Attributes:
        numbers: Row of each in the file, counted from 1 without a header, int64 [R].
        graph_ids: string [R], null where it could not be read or the track has none.
        columns: Name of each other column -> its cells.
    """

    numbers: IntArray
    graph_ids: pa.StringArray
    columns: Mapping[str, RaggedColumn]

    def where(self, index: int) -> str:
        """How a message names the row at an index of these arrays."""
        return at_row(int(self.numbers[index]), self.graph_ids[index].as_py())


@dataclass(frozen=True)
class ReadResult:
    """What reading a predictions file gave.

    Attributes:
        rows: Its rows; `None` if they are not to be looked at, because a problem lies before them.
        problems: Everything that was wrong with the file, its columns and single rows.
    """

    rows: PredictionRows | None
    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class ParsedRow:
    """One row of a text file.

    Attributes:
        number: Its number in the file, counted from 1 without a header.
        graph_id: `None` if it could not be read, or the track has none.
        cells: Column -> its cell; those that could not be read are missing.
        problems: What was wrong with it.
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
    """Join rows of a text file, stopping where a limit is passed.

    Args:
        parsed: Rows in the order of the file; not more of them are made than the limits allow.
        form: What the file should hold.
        name: File name, for messages.
        limits: How much is read at most.
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
            column.name: RaggedColumn([row.cells.get(column.name, _UNREADABLE) for row in rows], column.depth)
            for column in form.columns
        },
    )
    return ReadResult(joined, tuple(problems))


def marked_rows(marks: npt.NDArray[np.bool_], offsets: IntArray) -> Iterator[tuple[int, int, int]]:
    """Each row with marked values: its index, the place of the first of them, and how many they are.

    Row by row: where all of millions of values are marked, their places would take many times their size in memory.

    Args:
        marks: Which values are marked, bool [V].
        offsets: Row r holds the values `offsets[r]:offsets[r + 1]`, int64 [R + 1].
    """
    if not marks.any():
        return
    for index, (start, end) in enumerate(pairwise(offsets.tolist())):
        count = int(np.count_nonzero(marks[start:end]))
        if count:
            yield index, start + int(marks[start:end].argmax()), count


def size_of(cells: Cells) -> int:
    """Numbers and lists in lists of some cells: what `Limits.max_values` counts."""
    return len(cells.values) + (0 if cells.inner is None else len(cells.inner))


def no_rows(form: Format, name: str, got: str) -> Problem:
    """The problem of a file without any row."""
    return problem("no_rows", name, form.rows, got, f"Write {form.rows}.")


def too_many_rows(form: Format, name: str, limits: Limits, got: str) -> Problem:
    """The problem of a file with far too many rows."""
    return problem("too_many_rows", name, f"at most {limits.max_rows:,} rows", got, f"Write {form.rows}.")


def too_many_values(form: Format, name: str, limits: Limits, got: str) -> Problem:
    """The problem of a file with far too many values."""
    expected = f"at most {limits.max_values:,} values in all rows together"
    return problem("too_many_values", name, expected, got, f"Write {form.values}.")


def long_row(number: int, got: str) -> Problem:
    """The problem of a row of a text file that is too long to be parsed."""
    hint = "Write one row for each graph, and each with its own list."
    return problem("long_row", at_row(number, None), f"at most {MAX_ROW_BYTES:,} bytes", got, hint, number)
