"""Which metrics each task has, with their direction and range."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal


@dataclass(frozen=True)
class Metric:
    """One metric of one task.

    Attributes:
        name: Key in what the task's metric function returns.
        task: `operator` or `dataflow`.
        direction: `max` if higher is better, else `min`.
        minimum: Lowest value it can take.
        maximum: Highest value it can take.
        label: Heading of a table's column.
        description: One sentence for people.
    """

    name: str
    task: str
    direction: Literal["max", "min"]
    minimum: float
    maximum: float
    label: str
    description: str


_OPERATOR = (
    Metric("accuracy", "operator", "max", 0.0, 1.0, "Accuracy", "Share of masked nodes whose class is predicted."),
    Metric("macro_f1", "operator", "max", 0.0, 1.0, "Macro F1", "Unweighted mean over classes of F1."),
    Metric(
        "macro_precision", "operator", "max", 0.0, 1.0, "Macro precision", "Unweighted mean over classes of precision."
    ),
    Metric("macro_recall", "operator", "max", 0.0, 1.0, "Macro recall", "Unweighted mean over classes of recall."),
)
_DATAFLOW = (
    Metric(
        "auc",
        "dataflow",
        "max",
        0.0,
        1.0,
        "AUC",
        "Probability that a data flow outranks a pair that is none; .5 is chance.",
    ),
    Metric("average_precision", "dataflow", "max", 0.0, 1.0, "AP", "Mean precision at the score of each data flow."),
    Metric("f1", "dataflow", "max", 0.0, 1.0, "F1", "F1 of the data flows where a score of at least .5 predicts one."),
)

METRICS: MappingProxyType[str, tuple[Metric, ...]] = MappingProxyType({"operator": _OPERATOR, "dataflow": _DATAFLOW})
"""Task -> its metrics, in the order of a table's columns."""

PRIMARY: MappingProxyType[str, str] = MappingProxyType({"operator": "accuracy", "dataflow": "auc"})
"""Task -> name of the metric that ranks the board."""
