"""Matches the rows of a predictions file with the graphs of a track's test split."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from younger_hf.submission.format.prediction_rows import PredictionRows, offsets_of
from younger_hf.submission.format.predictions import AlignedPredictions
from younger_hf.submission.format.problems import Problem, problem, quoted
from younger_hf.submission.format.track import Track


def _positions_of(rows: PredictionRows, asked: Track) -> npt.NDArray[np.int64]:
    """Position in the test split of each row's graph, -1 where there is none; int64 [R]."""
    found = pc.index_in(rows.graph_ids, value_set=asked.graph_ids, skip_nulls=True)
    position: npt.NDArray[np.int64] = pc.fill_null(found, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    return position


def check_rows(rows: PredictionRows, asked: Track) -> list[Problem]:
    """Unknown, duplicate and missing graphs, and lists of the wrong length.

    Args:
        rows: The rows.
        asked: The track.
    """
    position = _positions_of(rows, asked)
    unknown = (position < 0) & rows.graph_ids.is_valid().to_numpy(zero_copy_only=False)
    hint = f"Predict the graphs of the test split of {asked.name}, and keep graph_id as it is there."
    problems = [
        problem(
            "unknown_graph",
            rows.where(int(index)),
            "a graph_id of the test split",
            "another",
            hint,
            int(rows.numbers[index]),
        )
        for index in np.flatnonzero(unknown)
    ]
    known = np.flatnonzero(position >= 0)
    first = np.full(len(asked.graph_ids), -1, dtype=np.int64)
    first[position[known][::-1]] = known[::-1]  # the last to be written wins: the first row of each graph
    problems += [
        problem(
            "duplicate_graph",
            rows.where(int(index)),
            "each graph once",
            f"it in row {rows.numbers[first[position[index]]]} already",
            "Keep one of the rows.",
            int(rows.numbers[index]),
        )
        for index in known[first[position[known]] != known]
    ]
    problems += _check_lengths(rows, position, asked)
    problems += [
        problem(
            "missing_graph",
            f"graph_id {quoted(asked.graph_ids[int(index)].as_py())}",
            "one row",
            "none",
            "Add a row for it.",
        )
        for index in np.flatnonzero(first < 0)
    ]
    return problems


def _check_lengths(rows: PredictionRows, position: npt.NDArray[np.int64], asked: Track) -> list[Problem]:
    form = asked.format
    (column,) = form.columns
    cells = rows.columns[column.name]
    lengths = np.diff(cells.offsets)
    expected = np.where(position >= 0, asked.lengths[position] if len(asked.lengths) else -1, -1)
    wrong = (position >= 0) & cells.readable & (lengths != expected)
    noun = f"{column.value}s (one for each {form.target} in {asked.task.targets})"
    hint = f"Predict every {form.target} in the order of the test split."
    return [
        problem(
            "wrong_length",
            rows.where(int(index)),
            f"{expected[index]:,} {noun}",
            f"{lengths[index]:,}",
            hint,
            int(rows.numbers[index]),
        )
        for index in np.flatnonzero(wrong)
    ]


def in_test_order(rows: PredictionRows, asked: Track, content_hash: str) -> AlignedPredictions:
    """The predictions of rows without problems.

    Args:
        rows: The rows.
        asked: The track.
        content_hash: Of the release.
    """
    cells = rows.columns[asked.format.columns[0].name]
    row_of_graph = np.argsort(_positions_of(rows, asked))
    bounds = zip(cells.offsets[row_of_graph].tolist(), cells.offsets[row_of_graph + 1].tolist(), strict=True)
    values = np.concatenate([cells.values[start:end] for start, end in bounds])
    if asked.task.predicts == "class":
        values = values.astype(np.int32)
    elif asked.task.predicts == "value":
        values = values.astype(np.float64)
    elif values.dtype == np.float16:
        values = values.astype(np.float32)
    return AlignedPredictions(asked.name, content_hash, asked.graph_ids, values, offsets_of([asked.lengths]))
