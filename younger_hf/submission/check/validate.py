"""Validates a submission for its track, and names everything that is wrong at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from younger_hf.dataset.read.release import Release
from younger_hf.errors import SubmissionError
from younger_hf.submission.check.dataset_version import check_version
from younger_hf.submission.check.graph_rows import check_graphs, in_content_order
from younger_hf.submission.check.matching import check_rows, in_split_order
from younger_hf.submission.check.value_checks import check_values
from younger_hf.submission.format.metadata import MetadataCheck, SubmissionMetadata, check_metadata
from younger_hf.submission.format.predictions import Predictions
from younger_hf.submission.format.problems import Problem, in_order, problem, quoted
from younger_hf.submission.format.track import offered_tracks, open_track
from younger_hf.submission.read.read_predictions import read_predictions
from younger_hf.tasks import SUBMISSION_TRACKS

MAX_BYTES = 64 * 2**20
"""Largest predictions file that is read, by default."""


@dataclass(frozen=True)
class ValidationReport:
    """The result of validation.

    Attributes:
        track: The track that the submission was validated for; empty if it is not known.
        problems: All problems, by kind in the order of `CODES`; of each kind the first 20 and the
            count.
        predictions: The predictions; `None` if there are problems.
        metadata: The declaration in submission.yaml; `None` if it is missing or has problems.
    """

    track: str
    problems: tuple[Problem, ...]
    predictions: Predictions | None
    metadata: SubmissionMetadata | None = None

    @property
    def valid(self) -> bool:
        """Return True without problems."""
        return not self.problems

    def raise_if_invalid(self) -> None:
        """Raise SubmissionError with all problems unless the submission is valid."""
        if self.problems:
            kinds = Counter(found.code for found in self.problems)
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
    split: str = "test",
    max_bytes: int = MAX_BYTES,
    search: Path | None = None,
) -> ValidationReport:
    """Check a submission against the public part of a release, without the hidden answers.

    If the submission was made for another version of the dataset, its predictions are not read:
    every graph would be unknown.

    Args:
        predictions: predictions.parquet, .csv or .jsonl.
        metadata: submission.yaml; `None` to check predictions alone, which needs `track`.
        release: The dataset.
        track: The track that the submission must be for; `None` to take it from the metadata.
        split: The predicted split, `test` or `validation`.
        max_bytes: Largest predictions file that is read.
        search: Folder in which the dataset of a submission for another version is looked for, to
            name it.

    Raises:
        DatasetError: If the split cannot be predicted, or its files are damaged.
    """
    checked = MetadataCheck(None, {}, ()) if metadata is None else check_metadata(Path(metadata))
    problems = list(checked.problems)
    name, unclear = _find_track(checked.fields, track, release, split)
    if metadata is None or "track" in checked.fields or track is not None:
        problems += unclear
    other_version = check_version(checked.fields.get("dataset_version"), release, search)
    if name is None or other_version:
        return ValidationReport(name or track or "", in_order([*problems, *other_version]), None)
    opened = open_track(release, name, split)
    file = Path(predictions)
    result = read_predictions(file, opened.format, opened.limits(max_bytes))
    problems += result.problems
    accepted: Predictions | None = None
    if result.rows is not None:
        is_generated = opened.task.predicts == "graph"
        problems += check_graphs(result.rows, file.name) if is_generated else check_rows(result.rows, opened)
        problems += check_values(result.rows, opened)
        if not problems:
            finish = in_content_order if is_generated else in_split_order
            accepted = finish(result.rows, opened, release.content_hash)
    return ValidationReport(name, in_order(problems), accepted, checked.metadata)


def _find_track(
    fields: Mapping[str, Any], wanted: str | None, release: Release, split: str
) -> tuple[str | None, list[Problem]]:
    """Find the track to validate for, or None, and everything that is wrong with it."""
    declared = fields.get("track")
    name = wanted if wanted is not None else declared
    if not isinstance(name, str):
        hint = f"Name one of: {', '.join(SUBMISSION_TRACKS)}."
        return None, [problem("track_missing", "track", "a track", "none", hint)]
    offered = offered_tracks(release, split)
    if name not in offered:
        expected = f"one of {', '.join(offered) or 'none'}"
        return None, [problem("wrong_track", "track", expected, quoted(name), "See the dataset's card.")]
    if isinstance(declared, str) and declared != name:
        hint = "Submit to the track that was predicted, or correct `track`."
        return name, [problem("wrong_track", "submission.yaml, track", quoted(name), quoted(declared), hint)]
    return name, []
