"""Tests whether one submission is better than another, against the hidden answers."""

from __future__ import annotations

from dataclasses import dataclass

from younger_hf.dataset.read.release import Answers, Release
from younger_hf.errors import SubmissionError
from younger_hf.metrics import Comparison, load_metric, paired_bootstrap
from younger_hf.submission.format.predictions import AlignedPredictions, Predictions
from younger_hf.submission.score.score_predictions import answered, check_same_version, interval_note
from younger_hf.tasks import task_of


@dataclass(frozen=True)
class CompareResult:
    """The difference between two submissions to one track.

    Attributes:
        track: Config name.
        first: Metric name -> value of the first submission.
        second: Metric name -> value of the second.
        comparisons: Metric name -> difference, its 95% interval and p value.
        num_graphs: Graphs that were compared.
    """

    track: str
    first: dict[str, float]
    second: dict[str, float]
    comparisons: dict[str, Comparison]
    num_graphs: int

    @property
    def note(self) -> str:
        """Why some intervals do not contain their differences; empty if all do."""
        differences = {name: each.difference for name, each in self.comparisons.items()}
        return interval_note(differences, {name: each.interval for name, each in self.comparisons.items()})


def compare(
    first: Predictions,
    second: Predictions,
    release: Release,
    answers: Answers | None = None,
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> CompareResult:
    """Compare two submissions on the same resamples; see `younger_hf.metrics.paired_bootstrap`.

    Args:
        first: From a `ValidationReport` without problems.
        second: From another one, for the same track and split.
        release: The dataset they were validated against.
        answers: The hidden answers of that dataset; the validation split needs none.
        resamples: Number of resamples, at least 40.
        seed: Seed of the resamples.

    Raises:
        SubmissionError: If they are for different tracks or splits, for a generation track, where
            each submission has graphs of its own, or were validated against another version of the
            dataset.
        DatasetError: If the answers are missing, belong to another version of the dataset, or are
            incomplete.
        MetricError: If the comparison is not defined on the split, for example because it has one
            graph.
    """
    if first.track != second.track:
        raise SubmissionError(
            f"Expected two submissions to one track, got {first.track} and {second.track}.",
            "Compare submissions whose submission.yaml names the same track.",
        )
    if not (isinstance(first, AlignedPredictions) and isinstance(second, AlignedPredictions)):
        raise SubmissionError(
            f"Submissions to {first.track} cannot be compared graph by graph: each has graphs of its own.",
            "Use `younger-hf score` on each.",
        )
    if first.split != second.split:
        raise SubmissionError(f"Expected predictions of one split, got {first.split} and {second.split}.")
    for predictions in (first, second):
        check_same_version(predictions, release)
    references, (ours, theirs) = answered(release, answers, first, second)
    truth, task = references.values, task_of(first.track).name
    metric = load_metric(task)
    return CompareResult(
        first.track,
        metric.compute(references=truth, predictions=ours.values),
        metric.compute(references=truth, predictions=theirs.values),
        paired_bootstrap(task, truth, ours.values, theirs.values, references.offsets, resamples=resamples, seed=seed),
        len(references),
    )
