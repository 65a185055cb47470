"""Scores valid predictions against the hidden answers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from younger_hf.dataset.release import Answers, Release
from younger_hf.dataset.schema import task_of
from younger_hf.errors import DatasetError, SubmissionError
from younger_hf.metrics import load_metric
from younger_hf.submission.validate import Predictions


@dataclass(frozen=True)
class ScoreResult:
    """What a submission reached.

    Attributes:
        track: Config name.
        metrics: Metric name -> value, as in `younger_hf.metrics.METRICS`.
        num_graphs: Graphs of the test split.
        num_items: Masked nodes or pairs that the metrics are pooled over.
    """

    track: str
    metrics: dict[str, float]
    num_graphs: int
    num_items: int


def score(predictions: Predictions, release: Release, answers: Answers) -> ScoreResult:
    """Score predictions, pooled over all masked nodes or pairs of the test split.

    The result depends on the values alone: not on row order, file format or floating point width.

    Args:
        predictions: From a `ValidationReport` without problems.
        release: The dataset they were validated against.
        answers: The hidden answers of that dataset.

    Raises:
        SubmissionError: If the predictions were validated against another version of the dataset.
        DatasetError: If the answers belong to another version of the dataset, or are incomplete.
        MetricError: If no metric is defined on the test split, as when it is empty.
    """
    if predictions.content_hash != release.content_hash:
        raise SubmissionError(
            f"The predictions are for {predictions.content_hash}, the dataset is {release.content_hash}.",
            "Validate them again.",
        )
    if answers.content_hash != release.content_hash:
        raise DatasetError(
            f"{answers.root}: the answers belong to {answers.content_hash}, the dataset is {release.content_hash}.",
            "Use the answers folder that was written beside this dataset.",
        )
    references = _aligned(predictions, answers)
    metrics = load_metric(task_of(predictions.track)).compute(references=references, predictions=predictions.values)
    return ScoreResult(predictions.track, metrics, len(predictions.graph_ids), len(predictions.values))


def _aligned(predictions: Predictions, answers: Answers) -> npt.NDArray[np.int32]:
    """The answers of the predicted graphs, in the order of the predictions; int32 [V]."""
    table = answers.table(predictions.track)
    row_of_graph = pc.index_in(predictions.graph_ids, value_set=table["graph_id"].combine_chunks())
    if row_of_graph.null_count or table.num_rows != len(predictions.graph_ids):
        raise DatasetError(
            f"{answers.root}: the answers of {predictions.track} are for other graphs.", "Build the dataset again."
        )
    labels = table["y"].combine_chunks().take(row_of_graph)
    lengths = pc.list_value_length(labels).to_numpy(zero_copy_only=False)
    if not np.array_equal(lengths, np.diff(predictions.offsets)):
        raise DatasetError(
            f"{answers.root}: the answers of {predictions.track} have other lengths.", "Build the dataset again."
        )
    references: npt.NDArray[np.int32] = labels.flatten().to_numpy(zero_copy_only=False)
    return references
