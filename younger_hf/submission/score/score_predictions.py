"""Scores valid predictions against the hidden answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from younger_hf.dataset.read.release import Answers, Release
from younger_hf.errors import DatasetError, SubmissionError
from younger_hf.metrics import Interval, bootstrap, load_metric
from younger_hf.submission.format.predictions import AlignedPredictions, GeneratedGraphs, Predictions
from younger_hf.submission.score.generation_scores import generation_scores
from younger_hf.tasks import task_of


@dataclass(frozen=True)
class ScoreResult:
    """What a submission reached.

    Attributes:
        track: Config name.
        metrics: Metric name -> value, as in `younger_hf.metrics.METRICS`.
        num_graphs: Graphs of the test split, or generated graphs.
        num_items: Masked nodes, pairs, values or generated graphs that the metrics are pooled over.
        intervals: Metric name -> its 95% interval over graphs; empty if no resamples were asked for. What generated graphs are beside
            each other (`unique`) has none.
    """

    track: str
    metrics: dict[str, float]
    num_graphs: int
    num_items: int
    intervals: dict[str, Interval] = field(default_factory=dict)


def score(
    predictions: Predictions,
    release: Release,
    answers: Answers | None = None,
    *,
    resamples: int = 0,
    seed: int = 0,
    on_graph: Callable[[int, int], None] | None = None,
) -> ScoreResult:
    """Score predictions, pooled over all masked nodes or pairs of the test split, or generated graphs.

    The result depends on the values alone: not on row order, file format or floating point width.

    Args:
        predictions: From a `ValidationReport` without problems.
        release: The dataset they were validated against.
        answers: The hidden answers of that dataset; generated graphs need none.
        resamples: Bootstrap resamples of the test graphs, or the generated ones, that the intervals come from, at least 40; 0 for none.
        seed: Of the resamples.
        on_graph: Called with the number of generated graphs that were run and of all of them, after each.

    Raises:
        SubmissionError: If the predictions were validated against another version of the dataset.
        DatasetError: If the answers are missing, belong to another version of the dataset, or are incomplete.
        MetricError: If no metric is defined on the test split, as when it is empty, or no interval, as with one graph.
    """
    check_version(predictions, release)
    if isinstance(predictions, GeneratedGraphs):
        metrics, intervals = generation_scores(predictions, release, on_graph, resamples=resamples, seed=seed)
        return ScoreResult(predictions.track, metrics, len(predictions.graphs), len(predictions.graphs), intervals)
    if answers is None:
        raise DatasetError(
            f"{predictions.track} cannot be scored without its hidden answers.",
            "Open them with younger_hf.dataset.read.release.open_answers.",
        )
    references = aligned_answers(predictions, release, answers)
    task, values = task_of(predictions.track).name, predictions.values
    metrics = load_metric(task).compute(references=references, predictions=values)
    intervals = (
        bootstrap(task, references, values, predictions.offsets, resamples=resamples, seed=seed) if resamples else {}
    )
    return ScoreResult(predictions.track, metrics, len(predictions.graph_ids), len(values), intervals)


def check_version(predictions: Predictions, release: Release) -> None:
    """Do nothing if predictions were validated against this dataset.

    Raises:
        SubmissionError: If it was another version.
    """
    if predictions.content_hash != release.content_hash:
        raise SubmissionError(
            f"The predictions are for {predictions.content_hash}, the dataset is {release.content_hash}.",
            "Validate them again.",
        )


def aligned_answers(predictions: AlignedPredictions, release: Release, answers: Answers) -> npt.NDArray[np.generic]:
    """The answers of the predicted graphs, in the order of the predictions: labels, int32, or values, float64 [V].

    Raises:
        DatasetError: If the answers belong to another version of the dataset, or are incomplete.
    """
    if answers.content_hash != release.content_hash:
        raise DatasetError(
            f"{answers.root}: the answers belong to {answers.content_hash}, the dataset is {release.content_hash}.",
            "Use the answers folder that was written beside this dataset.",
        )
    table = answers.table(predictions.track)
    row_of_graph = pc.index_in(predictions.graph_ids, value_set=table["graph_id"].combine_chunks())
    if row_of_graph.null_count or table.num_rows != len(predictions.graph_ids):
        raise DatasetError(
            f"{answers.root}: the answers of {predictions.track} are for other graphs.", "Build the dataset again."
        )
    if task_of(predictions.track).predicts == "value":
        values: npt.NDArray[np.float64] = table["value"].combine_chunks().take(row_of_graph).to_numpy()
        return values
    labels = table["y"].combine_chunks().take(row_of_graph)
    lengths = pc.list_value_length(labels).to_numpy(zero_copy_only=False)
    if not np.array_equal(lengths, np.diff(predictions.offsets)):
        raise DatasetError(
            f"{answers.root}: the answers of {predictions.track} have other lengths.", "Build the dataset again."
        )
    references: npt.NDArray[np.int32] = labels.flatten().to_numpy(zero_copy_only=False)
    return references
