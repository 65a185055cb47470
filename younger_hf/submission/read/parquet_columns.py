"""Decoded columns of a Parquet predictions file as ids and numbers.

Nulls and over-long ids are reported.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from younger_hf.arrays import BoolArray, IntArray, offsets_of
from younger_hf.submission.format.prediction_rows import (
    MAX_GRAPH_ID,
    Cells,
    PredictionColumn,
    marked_rows,
)
from younger_hf.submission.format.problems import Problem, at_row, problem
from younger_hf.task_types import Column

_TYPE_NAMES = {pa.int32(): "int32", pa.float32(): "float32", pa.float64(): "double"}


def is_text(kind: pa.DataType) -> bool:
    """Whether a column of this type can hold ids."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def fits(kind: pa.DataType, column: Column) -> bool:
    """Whether a type can hold a column's numbers, of any width, at exactly the same depth.

    A column of single numbers may also hold integers.

    Only a row's own list may have a fixed size: how many lists are in it, and so how much they
    take, is not known before they are read.
    """
    for depth in range(column.depth):
        is_fixed = depth == 0 and pa.types.is_fixed_size_list(kind)
        if not (is_fixed or pa.types.is_list(kind) or pa.types.is_large_list(kind)):
            return False
        kind = kind.value_type
    if column.is_integral or (column.depth == 0 and pa.types.is_integer(kind)):
        return bool(pa.types.is_integer(kind))
    return bool(pa.types.is_floating(kind))


def expected_type(column: Column) -> str:
    """A column's type as the project writes it, for messages."""
    return ("", "list of ", "list of lists of ")[column.depth] + _TYPE_NAMES[column.value_type]


def graph_ids_of(column: pa.Array, before: int) -> tuple[pa.StringArray, list[Problem]]:
    """Ids as strings, with null for those too long to be valid.

    A short dictionary can stand for gigabytes of text.

    Args:
        column: Some rows of it.
        before: Rows of the file before these.
    """
    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    encoded.validate(full=True)  # Parquet's readers do not check that text is UTF-8
    encoded.dictionary.validate(full=True)
    known = encoded.dictionary.cast(pa.large_string())
    long = pc.greater(pc.binary_length(known), MAX_GRAPH_ID)
    too_long = pc.fill_null(long.take(encoded.indices), False).to_numpy(zero_copy_only=False)
    short = pc.if_else(long, pa.scalar(None, pa.large_string()), known).cast(pa.string())
    limit = f"at most {MAX_GRAPH_ID} bytes"
    problems = [_id_problem("long_graph_id", before + int(index), limit, "more") for index in np.flatnonzero(too_long)]
    empty = np.flatnonzero(column.is_null().to_numpy(zero_copy_only=False))
    problems += [_id_problem("null_value", before + int(index), "text", "null") for index in empty]
    return short.take(encoded.indices), problems


def _id_problem(code: str, index: int, expected: str, got: str) -> Problem:
    return problem(code, f"{at_row(index + 1, None)}, graph_id", expected, got, row=index + 1)


def numbers_of(column: pa.Array, spec: Column, names: pa.StringArray, before: int) -> tuple[Cells, list[Problem]]:
    """The numbers of some rows; a null among them is named, once a row, and is 0.

    Args:
        column: Some rows of it, of a type that fits.
        spec: What it holds.
        names: Their ids, for messages.
        before: Rows of the file before these.
    """
    readable: BoolArray = column.is_valid().to_numpy(zero_copy_only=False)
    problems: list[Problem] = []

    def null(row: int, place: str, expected: str) -> None:
        number = before + row + 1
        where = f"{at_row(number, names[row].as_py())}, {spec.name}{place}"
        problems.append(problem("null_value", where, expected, "null", row=number))

    for row in np.flatnonzero(~readable).tolist():
        null(row, "", spec.expected() if spec.depth == 2 else "a list" if spec.depth else f"a {spec.value}")
    if spec.depth == 0:
        array, _ = _without_nulls(column.drop_null())
        return Cells(array, readable.astype(np.int64), None, readable), problems
    lengths, flat = _unnested(column)
    inner: IntArray | None = None
    if spec.depth == 2:
        lists = offsets_of(lengths)
        for row, first, _ in marked_rows(flat.is_null().to_numpy(zero_copy_only=False), lists):
            null(row, f"[{first - int(lists[row])}]", spec.expected(1))
        inner, flat = _unnested(flat)
    array, nulls = _without_nulls(flat)
    cells = Cells(array, lengths, inner, readable)
    if nulls.any():
        joined = PredictionColumn.join([cells], spec.depth)
        for row, first, _ in marked_rows(nulls, joined.rows.offsets):
            null(row, joined.place(row, first), f"a {spec.value}")
    return cells, problems


def _unnested(column: pa.Array) -> tuple[IntArray, pa.Array]:
    """The length of each list, 0 for null, and their elements behind each other."""
    if pa.types.is_fixed_size_list(column.type):
        column = column.cast(pa.list_(column.type.value_type))
    lengths: IntArray = pc.fill_null(pc.list_value_length(column), 0).to_numpy(zero_copy_only=False).astype(np.int64)
    return lengths, column.flatten()


def _without_nulls(flat: pa.Array) -> tuple[npt.NDArray[np.generic], BoolArray]:
    """Numbers as an array with 0 in place of nulls, and where these were."""
    if flat.null_count == 0:
        return flat.to_numpy(zero_copy_only=False), np.zeros(0, dtype=np.bool_)
    nulls: BoolArray = flat.is_null().to_numpy(zero_copy_only=False)
    known = flat.drop_null().to_numpy(zero_copy_only=False)
    array = np.zeros(len(flat), dtype=known.dtype)
    array[~nulls] = known
    return array, nulls
