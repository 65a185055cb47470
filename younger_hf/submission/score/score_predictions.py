"""Scores valid predictions against the hidden answers, or against those of the validation split."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from younger_hf.arrays import Ragged
from younger_hf.dataset.read.release import Answers, Release
from younger_hf.errors import DatasetError, SubmissionError
from younger_hf.metrics import Interval, bootstrap, load_metric
from younger_hf.submission.format.predictions import AlignedPredictions, GeneratedGraphs, Predictions
from younger_hf.submission.score.generation_scores import generation_scores
from younger_hf.task_types import GRAPH_ID
from younger_hf.tasks import task_of


@dataclass(frozen=True)
class ScoreResult:
    """The score of a submission.

    Attributes:
        track: Config name.
        metrics: Metric name -> value, as in `younger_hf.metrics.METRICS`.
        num_graphs: Graphs that were scored, of the split or generated.
        num_items: Masked nodes, pairs, values or generated graphs that the metrics are pooled over.
        intervals: Metric name -> its 95% interval over graphs; empty without resamples. `unique`,
            which compares generated graphs with each other, has none.
    """

    track: str
    metrics: dict[str, float]
    num_graphs: int
    num_items: int
    intervals: dict[str, Interval] = field(default_factory=dict)

    @property
    def note(self) -> str:
        """Why some intervals do not contain their values; empty if all do."""
        return interval_note(self.metrics, self.intervals)


def interval_note(values: Mapping[str, float], intervals: Mapping[str, Interval]) -> str:
    """Explain in one note which intervals do not contain their values.

    Args:
        values: Metric name -> value.
        intervals: Metric name -> its interval, for some of them.

    Returns:
        The note, or an empty string if every interval contains its value.
    """
    missed = [name for name, each in intervals.items() if not each.low <= values[name] <= each.high]
    if not missed:
        return ""
    if len(missed) == 1:
        subject = f"The interval of {missed[0]} does not contain its value"
    else:
        subject = f"The intervals of {', '.join(missed[:-1])} and {missed[-1]} do not contain their values"
    return (
        f"{subject}: resamples of the graphs lack rare items and repeat others, which shifts such a metric. "
        "Use the width of the interval, and compare systems with `younger-hf compare`."
    )


def score(
    predictions: Predictions,
    release: Release,
    answers: Answers | None = None,
    *,
    resamples: int = 0,
    seed: int = 0,
    on_graph: Callable[[int, int], None] | None = None,
) -> ScoreResult:
    """Score predictions, pooled over all masked nodes, pairs or graphs.

    The result depends on the values alone, not on row order, file format or floating point width.
    Architectures of the validation split whose property is not known are left out.

    Args:
        predictions: From a `ValidationReport` without problems.
        release: The dataset they were validated against.
        answers: The hidden answers of that dataset; generated graphs and the validation split need
            none.
        resamples: Bootstrap resamples of the graphs for the intervals, at least 40; 0 for no
            intervals.
        seed: Seed of the resamples.
        on_graph: Called after each generated graph has run, with the number of those that have and
            of all.

    Raises:
        SubmissionError: If the predictions were validated against another version of the dataset.
        DatasetError: If the answers are missing, belong to another version of the dataset, or are
            incomplete.
        MetricError: If no metric is defined on the split, for example because it is empty, or no
            interval, for example because it has one graph.
    """
    check_same_version(predictions, release)
    if isinstance(predictions, GeneratedGraphs):
        metrics, intervals = generation_scores(predictions, release, on_graph, resamples=resamples, seed=seed)
        return ScoreResult(predictions.track, metrics, len(predictions.graphs), len(predictions.graphs), intervals)
    references, (known,) = answered(release, answers, predictions)
    task = task_of(predictions.track).name
    metrics = load_metric(task).compute(references=references.values, predictions=known.values)
    intervals = {}
    if resamples:
        intervals = bootstrap(task, references.values, known.values, references.offsets, resamples=resamples, seed=seed)
    return ScoreResult(predictions.track, metrics, len(references), len(references.values), intervals)


def check_same_version(predictions: Predictions, release: Release) -> None:
    """Raise SubmissionError if predictions were validated against another dataset version."""
    if predictions.content_hash != release.content_hash:
        raise SubmissionError(
            f"The predictions are for {predictions.content_hash}, the dataset is {release.content_hash}.",
            "Validate them again.",
        )


def answered(
    release: Release, answers: Answers | None, *systems: AlignedPredictions
) -> tuple[Ragged[np.generic], list[Ragged[np.generic]]]:
    """Align the answers with predictions of the same track and split.

    Args:
        release: The dataset.
        answers: Its hidden answers; not needed for the validation split.
        systems: Predictions of one or more systems.

    Returns:
        For each graph with known answers its labels, int32, or its value, float64; and the
        predictions of each system for these graphs.

    Raises:
        DatasetError: If the answers are missing, belong to another version of the dataset, or are
            incomplete.
    """
    first = systems[0]
    origin, table, column = _answers_of(release, answers, first)
    row_of_graph = pc.index_in(first.graph_ids, value_set=table[GRAPH_ID].combine_chunks())
    is_incomplete = first.split == "test" and table[column].null_count
    if row_of_graph.null_count or is_incomplete or table.num_rows != len(first.graph_ids):
        raise DatasetError(f"{origin}: the answers of {first.track} are for other graphs.", "Build the dataset again.")
    found = table[column].combine_chunks().take(row_of_graph)
    rows = [system.rows for system in systems]
    if task_of(first.track).predicts == "value":
        known = np.flatnonzero(found.is_valid().to_numpy(zero_copy_only=False))
        values = found.drop_null().to_numpy(zero_copy_only=False).astype(np.float64)
        return Ragged(values, np.arange(len(values) + 1)), [each.take(known) for each in rows]
    if not np.array_equal(pc.list_value_length(found).to_numpy(zero_copy_only=False), first.rows.lengths):
        raise DatasetError(f"{origin}: the answers of {first.track} have other lengths.", "Build the dataset again.")
    return Ragged(found.flatten().to_numpy(zero_copy_only=False), first.rows.offsets), rows


def _answers_of(
    release: Release, answers: Answers | None, predictions: AlignedPredictions
) -> tuple[object, pa.Table, str]:
    """Return where the answers come from, their table, and its column that holds them."""
    track, task = predictions.track, task_of(predictions.track)
    if predictions.split != "test":
        return release.root, release.table(track, predictions.split, [GRAPH_ID, task.label_column]), task.label_column
    if answers is None:
        raise DatasetError(
            f"{track} cannot be scored without its hidden answers.",
            "Open them with younger_hf.dataset.read.release.open_answers.",
        )
    if answers.content_hash != release.content_hash:
        raise DatasetError(
            f"{answers.root}: the answers belong to {answers.content_hash}, the dataset is {release.content_hash}.",
            "Use the answers folder that was written beside this dataset.",
        )
    table = answers.table(track)
    return answers.root, table, next(name for name in table.column_names if name != GRAPH_ID)
