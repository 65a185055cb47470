"""Metrics of the prediction task: how well a property of architectures is ranked and estimated."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from younger_hf.arrays import BoolArray, FloatArray
from younger_hf.errors import MetricError
from younger_hf.metrics.checked_arrays import finite_scores, same_length
from younger_hf.metrics.prediction.concordance import rank_pairs

TOLERANCE = 0.1
"""Acc(10%) counts a prediction that is off by at most this share of the reference."""

Values = npt.NDArray[np.floating[Any]]
"""float32 or float64 [N]."""


def kendall_tau(references: npt.ArrayLike, predictions: npt.ArrayLike) -> float:
    """Compute Kendall's rank correlation, corrected for ties (tau-b); in [-1, 1], 0 is chance.

    It equals `scipy.stats.kendalltau` except for constant references or predictions, among them
    single values: they rank nothing, which is chance, and the result is exactly 0 where scipy
    returns NaN. O(N log N) (Knight 1966, A computer method for calculating Kendall's tau with
    ungrouped data, JASA 61).

    Args:
        references: Measured values, finite real numbers, [N], N >= 1.
        predictions: Predicted values, likewise.

    Raises:
        MetricError: If the two are not such arrays, or differ in length.

    Example:
        >>> kendall_tau([1, 2, 3, 4], [10, 30, 20, 40])
        0.6666666666666666
    """
    true, predicted = checked_values(references, predictions)
    return float(rank_pairs(true, predicted).tau(np.ones((1, len(true)), np.int64))[0])


def mape(references: npt.ArrayLike, predictions: npt.ArrayLike) -> float:
    """Compute the mean absolute percentage error as a share; at least 0, lower is better.

    It is the mean of |prediction - reference| / |reference|.

    Args:
        references: Measured values, finite real numbers other than 0, [N], N >= 1.
        predictions: Predicted values, finite real numbers, [N].

    Raises:
        MetricError: If the two are not such arrays, differ in length, a reference is 0, or the mean
            is too large for a float.

    Example:
        >>> mape([10.0, 20.0], [11.0, 15.0])
        0.175
    """
    return mean_error(relative_errors(*checked_values(references, predictions)))


def accuracy_within_tenth(references: npt.ArrayLike, predictions: npt.ArrayLike) -> float:
    """Compute Acc(10%), the share of predictions within a tenth of their reference; in [0, 1].

    Higher is better.

    Args:
        references: Measured values, finite real numbers, [N], N >= 1.
        predictions: Predicted values, likewise.

    Raises:
        MetricError: If the two are not such arrays, or differ in length.

    Example:
        >>> accuracy_within_tenth([10.0, 20.0], [11.0, 15.0])
        0.5
    """
    true, predicted = checked_values(references, predictions)
    return int(np.count_nonzero(is_within_tenth(true, predicted))) / len(true)


def prediction_metrics(references: npt.ArrayLike, predictions: npt.ArrayLike) -> dict[str, float]:
    """Compute all metrics of the prediction task over all architectures.

    Args:
        references: Measured values, finite real numbers other than 0, [N], N >= 1.
        predictions: Predicted values, finite real numbers, [N].

    Returns:
        kendall_tau in [-1, 1], higher is better; mape, >= 0, lower is better; acc_10 in [0, 1],
        higher is better.

    Raises:
        MetricError: If the two are not such arrays, differ in length, a reference is 0, or the mean
            error is too large for a float.

    Example:
        >>> prediction_metrics([10.0, 20.0], [11.0, 15.0])
        {'kendall_tau': 1.0, 'mape': 0.175, 'acc_10': 0.5}
    """
    return {
        "kendall_tau": kendall_tau(references, predictions),
        "mape": mape(references, predictions),
        "acc_10": accuracy_within_tenth(references, predictions),
    }


def relative_errors(references: Values, predictions: Values) -> FloatArray:
    """Compute each error as a share of its reference, float64 [N].

    A share that is too large for a float is infinite.

    Raises:
        MetricError: If a reference is 0.
    """
    zero = references == 0
    if zero.any():
        raise MetricError(
            f"references: expected values other than 0, got 0 at position {int(np.argmax(zero))} "
            f"({np.count_nonzero(zero):,} in all).",
            "An error as a share of zero is not defined: leave out these architectures, or use kendall_tau alone.",
        )
    true, predicted = references.astype(np.float64), predictions.astype(np.float64)
    with np.errstate(over="ignore"):
        errors: FloatArray = np.abs(predicted - true) / np.abs(true)
        # A difference of two numbers near 1e308 is too large for a float, but half of it is not.
        beyond = np.isinf(errors)
        errors[beyond] = np.abs(predicted[beyond] / 2 - true[beyond] / 2) / np.abs(true[beyond]) * 2
    return errors


def mean_error(errors: FloatArray) -> float:
    """Compute the mean of relative errors; raise MetricError if it is too large for a float."""
    ascending = np.sort(errors)  # so that rounding does not depend on the order of architectures
    with np.errstate(over="ignore"):
        mean = float(np.mean(ascending))
        if not np.isfinite(mean):  # the sum may be too large for a float although the mean is not
            mean = float(np.sum(ascending / len(errors)))
    if not np.isfinite(mean):
        worst = int(np.argmax(errors))
        raise MetricError(
            f"predictions: the mean absolute percentage error is too large for a float; position {worst} is off by "
            f"{errors[worst]:.3g} times its reference.",
            "Look for an overflow in the model's last layer, or for references near zero.",
        )
    return mean


def is_within_tenth(references: Values, predictions: Values) -> BoolArray:
    """Tell which predictions are off by at most a tenth of their reference, bool [N]."""
    true, predicted = references.astype(np.float64), predictions.astype(np.float64)
    with np.errstate(over="ignore"):  # an infinite difference is rightly not within a tenth
        within: BoolArray = np.abs(predicted - true) <= TOLERANCE * np.abs(true)
    return within


def checked_values(references: npt.ArrayLike, predictions: npt.ArrayLike) -> tuple[Values, Values]:
    """Check measured and predicted values, and return both as arrays.

    Arguments and errors are those of `kendall_tau`.
    """
    true, predicted = finite_scores(references, "references"), finite_scores(predictions, "predictions")
    same_length(true, predicted)
    return true, predicted
