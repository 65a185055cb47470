"""The mathematics of the benchmark in plain numpy: exact, fast, and either a finite number or a named error."""

from __future__ import annotations

from younger_hf.metrics.classification import accuracy, macro_f1, macro_precision, macro_recall, operator_metrics
from younger_hf.metrics.load import TaskMetric, load_metric
from younger_hf.metrics.ranking import average_precision, dataflow_metrics, f1_at_half, roc_auc
from younger_hf.metrics.registry import METRICS, PRIMARY, Metric

__all__ = [
    "METRICS",
    "PRIMARY",
    "Metric",
    "TaskMetric",
    "accuracy",
    "average_precision",
    "dataflow_metrics",
    "f1_at_half",
    "load_metric",
    "macro_f1",
    "macro_precision",
    "macro_recall",
    "operator_metrics",
    "roc_auc",
]
