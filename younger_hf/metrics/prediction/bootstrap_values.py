"""Prediction metrics of many resamples of graphs: one ranking, and the errors of each graph."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from younger_hf.arrays import FloatArray, IntArray
from younger_hf.errors import MetricError
from younger_hf.metrics.prediction.concordance import RankedPairs, rank_pairs
from younger_hf.metrics.prediction.regression_metrics import checked_values, is_within_tenth, relative_errors
from younger_hf.metrics.resampling import graph_of_items


@dataclass(frozen=True)
class ResampledValues:
    """Measured and predicted values, ranked once.

    Attributes:
        pairs: Their ranking.
        graph: Graph of each value, int64 [N].
        errors: Sum of the relative errors of each graph, float64 [G].
        within: Predictions of each graph that are within a tenth of their reference, int64 [G].
        required: Values of each graph, int64 [1, G].
    """

    pairs: RankedPairs
    graph: IntArray
    errors: FloatArray
    within: IntArray
    required: IntArray

    @property
    def width(self) -> int:
        """Number of graphs or values, whichever is larger."""
        return max(int(self.required.shape[1]), len(self.graph))

    def values(self, weights: IntArray) -> dict[str, FloatArray]:
        """Compute kendall_tau, mape and acc_10 of each resample; see `Resampled`.

        Raises:
            MetricError: If a mean error is too large for a float.
        """
        number = np.einsum("bg,g->b", weights, self.required[0])
        with np.errstate(over="ignore", invalid="ignore"):
            mape = np.einsum("bg,g->b", weights, self.errors) / number
        if not np.isfinite(mape).all():
            raise MetricError(
                "predictions: the mean absolute percentage error of a resample is too large for a float.",
                "Look for an overflow in the model's last layer, or for references near zero.",
            )
        return {
            "kendall_tau": self.pairs.tau(np.take(weights, self.graph, axis=1)),
            "mape": mape,
            "acc_10": np.einsum("bg,g->b", weights, self.within) / number,
        }


def resample_values(references: npt.ArrayLike, predictions: npt.ArrayLike, offsets: npt.ArrayLike) -> ResampledValues:
    """Prepare measured and predicted values.

    Arguments and errors are those of `younger_hf.metrics.bootstrap`.
    """
    true, predicted = checked_values(references, predictions)
    graph, num_graphs = graph_of_items(offsets, len(true))
    errors = np.bincount(graph, weights=relative_errors(true, predicted), minlength=num_graphs).astype(
        np.float64, copy=False
    )
    within = np.bincount(graph[is_within_tenth(true, predicted)], minlength=num_graphs)
    required = np.bincount(graph, minlength=num_graphs)[None]
    return ResampledValues(rank_pairs(true, predicted), graph, errors, within, required)
