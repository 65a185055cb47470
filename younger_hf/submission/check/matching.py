"""Matches the rows of a predictions file with the graphs of a track's split."""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc

from younger_hf.arrays import IntArray, Ragged
from younger_hf.submission.format.prediction_rows import PredictionRows
from younger_hf.submission.format.predictions import AlignedPredictions
from younger_hf.submission.format.problems import Problem, problem, quoted
from younger_hf.submission.format.track import Track


def _positions_of(rows: PredictionRows, track: Track) -> IntArray:
    """Find the position of each row's graph in the split, or -1; int64 [R]."""
    found = pc.index_in(rows.graph_ids, value_set=track.graph_ids, skip_nulls=True)
    position: IntArray = pc.fill_null(found, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    return position


def check_rows(rows: PredictionRows, track: Track) -> list[Problem]:
    """Find unknown, duplicate and missing graphs, and lists of the wrong length.

    Args:
        rows: The rows.
        track: The track.
    """
    position = _positions_of(rows, track)
    unknown = (position < 0) & rows.graph_ids.is_valid().to_numpy(zero_copy_only=False)
    known = np.flatnonzero(position >= 0)
    first = np.full(len(track.graph_ids), -1, dtype=np.int64)
    first[position[known][::-1]] = known[::-1]  # the last assignment wins: the first row of each graph

    def at_row(code: str, index: np.int64, expected: str, got: str, hint: str) -> Problem:
        return problem(code, rows.where(int(index)), expected, got, hint, int(rows.numbers[index]))

    hint = f"Predict the graphs of the {track.split} split of {track.name}, and write graph_id as it is there."
    expected = f"a graph_id of the {track.split} split"
    problems = [at_row("unknown_graph", index, expected, "another", hint) for index in np.flatnonzero(unknown)]
    for index in known[first[position[known]] != known]:
        got = f"it in row {rows.numbers[first[position[index]]]} already"
        problems.append(at_row("duplicate_graph", index, "each graph once", got, "Keep one of the rows."))
    form = track.format
    (column,) = form.columns
    lengths = rows.columns[column.name].rows.lengths
    wanted = np.where(position >= 0, track.lengths[position] if len(track.lengths) else -1, -1)
    noun = f"{column.value}s (one for each {form.target} in {track.task.targets})"
    hint = f"Predict every {form.target} in the order of the {track.split} split."
    wrong = (position >= 0) & rows.columns[column.name].readable & (lengths != wanted)
    problems += [
        at_row("wrong_length", index, f"{wanted[index]:,} {noun}", f"{lengths[index]:,}", hint)
        for index in np.flatnonzero(wrong)
    ]
    missing = (quoted(track.graph_ids[int(index)].as_py()) for index in np.flatnonzero(first < 0))
    problems += [
        problem("missing_graph", f"graph_id {name}", "one row", "none", "Add a row for it.") for name in missing
    ]
    return problems


def in_split_order(rows: PredictionRows, track: Track, content_hash: str) -> AlignedPredictions:
    """Return the predictions of valid rows in the order of the track's split.

    Args:
        rows: The rows.
        track: The track.
        content_hash: Content hash of the release.
    """
    cells = rows.columns[track.format.columns[0].name].rows
    aligned = Ragged.of([cells[row] for row in np.argsort(_positions_of(rows, track)).tolist()])
    values = aligned.values
    if track.task.predicts == "class":
        values = values.astype(np.int32)
    elif track.task.predicts == "value":
        values = values.astype(np.float64)
    elif values.dtype == np.float16:
        values = values.astype(np.float32)
    return AlignedPredictions(track.name, content_hash, track.graph_ids, Ragged(values, aligned.offsets), track.split)
