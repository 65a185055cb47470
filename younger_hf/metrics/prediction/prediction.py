"""The `evaluate` module of the prediction task.

The mathematics is in `younger_hf.metrics.prediction.regression_metrics`.
"""

from __future__ import annotations

import datasets
import evaluate

from younger_hf.metrics import prediction_metrics

_DESCRIPTION = "Kendall's tau, mean absolute percentage error and Acc(10%) of a predicted property of architectures."
_CITATION = ""
_INPUTS = """
Args:
    predictions (list of float): predicted values of all architectures.
    references (list of float): measured values other than 0, in the same order.
Returns:
    kendall_tau (float): in [-1, 1], higher is better.
    mape (float): at least 0, lower is better.
    acc_10 (float): in [0, 1], higher is better.
"""


class Prediction(evaluate.Metric):
    """Metrics of the prediction task."""

    def _info(self) -> evaluate.MetricInfo:
        features = datasets.Features(
            {"predictions": datasets.Value("float64"), "references": datasets.Value("float64")}
        )
        return evaluate.MetricInfo(_DESCRIPTION, _CITATION, features, inputs_description=_INPUTS, format="arrow")

    def _compute(self, predictions, references) -> dict[str, float]:
        return prediction_metrics(references, predictions)
