"""Compares a submission with what its track asks for, and names everything that is wrong at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from younger_hf.dataset.release import Release
from younger_hf.dataset.schema import TRACKS
from younger_hf.errors import SubmissionError
from younger_hf.submission.metadata import FieldValue, MetadataCheck, SubmissionMetadata, check_metadata
from younger_hf.submission.problems import Problem, in_order, problem, quoted
from younger_hf.submission.read import read_predictions
from younger_hf.submission.rows import Limits, PredictionRows
from younger_hf.submission.track import Track, open_track
from younger_hf.submission.values import check_values

MAX_BYTES = 64 * 2**20
"""Largest predictions file that is read, unless the caller says otherwise."""


@dataclass(frozen=True)
class Predictions:
    """Valid predictions, in the order of the track's test split whatever their order in the file was.

    Attributes:
        track: Config name.
        content_hash: Content hash of the release they were validated against.
        graph_ids: The graphs of the test split, string [G].
        values: Class ids (int32) or scores (float32 or float64) of all graphs together [V].
        offsets: Graph g has `values[offsets[g]:offsets[g + 1]]`, int64 [G + 1].
    """

    track: str
    content_hash: str
    graph_ids: pa.StringArray
    values: npt.NDArray[np.generic]
    offsets: npt.NDArray[np.int64]


@dataclass(frozen=True)
class ValidationReport:
    """What validation found.

    Attributes:
        track: The track that was validated for; empty if nothing says which.
        problems: All problems, by kind in the order of `CODES`; of each kind the first 20 and the count.
        predictions: The predictions; `None` if there are problems.
        metadata: What submission.yaml declares; `None` if there is none or it has problems.
    """

    track: str
    problems: tuple[Problem, ...]
    predictions: Predictions | None
    metadata: SubmissionMetadata | None = None

    @property
    def valid(self) -> bool:
        """Whether there are no problems."""
        return not self.problems

    def raise_if_invalid(self) -> None:
        """Do nothing if the submission is valid.

        Raises:
            SubmissionError: If it is not; it holds all problems.
        """
        if self.problems:
            kinds = Counter(each.code for each in self.problems)
            message = (
                f"The submission has problems of {len(kinds)} kind{'s' if len(kinds) > 1 else ''}: {', '.join(kinds)}."
            )
            raise SubmissionError(message, "Correct them all, then run `younger-hf validate` again.", self.problems)


def validate(
    predictions: str | Path,
    metadata: str | Path | None,
    release: Release,
    *,
    track: str | None = None,
    max_bytes: int = MAX_BYTES,
) -> ValidationReport:
    """Check a submission against the public part of a release; hidden answers are never looked at.

    Args:
        predictions: predictions.parquet, .csv or .jsonl.
        metadata: submission.yaml; `None` to check predictions alone, which needs `track`.
        release: The dataset.
        track: The track that must be meant; `None` to take it from the metadata.
        max_bytes: Largest predictions file that is read.

    Raises:
        DatasetError: If the release lacks the track's test split, or its files are damaged.
    """
    checked = MetadataCheck(None, {}, ()) if metadata is None else check_metadata(Path(metadata))
    problems = list(checked.problems)
    name, unclear = _which_track(checked.fields, track, release)
    if metadata is None or "track" in checked.fields or track is not None:
        problems += unclear
    problems += _check_version(checked.fields, release)
    if name is None:
        return ValidationReport(track or "", in_order(problems), None)
    asked = open_track(release, name)
    total = int(asked.lengths.sum())
    # Room for duplicates and wrong lengths, so that they can be named, and not more.
    limits = Limits(max_bytes, 2 * len(asked.graph_ids) + 1000, 2 * total + 100_000)
    result = read_predictions(Path(predictions), asked.format, limits)
    problems += result.problems
    accepted = None
    if result.rows is not None:
        position = _positions(result.rows, asked)
        problems += _check_rows(result.rows, position, asked)
        problems += check_values(result.rows, asked)
        if not problems:
            accepted = _in_test_order(result.rows, position, asked, release.content_hash)
    return ValidationReport(name, in_order(problems), accepted, checked.metadata)


def _which_track(
    fields: Mapping[str, FieldValue], asked: str | None, release: Release
) -> tuple[str | None, list[Problem]]:
    """The track to validate for, if that is clear enough to go on, and what is wrong with it."""
    declared = fields.get("track")
    name = asked if asked is not None else declared
    if not isinstance(name, str):
        return None, [problem("track_missing", "track", "a track", "none", f"Give one of: {', '.join(TRACKS)}.")]
    offered = [each for each in TRACKS if release.rows.get(each, {}).get("test", 0)]
    if name not in offered:
        return None, [
            problem(
                "wrong_track",
                "track",
                f"one of {', '.join(offered) or 'none'}",
                quoted(name),
                "See the dataset's card.",
            )
        ]
    if isinstance(declared, str) and declared != name:
        hint = "Submit to the track that was predicted, or correct `track`."
        return name, [problem("wrong_track", "submission.yaml, track", quoted(name), quoted(declared), hint)]
    return name, []


def _check_version(fields: Mapping[str, FieldValue], release: Release) -> list[Problem]:
    declared = fields.get("dataset_version")
    if not isinstance(declared, str) or declared == release.content_hash:
        return []
    hint = "Predict the test split of this version, then set dataset_version to it."
    return [
        problem(
            "wrong_dataset_version",
            "submission.yaml, dataset_version",
            release.content_hash,
            quoted(declared, 80),
            hint,
        )
    ]


def _positions(rows: PredictionRows, asked: Track) -> npt.NDArray[np.int64]:
    """Position in the test split of each row's graph, -1 where there is none; int64 [R]."""
    found = pc.index_in(rows.graph_ids, value_set=asked.graph_ids, skip_nulls=True)
    position: npt.NDArray[np.int64] = pc.fill_null(found, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    return position


def _check_rows(rows: PredictionRows, position: npt.NDArray[np.int64], asked: Track) -> list[Problem]:
    """Unknown, duplicate and missing graphs, and lists of the wrong length."""
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
    lengths = np.diff(rows.offsets)
    expected = np.where(position >= 0, asked.lengths[position] if len(asked.lengths) else -1, -1)
    wrong = (position >= 0) & rows.readable & (lengths != expected)
    form = asked.format
    noun = f"{form.value.replace('class id', 'class ids').replace('score', 'scores')} (one for each {form.target} in {form.targets})"
    hint = f"Predict every {form.target} in the order of the test split."
    problems += [
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


def _in_test_order(
    rows: PredictionRows, position: npt.NDArray[np.int64], asked: Track, content_hash: str
) -> Predictions:
    row_of_graph = np.argsort(position)
    offsets = np.concatenate([[0], np.cumsum(asked.lengths)]).astype(np.int64)
    bounds = zip(rows.offsets[row_of_graph].tolist(), rows.offsets[row_of_graph + 1].tolist(), strict=True)
    values = np.concatenate([rows.values[start:end] for start, end in bounds])
    if asked.task == "operator":
        values = values.astype(np.int32)
    elif values.dtype == np.float16:
        values = values.astype(np.float32)
    return Predictions(asked.name, content_hash, asked.graph_ids, values, offsets)
