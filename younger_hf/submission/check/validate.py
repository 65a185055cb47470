"""Compares a submission with what its track asks for, and names everything that is wrong at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from younger_hf.dataset.read.release import Release
from younger_hf.errors import SubmissionError
from younger_hf.submission.check.graph_rows import check_graphs, in_own_order
from younger_hf.submission.check.matching import check_rows, in_test_order
from younger_hf.submission.check.value_checks import check_values
from younger_hf.submission.format.metadata import MetadataCheck, SubmissionMetadata, check_metadata
from younger_hf.submission.format.predictions import Predictions
from younger_hf.submission.format.problems import Problem, in_order, problem, quoted
from younger_hf.submission.format.track import offered_tracks, open_track
from younger_hf.submission.read.read_predictions import read_predictions
from younger_hf.tasks import SUBMISSION_TRACKS

MAX_BYTES = 64 * 2**20
"""Largest predictions file that is read, unless the caller says otherwise."""


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
        DatasetError: If the files of the track's test split are damaged.
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
    file = Path(predictions)
    result = read_predictions(file, asked.format, asked.limits(max_bytes))
    problems += result.problems
    accepted: Predictions | None = None
    if result.rows is not None:
        generated = asked.task.predicts == "graph"
        problems += check_graphs(result.rows, file.name) if generated else check_rows(result.rows, asked)
        problems += check_values(result.rows, asked)
        if not problems:
            finish = in_own_order if generated else in_test_order
            accepted = finish(result.rows, asked, release.content_hash)
    return ValidationReport(name, in_order(problems), accepted, checked.metadata)


def _which_track(fields: Mapping[str, Any], asked: str | None, release: Release) -> tuple[str | None, list[Problem]]:
    """The track to validate for, if that is clear enough to go on, and what is wrong with it."""
    declared = fields.get("track")
    name = asked if asked is not None else declared
    if not isinstance(name, str):
        hint = f"Give one of: {', '.join(SUBMISSION_TRACKS)}."
        return None, [problem("track_missing", "track", "a track", "none", hint)]
    offered = offered_tracks(release)
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


def _check_version(fields: Mapping[str, Any], release: Release) -> list[Problem]:
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
