"""The mathematics of the benchmark in plain numpy.

Every metric is exact and fast, and is either a finite number or a named error.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from younger_hf.graph.labelled_graphs import Graphs
from younger_hf.metrics.dataflow.ranking_metrics import average_precision, dataflow_metrics, f1_at_half, roc_auc
from younger_hf.metrics.generation.bootstrap_graphs import bootstrap_generation
from younger_hf.metrics.generation.generation_metrics import distance_floor, generation_metrics
from younger_hf.metrics.load import TaskMetric, evaluate_module, load_metric
from younger_hf.metrics.operator.classification_metrics import (
    accuracy,
    macro_f1,
    macro_precision,
    macro_recall,
    operator_metrics,
)
from younger_hf.metrics.prediction.regression_metrics import (
    accuracy_within_tenth,
    kendall_tau,
    mape,
    prediction_metrics,
)
from younger_hf.metrics.seeds import SeedSummary, aggregate_seeds
from younger_hf.metrics.uncertainty import Comparison, Interval, bootstrap, paired_bootstrap
from younger_hf.task_types import Metric
from younger_hf.tasks import TASKS

METRICS: Mapping[str, tuple[Metric, ...]] = MappingProxyType({name: task.metrics for name, task in TASKS.items()})
"""Task -> its metrics, in the order of a table's columns."""
PRIMARY: Mapping[str, str] = MappingProxyType({name: task.primary for name, task in TASKS.items()})
"""Task -> name of the metric that ranks the board."""

__all__ = [
    "METRICS",
    "PRIMARY",
    "Comparison",
    "Graphs",
    "Interval",
    "Metric",
    "SeedSummary",
    "TaskMetric",
    "accuracy",
    "accuracy_within_tenth",
    "aggregate_seeds",
    "average_precision",
    "bootstrap",
    "bootstrap_generation",
    "dataflow_metrics",
    "distance_floor",
    "evaluate_module",
    "f1_at_half",
    "generation_metrics",
    "kendall_tau",
    "load_metric",
    "macro_f1",
    "macro_precision",
    "macro_recall",
    "mape",
    "operator_metrics",
    "paired_bootstrap",
    "prediction_metrics",
    "roc_auc",
]
