"""Metrics by the name of their task, with `evaluate`'s calling convention and without its copies."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy.typing as npt

from younger_hf.errors import MetricError
from younger_hf.metrics.classification import operator_metrics
from younger_hf.metrics.ranking import dataflow_metrics
from younger_hf.metrics.registry import METRICS, Metric

_FUNCTIONS: dict[str, Callable[[npt.ArrayLike, npt.ArrayLike], dict[str, float]]] = {
    "operator": operator_metrics,
    "dataflow": dataflow_metrics,
}


@dataclass(frozen=True)
class TaskMetric:
    """All metrics of one task.

    Attributes:
        task: `operator` or `dataflow`.
        metrics: What `compute` returns, with direction and range.
    """

    task: str
    metrics: tuple[Metric, ...]

    def compute(self, *, references: npt.ArrayLike, predictions: npt.ArrayLike) -> dict[str, float]:
        """Compute every metric of the task; arguments can be given by name only, so that nobody swaps them.

        Args:
            references: True class ids (operator) or labels 0 and 1 (dataflow), of all graphs together, [N].
            predictions: Predicted class ids (operator) or scores (dataflow), [N].

        Returns:
            Name of each metric -> its value, finite, in the order of `metrics`.

        Raises:
            MetricError: If the metrics are not defined for these arrays.
        """
        return _FUNCTIONS[self.task](references, predictions)


def load_metric(task: str) -> TaskMetric:
    """The metrics of a task.

    Args:
        task: `operator` or `dataflow`.

    Raises:
        MetricError: If there is no such task.

    Example:
        >>> load_metric("dataflow").compute(references=[1, 0, 1], predictions=[0.9, 0.2, 0.6])
        {'auc': 1.0, 'average_precision': 1.0, 'f1': 1.0}
    """
    if task not in METRICS:
        raise MetricError(f"There is no metric for the task {task!r}; expected one of: {', '.join(METRICS)}.")
    return TaskMetric(task, METRICS[task])
