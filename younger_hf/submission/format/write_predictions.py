"""Writes predictions in the format that validation and the board read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from younger_hf.arrays import offsets_of
from younger_hf.errors import SubmissionError
from younger_hf.task_types import Column, Format
from younger_hf.tasks import SUBMISSION_TRACKS, task_of

FILE_NAME = "predictions.parquet"

_NUMBERS = ("a number", "a flat array of numbers", "an array [2, E] of numbers")
_DIMENSIONS = ("a single number", "one dimension", "shape [2, E]")

Row = tuple[Any, ...]
"""graph_id and what is predicted for it, or the node_feat and edge_index of a generated graph."""


def write_predictions(
    path: str | Path, track: str, rows: Mapping[str, npt.ArrayLike] | Iterable[tuple[str, npt.ArrayLike] | Row]
) -> Path:
    """Write predictions.parquet; the same rows give the same bytes.

    Values are written as they are; `validate` checks them.

    Args:
        path: File to write, ending in .parquet, or a folder to write `predictions.parquet` into;
            folders are made.
        track: Config name, as `operator_w_attrs`.
        rows: graph_id and its predictions, once for each graph of the test split, in any order:
            class ids, integers [M], one for each node in mask_index (operator), scores in [0, 1],
            float16, float32 or float64 [P], one for each pair in pair_index (dataflow), or one
            number (prediction). For generation 1,000 pairs of the class ids of a graph's nodes,
            integers [N], and its edges, integers [2, E].

    Returns:
        Path of the file.

    Raises:
        SubmissionError: If the track does not exist, or a graph's predictions are not an array of
            such numbers.
    """
    if track not in SUBMISSION_TRACKS:
        raise SubmissionError(f"The track {track!r} does not exist.", f"Use one of: {', '.join(SUBMISSION_TRACKS)}.")
    form = task_of(track).format
    file = Path(path) if Path(path).suffix == ".parquet" else Path(path) / FILE_NAME
    ids: list[str] = []
    arrays: list[list[npt.NDArray[np.generic]]] = [[] for _ in form.columns]
    for number, row in enumerate(rows.items() if isinstance(rows, Mapping) else rows, start=1):
        _check_width(row, form, number)
        where = f"graph_id {row[0]!r}" if form.has_ids else f"row {number}"
        ids += row[:1] if form.has_ids else ()
        cells = row[1:] if form.has_ids else row
        for column, values, written in zip(form.columns, cells, arrays, strict=True):
            written.append(_as_written(values, column, f"{where}, {column.name}"))
    columns = [_column(each, column, track) for each, column in zip(arrays, form.columns, strict=True)]
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".partial")
    table = pa.table([*([pa.array(ids, pa.string())] if form.has_ids else []), *columns], schema=form.schema)
    # Half a file, or one that a disk has changed, is noticed when it is read.
    pq.write_table(table, partial, compression="zstd", row_group_size=1024, write_page_checksum=True)
    partial.replace(file)
    return file


def _check_width(row: object, form: Format, number: int) -> None:
    expected = f"a pair of {' and '.join(form.names)}"
    if not isinstance(row, tuple | list) or len(row) != len(form.names):
        raise SubmissionError(f"Row {number}: expected {expected}, got {type(row).__name__}.")


def _as_written(values: npt.ArrayLike, column: Column, where: str) -> npt.NDArray[np.generic]:
    """The numbers of a cell, of as many dimensions as the column is deep."""
    try:
        array = np.asarray(values)
    except (TypeError, ValueError, RuntimeError) as error:
        raise SubmissionError(
            f"{where}: expected {_NUMBERS[column.depth]}, got {type(values).__name__} ({error})."
        ) from error
    dtype = np.dtype(column.value_type.to_pandas_dtype())
    if column.depth == 2 and array.size == 0:
        array = np.zeros((2, 0), dtype=dtype)
    if array.ndim != column.depth or (column.depth == 2 and len(array) != 2):
        raise SubmissionError(f"{where}: expected {_DIMENSIONS[column.depth]}, got shape {array.shape}.")
    if array.size and array.dtype.kind not in ("iu" if dtype.kind == "i" else "fiu"):
        expected = "integers" if dtype.kind == "i" else "real numbers"
        hint = "Predict class ids, for example by argmax." if column.value == "class id" else ""
        raise SubmissionError(f"{where}: expected {expected}, got dtype {array.dtype}.", hint)
    if dtype.kind == "i" and array.size and not -(2**31) <= int(array.min()) <= int(array.max()) < 2**31:
        raise SubmissionError(f"{where}: expected {column.value}s that fit into int32, got {array.max()}.")
    with np.errstate(over="ignore"):  # a score of 1e300 becomes infinite, which validation names
        return array.astype(dtype)


def _column(arrays: Sequence[npt.NDArray[np.generic]], column: Column, track: str) -> pa.Array:
    """The cells of all rows as an Arrow array."""
    total = sum(array.size for array in arrays)
    if total > np.iinfo(np.int32).max:
        raise SubmissionError(f"{track}: expected fewer than 2**31 values, got {total:,}.")
    dtype = column.value_type.to_pandas_dtype()
    flat = np.concatenate([array.ravel() for array in arrays]) if arrays else np.zeros(0, dtype=dtype)
    values = pa.array(flat, column.value_type)
    if column.depth == 0:
        return values
    lengths = np.array([array.shape[-1] for array in arrays], dtype=np.int64)
    if column.depth == 2:
        values = _lists(values, np.repeat(lengths, 2))
        lengths = np.full(len(arrays), 2, dtype=np.int64)
    return _lists(values, lengths)


def _lists(values: pa.Array, lengths: npt.NDArray[np.int64]) -> pa.ListArray:
    return pa.ListArray.from_arrays(pa.array(offsets_of(lengths), pa.int32()), values)
