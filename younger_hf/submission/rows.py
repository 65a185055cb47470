"""The rows of a predictions file as typed columns, whatever its format was."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from younger_hf.submission.problems import Problem, at_row, problem

MAX_GRAPH_ID = 256
"""Longest graph_id that is looked at, in bytes of UTF-8."""


@dataclass(frozen=True)
class Limits:
    """How much of a predictions file is read at most; beyond, reading stops with a problem.

    Attributes:
        max_bytes: Size of the file.
        max_rows: Rows.
        max_values: List elements of all rows together.
    """

    max_bytes: int
    max_rows: int
    max_values: int


@dataclass(frozen=True)
class PredictionRows:
    """The rows that could be read.

    Attributes:
        numbers: Row of each in the file, counted from 1 without a header, int64 [R].
        graph_ids: string [R], null where it could not be read.
        values: List elements of all rows together, integers or floats [V].
        offsets: Row r holds `values[offsets[r]:offsets[r + 1]]`, int64 [R + 1].
        readable: Whether the row's list could be read; if not it is empty here, bool [R].
    """

    numbers: npt.NDArray[np.int64]
    graph_ids: pa.StringArray
    values: npt.NDArray[np.generic]
    offsets: npt.NDArray[np.int64]
    readable: npt.NDArray[np.bool_]

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
        graph_id: `None` if it could not be read.
        values: Its list; `None` if it could not be read.
        problems: What was wrong with it.
    """

    number: int
    graph_id: str | None
    values: npt.NDArray[np.generic] | None
    problems: Sequence[Problem] = ()


def join_rows(parsed: Iterable[ParsedRow], name: str, limits: Limits, earlier: Sequence[Problem] = ()) -> ReadResult:
    """Join rows of a text file, stopping where a limit is passed.

    Args:
        parsed: Rows in the order of the file; not more of them are made than the limits allow.
        name: File name, for messages.
        limits: How much is read at most.
        earlier: Problems found before.
    """
    rows: list[ParsedRow] = []
    problems = list(earlier)
    total = 0
    for row in parsed:
        problems.extend(row.problems)
        total += 0 if row.values is None else len(row.values)
        if len(rows) == limits.max_rows:
            return ReadResult(None, (*problems, too_many_rows(name, limits, f"more than {limits.max_rows:,}")))
        if total > limits.max_values:
            return ReadResult(None, (*problems, too_many_values(name, limits, f"more than {limits.max_values:,}")))
        rows.append(row)
    empty = np.zeros(0, dtype=np.int64)
    lists = [empty if row.values is None else row.values for row in rows]
    filled = [values for values in lists if len(values)]
    joined = PredictionRows(
        numbers=np.array([row.number for row in rows], dtype=np.int64),
        graph_ids=pa.array([row.graph_id for row in rows], pa.string()),
        values=np.concatenate(filled) if filled else empty,
        offsets=np.concatenate([[0], np.cumsum([len(values) for values in lists], dtype=np.int64)]).astype(np.int64),
        readable=np.array([row.values is not None for row in rows], dtype=np.bool_),
    )
    return ReadResult(joined, tuple(problems))


def too_many_rows(name: str, limits: Limits, got: str) -> Problem:
    """The problem of a file with far too many rows."""
    hint = "Write one row for each graph of the test split."
    return problem("too_many_rows", name, f"at most {limits.max_rows:,} rows", got, hint)


def too_many_values(name: str, limits: Limits, got: str) -> Problem:
    """The problem of a file with far too many list elements."""
    hint = "Write one value for each node in mask_index or pair in pair_index of the test split."
    return problem("too_many_values", name, f"at most {limits.max_values:,} values in all rows together", got, hint)
