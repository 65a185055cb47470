"""Ragged arrays and the array types that the packages share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
Int32Array = npt.NDArray[np.int32]

T = TypeVar("T", bound=np.generic)


@dataclass(frozen=True)
class Ragged(Generic[T]):
    """Rows of different lengths: flat values, and where each row begins.

    Attributes:
        values: The values of all rows, one row after the other, [..., V]; rows are cut along the
            last axis.
        offsets: Row r holds `values[..., offsets[r]:offsets[r + 1]]`, int64 [R + 1], ascending,
            first 0, last V.

    Example:
        >>> rows = Ragged.of([np.array([1, 2]), np.array([3])])
        >>> rows[0].tolist(), rows.lengths.tolist(), rows.row_of_value().tolist()
        ([1, 2], [2, 1], [0, 0, 1])
    """

    values: npt.NDArray[T]
    offsets: IntArray

    @classmethod
    def of(cls, rows: Sequence[npt.NDArray[T]]) -> Ragged[T]:
        """Join rows, at least one, each [..., V_r]."""
        return cls(np.concatenate(rows, axis=-1), offsets_of(row.shape[-1] for row in rows))

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, row: int) -> npt.NDArray[T]:
        if not -len(self) <= row < len(self):
            raise IndexError(f"Row {row} of {len(self)}.")
        row %= len(self)
        return self.values[..., self.offsets[row] : self.offsets[row + 1]]

    def __iter__(self) -> Iterator[npt.NDArray[T]]:
        return (self[row] for row in range(len(self)))

    @property
    def lengths(self) -> IntArray:
        """Values of each row, int64 [R]."""
        return np.diff(self.offsets)

    def row_of_value(self) -> IntArray:
        """The row of each value, int64 [V]."""
        return np.repeat(np.arange(len(self)), self.lengths)

    def take(self, rows: npt.ArrayLike) -> Ragged[T]:
        """Return some rows in some order; `rows` are integers in [0, R)."""
        rows = np.asarray(rows, dtype=np.int64)
        starts, lengths = self.offsets[rows], self.offsets[rows + 1] - self.offsets[rows]
        return Ragged(np.take(self.values, positions(starts, lengths), axis=-1), offsets_of(lengths))


def offsets_of(lengths: Iterable[int] | npt.NDArray[np.integer]) -> IntArray:
    """Where each of consecutive rows begins, and where the last one ends.

    Args:
        lengths: Values of each row, integers >= 0, [R].

    Returns:
        int64 [R + 1].
    """
    counts = np.fromiter(lengths, np.int64) if not isinstance(lengths, np.ndarray) else lengths
    offsets = np.zeros(len(counts) + 1, dtype=np.int64)
    np.cumsum(counts, out=offsets[1:])
    return offsets


def positions(starts: IntArray, lengths: IntArray) -> IntArray:
    """The numbers from `starts[r]` on, `lengths[r]` of them, for one row after the other.

    Args:
        starts: int64 [R].
        lengths: int64 [R].

    Returns:
        int64 [sum of lengths].

    Example:
        >>> positions(np.array([5, 1]), np.array([2, 3])).tolist()
        [5, 6, 1, 2, 3]
    """
    ends = np.cumsum(lengths)
    found: IntArray = np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - (ends - lengths), lengths)
    return found
