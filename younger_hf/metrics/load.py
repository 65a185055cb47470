"""The metrics of a task by name, with the interface of `evaluate` but no copy of their input."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from younger_hf.errors import MetricError
from younger_hf.metrics.checked_arrays import flat_array
from younger_hf.metrics.generation.generation_metrics import graphs_of_rows
from younger_hf.task_types import Metric
from younger_hf.tasks import TASKS


@dataclass
class TaskMetric:
    """All metrics of one task, computed over all batches collected before.

    It has the interface of an `evaluate` module.

    Attributes:
        task: `operator`, `dataflow`, `generation` or `prediction`.
        metrics: The metrics that `compute` returns, with direction and range.

    Example:
        >>> metric = load_metric("operator")
        >>> metric.add_batch(references=[2, 3], predictions=[2, 4])
        >>> metric.add(reference=3, prediction=3)
        >>> round(metric.compute()["accuracy"], 4)
        0.6667
    """

    task: str
    metrics: tuple[Metric, ...]
    _references: list[Any] = field(default_factory=list, init=False, repr=False, compare=False)
    _predictions: list[Any] = field(default_factory=list, init=False, repr=False, compare=False)

    @property
    def name(self) -> str:
        """The task's name.

        `evaluate.combine` puts it before the names of metrics that two modules share.
        """
        return self.task

    def add(self, *, prediction: Any = None, reference: Any = None) -> None:
        """Collect one prediction and its reference; like `add_batch`, but for single items."""
        self.add_batch(
            predictions=None if prediction is None else [prediction],
            references=None if reference is None else [reference],
        )

    def add_batch(self, *, predictions: Any = None, references: Any = None) -> None:
        """Collect predictions and references for `compute`, which uses all batches together.

        Args:
            predictions: As for `compute`.
            references: As for `compute`; for generation they may also be passed to `compute` alone.

        Raises:
            MetricError: If one of them is not a flat array of numbers (generation: not rows of
                graphs).
        """
        for name, values, batches in (
            ("predictions", predictions, self._predictions),
            ("references", references, self._references),
        ):
            if values is not None:
                batches.append(self._checked(values, name))

    def compute(
        self, *positional: object, references: Any = None, predictions: Any = None, **context: Any
    ) -> dict[str, float]:
        """Compute every metric from the collected batches and the arguments, then drop the batches.

        Args:
            positional: Refused: references and predictions are passed by name, so that nobody swaps
                them.
            references: True class ids (operator), labels 0 and 1 (dataflow) or measured values
                (prediction) of all graphs together, [N]; real architectures as rows with
                `node_feat` and `edge_index`, or as `Graphs` (generation).
            predictions: Predicted class ids (operator), scores (dataflow) or values (prediction),
                [N]; generated graphs (generation).
            context: What generation needs besides: `train`, the training graphs; `vocabulary`, a
                `Vocabulary` or its signatures from class id 2 on; and, if known, `executable`,
                whether each generated graph runs.

        Returns:
            Name of each metric -> its value, finite, in the order of `metrics`; without the metrics
            about execution if `executable` is not passed.

        Raises:
            MetricError: If arguments are passed by position, or the metrics are not defined for
                these arrays.
            TypeError: If the task needs other context.
        """
        if positional:
            raise MetricError(
                f"compute: expected arguments by name, got {len(positional)} by position.",
                "Call compute(references=..., predictions=...).",
            )
        if not self._references and not self._predictions:  # the usual case, in which nothing is copied
            return self._function(references, predictions, context)
        self.add_batch(references=references, predictions=predictions)
        joined = self._joined(self._references), self._joined(self._predictions)
        self._references.clear()
        self._predictions.clear()
        return self._function(*joined, context)

    def _function(self, references: Any, predictions: Any, context: dict[str, Any]) -> dict[str, float]:
        for name, values in (("references", references), ("predictions", predictions)):
            if values is None:
                raise MetricError(
                    f"{name}: expected values, got none.",
                    f"Pass {name}=... to compute, or collect batches with add_batch before.",
                )
        result: dict[str, float] = TASKS[self.task].metric_function()(references, predictions, **context)
        return result

    @property
    def _generates(self) -> bool:
        """Whether predictions are graphs, which need not be as many as the references."""
        return TASKS[self.task].predicts == "graph"

    def _feature_names(self) -> list[str]:
        """The arguments of `add_batch` that `evaluate.combine` forwards."""
        return ["predictions"] if self._generates else ["predictions", "references"]

    def _checked(self, values: Any, name: str) -> Any:
        return graphs_of_rows(values, name) if self._generates else flat_array(values, name)

    def _joined(self, batches: list[Any]) -> Any:
        if len(batches) < 2:
            return batches[0] if batches else None
        if not self._generates:
            return np.concatenate(batches)
        return [vars(graph) for graph in chain.from_iterable(batches)]


def load_metric(task: str) -> TaskMetric:
    """Return the metrics of a task.

    Args:
        task: `operator`, `dataflow`, `generation` or `prediction`.

    Raises:
        MetricError: If the task does not exist.

    Example:
        >>> load_metric("dataflow").compute(references=[1, 0, 1], predictions=[0.9, 0.2, 0.6])
        {'auc': 1.0, 'average_precision': 1.0, 'f1': 1.0}
    """
    return TaskMetric(task, _metrics_of(task))


def evaluate_module(task: str) -> str:
    """Return the folder of a task's `evaluate` module, to be passed to `evaluate.load`.

    It is right in a clone as well as in an installed package.

    Args:
        task: `operator`, `dataflow`, `generation` or `prediction`.

    Raises:
        MetricError: If the task does not exist.

    Example:
        >>> Path(evaluate_module("dataflow")).name
        'dataflow'
    """
    _metrics_of(task)
    return str(Path(__file__).parent / task)


def _metrics_of(task: str) -> tuple[Metric, ...]:
    if task not in TASKS:
        raise MetricError(f"Unknown task {task!r}; expected one of: {', '.join(TASKS)}.")
    return TASKS[task].metrics
