"""Writes predictions in the format that the board reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from younger_hf.dataset.schema import TRACKS, task_of
from younger_hf.errors import SubmissionError
from younger_hf.submission.track import FORMATS

FILE_NAME = "predictions.parquet"


def write_predictions(
    path: str | Path, track: str, rows: Mapping[str, npt.ArrayLike] | Iterable[tuple[str, npt.ArrayLike]]
) -> Path:
    """Write predictions.parquet; the same rows give the same bytes.

    Values are written as given: `validate` judges them.

    Args:
        path: File to write, ending in .parquet, or a folder to write `predictions.parquet` into; folders are made.
        track: Config name, as `operator_w_attrs`.
        rows: graph_id and its predictions, once for each graph of the test split, in any order: class ids, integers [M], one for each node
            in mask_index (operator), or scores in [0, 1], float16, float32 or float64 [P], one for each pair in pair_index (dataflow).

    Returns:
        Path of the file.

    Raises:
        SubmissionError: If there is no such track, or a graph's predictions are no flat array of such numbers.
    """
    if track not in TRACKS:
        raise SubmissionError(f"There is no track {track!r}.", f"Use one of: {', '.join(TRACKS)}.")
    form = FORMATS[task_of(track)]
    file = Path(path) if Path(path).suffix == ".parquet" else Path(path) / FILE_NAME
    ids: list[str] = []
    arrays: list[npt.NDArray[np.generic]] = []
    for graph_id, values in rows.items() if isinstance(rows, Mapping) else rows:
        ids.append(graph_id)
        arrays.append(_as_written(values, form.value_type, f"graph_id {graph_id!r}, {form.column}"))
    offsets = np.concatenate([[0], np.cumsum([len(array) for array in arrays], dtype=np.int64)])
    if offsets[-1] > np.iinfo(np.int32).max:
        raise SubmissionError(f"{track}: expected fewer than 2**31 values, got {offsets[-1]:,}.")
    flat = np.concatenate(arrays) if arrays else np.zeros(0, dtype=form.value_type.to_pandas_dtype())
    lists = pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), pa.array(flat, form.value_type))
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_suffix(".partial")
    table = pa.table([pa.array(ids, pa.string()), lists], schema=form.schema)
    # Half a file, or one that a disk has changed, is noticed when it is read.
    pq.write_table(table, partial, compression="zstd", row_group_size=1024, write_page_checksum=True)
    partial.replace(file)
    return file


def _as_written(values: npt.ArrayLike, kind: pa.DataType, where: str) -> npt.NDArray[np.generic]:
    try:
        array = np.asarray(values)
    except (TypeError, ValueError, RuntimeError) as error:
        raise SubmissionError(
            f"{where}: expected a flat array of numbers, got {type(values).__name__} ({error})."
        ) from error
    dtype = np.dtype(kind.to_pandas_dtype())
    if array.ndim != 1:
        raise SubmissionError(f"{where}: expected one dimension, got shape {array.shape}.")
    if len(array) and array.dtype.kind not in ("iu" if dtype.kind == "i" else "fiu"):
        expected = "integers" if dtype.kind == "i" else "real numbers"
        raise SubmissionError(
            f"{where}: expected {expected}, got dtype {array.dtype}.", "Predict class ids, for example by argmax."
        )
    if dtype.kind == "i" and len(array) and not -(2**31) <= int(array.min()) <= int(array.max()) < 2**31:
        raise SubmissionError(f"{where}: expected class ids that fit into int32, got {array.max()}.")
    with np.errstate(over="ignore"):  # a score of 1e300 becomes infinite, which validation names
        return array.astype(dtype)
