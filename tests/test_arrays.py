"""Ragged arrays against lists of arrays."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from younger_hf.arrays import Ragged, offsets_of, positions

ROWS = st.lists(st.lists(st.integers(-9, 9), max_size=5), min_size=1, max_size=6)


@given(ROWS, st.data())
def test_rows_come_back_as_they_went_in(rows: list[list[int]], data: st.DataObject) -> None:
    ragged = Ragged.of([np.array(row, dtype=np.int64) for row in rows])
    assert rows == [row.tolist() for row in ragged]
    assert [len(row) for row in rows] == ragged.lengths.tolist()
    assert [number for number, row in enumerate(rows) for _ in row] == ragged.row_of_value().tolist()
    chosen = data.draw(st.lists(st.integers(0, len(rows) - 1)))
    assert [rows[row] for row in chosen] == [row.tolist() for row in ragged.take(chosen)]


def test_rows_are_cut_along_the_last_axis() -> None:
    ragged = Ragged.of([np.array([[0, 1], [1, 2]]), np.array([[0], [1]])])
    assert [[0, 1], [1, 2]] == ragged[0].tolist()
    assert [[0], [1]] == ragged[-1].tolist()
    with pytest.raises(IndexError):
        ragged[2]


def test_offsets_of_nothing_are_one_zero() -> None:
    assert [0] == offsets_of([]).tolist()
    assert 0 == len(positions(np.zeros(0, np.int64), np.zeros(0, np.int64)))
