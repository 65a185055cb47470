"""Arrow columns of integer lists as ragged arrays, checked."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from younger_hf.arrays import IntArray, Ragged, positions
from younger_hf.errors import DatasetError

Integers = Ragged[np.integer[Any]]


def integer_lists(table: pa.Table, name: str) -> Integers:
    """Read a column of integer lists without copying its values.

    Raises:
        DatasetError: If a row is null, or its value is not a list of integers.
    """
    expected = "a list of integers"
    values, offsets = _flat(name, _in_one_piece(table, name, expected), expected)
    return Ragged(_integers(name, values), offsets)


def integer_pairs(table: pa.Table, name: str) -> Integers:
    """Read a column of two integer lists of equal length, as rows [2, E].

    Raises:
        DatasetError: If a row is null, or its value is not a pair of such lists.
    """
    expected = "a [2, E] list of sources and targets"
    lists, outer = _flat(name, _in_one_piece(table, name, expected), expected)
    values, inner = _flat(name, lists, expected)
    lengths = np.diff(inner)
    wrong = np.diff(outer) != 2
    if not wrong.any():
        wrong = lengths[outer[:-1]] != lengths[outer[:-1] + 1]
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        found = lengths[outer[row] : outer[row + 1]].tolist()
        raise DatasetError(f"Row {row}, {name!r}: expected {expected}, found lists of the lengths {found}.")
    starts, sizes = inner[outer[:-1]], lengths[outer[:-1]]
    sources = positions(starts, sizes)
    pairs = np.take(_integers(name, values), np.stack([sources, sources + np.repeat(sizes, sizes)]))
    return Ragged(pairs, np.concatenate([[0], np.cumsum(sizes)]))


def _in_one_piece(table: pa.Table, name: str, expected: str) -> pa.Array:
    column = table[name]
    if column.null_count:
        row = column.is_null().index(True).as_py()
        raise DatasetError(f"Row {row}, {name!r}: expected {expected}, found null.")
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)


def _flat(name: str, array: pa.Array, expected: str) -> tuple[pa.Array, IntArray]:
    """The values of a list array, and where each list begins."""
    if not (pa.types.is_list(array.type) or pa.types.is_large_list(array.type)):
        raise DatasetError(f"Column {name!r}: expected {expected} in every row, found {array.type}.")
    return array.values, array.offsets.to_numpy().astype(np.int64)


def _integers(name: str, values: pa.Array) -> npt.NDArray[np.integer[Any]]:
    if not pa.types.is_integer(values.type) or values.null_count:
        found = "nulls" if pa.types.is_integer(values.type) else str(values.type)
        raise DatasetError(f"Column {name!r}: expected lists of integers, found {found}.")
    flat: npt.NDArray[np.integer[Any]] = values.to_numpy()
    return flat
