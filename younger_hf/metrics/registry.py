"""Which metrics each task has, with their direction and range."""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal


@dataclass(frozen=True)
class Metric:
    """One metric of one task.

    Attributes:
        name: Key in what the task's metric function returns.
        task: `operator`, `dataflow`, `generation` or `prediction`.
        direction: `max` if higher is better, else `min`.
        minimum: Lowest value it can take.
        maximum: Highest value it can take; infinite where there is none.
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
_GENERATION = (
    *(
        Metric(name, "generation", "max", 0.0, 1.0, label, description)
        for name, label, description in (
            ("acyclic", "Acyclic", "Share of graphs without a cycle."),
            ("valid", "Valid", "Share of graphs that are acyclic and whose operators fit their ONNX schemas."),
            ("executable", "Executable", "Share of graphs that can be made a model that runs in onnxruntime."),
            ("unique", "Unique", "Isomorphism classes among the graphs, divided by the graphs."),
            ("novel", "Novel", "Share of graphs that are isomorphic to no training graph."),
            ("valid_unique_novel", "VUN", "Different graphs that are valid and novel, divided by the graphs."),
            ("executable_unique_novel", "EUN", "Different graphs that run and are novel, divided by the graphs."),
        )
    ),
    *(
        Metric(f"{name}_{kind}", "generation", "min", 0.0, maximum, f"{label} {heading}", f"{distance} {what}.")
        for name, label, what, highest in (
            ("size", "Size", "the numbers of nodes from those of real architectures", math.inf),
            ("depth", "Depth", "the lengths of the longest paths from those of real architectures", math.inf),
            ("in_degree", "In-degree", "the nodes' in-degrees from those of real architectures", math.inf),
            ("out_degree", "Out-degree", "the nodes' out-degrees from those of real architectures", math.inf),
            ("operator", "Operator", "the nodes' classes from those of real architectures", 1.0),
            ("spectral", "Spectral", "the normalised Laplacians' eigenvalues from those of real architectures", 2.0),
        )
        for kind, heading, distance, maximum in (
            ("w1", "W1", "Wasserstein distance of", highest),
            ("mmd", "MMD²", "Squared maximum mean discrepancy of", 2.0),
        )
    ),
)
_PREDICTION = (
    Metric(
        "kendall_tau",
        "prediction",
        "max",
        -1.0,
        1.0,
        "Kendall tau",
        "Rank correlation of predicted and measured values (tau-b); 0 is chance.",
    ),
    Metric("mape", "prediction", "min", 0.0, math.inf, "MAPE", "Mean absolute error as a share of the measured value."),
    Metric(
        "acc_10",
        "prediction",
        "max",
        0.0,
        1.0,
        "Acc(10%)",
        "Share of predictions within a tenth of the measured value.",
    ),
)

METRICS: MappingProxyType[str, tuple[Metric, ...]] = MappingProxyType(
    {
        "operator": _OPERATOR,
        "dataflow": _DATAFLOW,
        "generation": _GENERATION,
        "prediction": _PREDICTION,
    }
)
"""Task -> its metrics, in the order of a table's columns."""

PRIMARY: MappingProxyType[str, str] = MappingProxyType(
    {
        "operator": "accuracy",
        "dataflow": "auc",
        "generation": "executable_unique_novel",
        "prediction": "kendall_tau",
    }
)
"""Task -> name of the metric that ranks the board."""
