"""Metrics by the name of their task, with `evaluate`'s calling convention and without its copies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from younger_hf.errors import MetricError
from younger_hf.metrics.dataflow.ranking_metrics import dataflow_metrics
from younger_hf.metrics.generation.generation_metrics import generation_metrics_of_rows
from younger_hf.metrics.operator.classification_metrics import operator_metrics
from younger_hf.metrics.prediction.regression_metrics import prediction_metrics
from younger_hf.metrics.registry import METRICS, Metric

_FUNCTIONS: dict[str, Callable[..., dict[str, float]]] = {
    "operator": operator_metrics,
    "dataflow": dataflow_metrics,
    "generation": generation_metrics_of_rows,
    "prediction": prediction_metrics,
}


@dataclass(frozen=True)
class TaskMetric:
    """All metrics of one task.

    Attributes:
        task: `operator`, `dataflow`, `generation` or `prediction`.
        metrics: What `compute` returns, with direction and range.
    """

    task: str
    metrics: tuple[Metric, ...]

    def compute(self, *, references: Any, predictions: Any, **context: Any) -> dict[str, float]:
        """Compute every metric of the task; arguments can be given by name only, so that nobody swaps them.

        Args:
            references: True class ids (operator), labels 0 and 1 (dataflow) or measured values (prediction), of all graphs together, [N];
                real architectures as rows with `node_feat` and `edge_index`, or as `Graphs` (generation).
            predictions: Predicted class ids (operator), scores (dataflow) or values (prediction), [N]; generated graphs (generation).
            context: For generation what else is needed: `train`, the training graphs; `vocabulary`, a `Vocabulary` or its signatures from
                class id 2 on; and, if known, `executable`, whether each generated graph runs.

        Returns:
            Name of each metric -> its value, finite, in the order of `metrics`; without those about execution if that is not known.

        Raises:
            MetricError: If the metrics are not defined for these arrays.
            TypeError: If the task needs other context.
        """
        return _FUNCTIONS[self.task](references, predictions, **context)


def load_metric(task: str) -> TaskMetric:
    """The metrics of a task.

    Args:
        task: `operator`, `dataflow`, `generation` or `prediction`.

    Raises:
        MetricError: If there is no such task.

    Example:
        >>> load_metric("dataflow").compute(references=[1, 0, 1], predictions=[0.9, 0.2, 0.6])
        {'auc': 1.0, 'average_precision': 1.0, 'f1': 1.0}
    """
    return TaskMetric(task, _metrics_of(task))


def evaluate_module(task: str) -> str:
    """Where the `evaluate` module of a task is, for `evaluate.load`: the same call in a clone and with an installed package.

    Args:
        task: `operator`, `dataflow`, `generation` or `prediction`.

    Raises:
        MetricError: If there is no such task.

    Example:
        >>> Path(evaluate_module("dataflow")).name
        'dataflow'
    """
    _metrics_of(task)
    return str(Path(__file__).parent / task)


def _metrics_of(task: str) -> tuple[Metric, ...]:
    if task not in METRICS:
        raise MetricError(f"There is no metric for the task {task!r}; expected one of: {', '.join(METRICS)}.")
    return METRICS[task]
