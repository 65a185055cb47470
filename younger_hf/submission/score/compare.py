"""Tests whether one submission is better than another, against the hidden answers."""

from __future__ import annotations

from dataclasses import dataclass

from younger_hf.dataset.read.release import Answers, Release
from younger_hf.errors import SubmissionError
from younger_hf.metrics import Comparison, load_metric, paired_bootstrap
from younger_hf.submission.format.predictions import AlignedPredictions, Predictions
from younger_hf.submission.score.score_predictions import aligned_answers, check_version
from younger_hf.tasks import task_of


@dataclass(frozen=True)
class CompareResult:
    """How two submissions to one track differ.

    Attributes:
        track: Config name.
        first: Metric name -> value of the first submission.
        second: Metric name -> value of the second.
        comparisons: Metric name -> difference, its 95% interval and p value.
        num_graphs: Graphs of the test split.
    """

    track: str
    first: dict[str, float]
    second: dict[str, float]
    comparisons: dict[str, Comparison]
    num_graphs: int


def compare(
    first: Predictions,
    second: Predictions,
    release: Release,
    answers: Answers,
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> CompareResult:
    """Compare two submissions on the same resamples of the test graphs; see `younger_hf.metrics.paired_bootstrap`.

    Args:
        first: From a `ValidationReport` without problems.
        second: Likewise, for the same track.
        release: The dataset they were validated against.
        answers: The hidden answers of that dataset.
        resamples: How many, at least 40.
        seed: Of the resamples.

    Raises:
        SubmissionError: If they are for different tracks, for a generation track, whose metrics are no means over test graphs, or were
            validated against another version of the dataset.
        DatasetError: If the answers belong to another version of the dataset, or are incomplete.
        MetricError: If the comparison is not defined on the test split, as with one graph.
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
    for predictions in (first, second):
        check_version(predictions, release)
    references = aligned_answers(first, release, answers)
    task, ours, theirs = task_of(first.track).name, first.values, second.values
    metric = load_metric(task)
    return CompareResult(
        first.track,
        metric.compute(references=references, predictions=ours),
        metric.compute(references=references, predictions=theirs),
        paired_bootstrap(task, references, ours, theirs, first.offsets, resamples=resamples, seed=seed),
        len(first.graph_ids),
    )
