"""The `evaluate` module of the operator task.

The mathematics is in `younger_hf.metrics.operator.classification_metrics`.
"""

from __future__ import annotations

import datasets
import evaluate

from younger_hf.metrics import operator_metrics

_DESCRIPTION = (
    "Accuracy and macro F1, precision and recall of predicted operator classes, pooled over all masked nodes."
)
_CITATION = ""
_INPUTS = """
Args:
    predictions (list of int): predicted class ids of the masked nodes of all graphs.
    references (list of int): true class ids, in the same order.
Returns:
    accuracy, macro_f1, macro_precision, macro_recall (float): each in [0, 1], higher is better.
"""


class Operator(evaluate.Metric):
    """Metrics of the operator task."""

    def _info(self) -> evaluate.MetricInfo:
        features = datasets.Features({"predictions": datasets.Value("int64"), "references": datasets.Value("int64")})
        return evaluate.MetricInfo(_DESCRIPTION, _CITATION, features, inputs_description=_INPUTS, format="arrow")

    def _compute(self, predictions, references) -> dict[str, float]:
        return operator_metrics(references, predictions)
