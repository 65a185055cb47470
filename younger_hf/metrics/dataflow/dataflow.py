"""The `evaluate` module of the data-flow task.

The mathematics is in `younger_hf.metrics.dataflow.ranking_metrics`.
"""

from __future__ import annotations

import datasets
import evaluate

from younger_hf.metrics import dataflow_metrics

_DESCRIPTION = "ROC AUC, average precision and F1 at .5 of scored data flows, pooled over the pairs of all graphs."
_CITATION = ""
_INPUTS = """
Args:
    predictions (list of float): scores of the pairs of all graphs, higher for a pair more likely to be a data flow.
    references (list of int): labels 0 and 1, in the same order.
Returns:
    auc, average_precision, f1 (float): each in [0, 1], higher is better.
"""


class Dataflow(evaluate.Metric):
    """Metrics of the data-flow task."""

    def _info(self) -> evaluate.MetricInfo:
        features = datasets.Features({"predictions": datasets.Value("float64"), "references": datasets.Value("int64")})
        return evaluate.MetricInfo(_DESCRIPTION, _CITATION, features, inputs_description=_INPUTS, format="arrow")

    def _compute(self, predictions, references) -> dict[str, float]:
        return dataflow_metrics(references, predictions)
