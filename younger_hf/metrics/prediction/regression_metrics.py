"""Metrics of the prediction task: how well a property of architectures is ranked and estimated."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from younger_hf.errors import MetricError
from younger_hf.metrics.checked_arrays import finite_scores, same_length
from younger_hf.metrics.prediction.concordance import rank_pairs

TOLERANCE = 0.1
"""Acc(10%) counts a prediction that is off by at most this share of the reference."""

FloatArray = npt.NDArray[np.floating[Any]]


def kendall_tau(references: npt.ArrayLike, predictions: npt.ArrayLike) -> float:
    """Kendall's rank correlation, corrected for ties (tau-b); in [-1, 1], 1 for equal rankings, 0 for chance.

    Equal to `scipy.stats.kendalltau`, but for constant references or predictions, which rank nothing and so are chance: exactly 0,
    where scipy gives NaN. A single value is constant. O(N log N) (Knight 1966, A computer method for calculating Kendall's tau with
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
    true, predicted = _values(references, predictions)
    return float(rank_pairs(true, predicted).tau(np.ones((1, len(true)), np.int64))[0])


def mape(references: npt.ArrayLike, predictions: npt.ArrayLike) -> float:
    """Mean absolute percentage error as a share: mean of |prediction - reference| / |reference|; >= 0, lower is better.

    Args:
        references: Measured values, finite real numbers other than 0, [N], N >= 1.
        predictions: Predicted values, finite real numbers, [N].

    Raises:
        MetricError: If the two are not such arrays, differ in length, a reference is 0, or the mean exceeds every float.

    Example:
        >>> mape([10.0, 20.0], [11.0, 15.0])
        0.175
    """
    return mean_error(relative_errors(*_values(references, predictions)))


def accuracy_within_tenth(references: npt.ArrayLike, predictions: npt.ArrayLike) -> float:
    """Acc(10%): share of predictions with |prediction - reference| <= .1 |reference|; in [0, 1], higher is better.

    Args:
        references: Measured values, finite real numbers, [N], N >= 1.
        predictions: Predicted values, likewise.

    Raises:
        MetricError: If the two are not such arrays, or differ in length.

    Example:
        >>> accuracy_within_tenth([10.0, 20.0], [11.0, 15.0])
        0.5
    """
    true, predicted = _values(references, predictions)
    return int(np.count_nonzero(is_within_tenth(true, predicted))) / len(true)


def prediction_metrics(references: npt.ArrayLike, predictions: npt.ArrayLike) -> dict[str, float]:
    """All metrics of the prediction task, over all architectures.

    Args:
        references: Measured values, finite real numbers other than 0, [N], N >= 1.
        predictions: Predicted values, finite real numbers, [N].

    Returns:
        kendall_tau in [-1, 1], higher is better; mape, >= 0, lower is better; acc_10 in [0, 1], higher is better.

    Raises:
        MetricError: If the two are not such arrays, differ in length, a reference is 0, or the mean error exceeds every float.

    Example:
        >>> prediction_metrics([10.0, 20.0], [11.0, 15.0])
        {'kendall_tau': 1.0, 'mape': 0.175, 'acc_10': 0.5}
    """
    return {
        "kendall_tau": kendall_tau(references, predictions),
        "mape": mape(references, predictions),
        "acc_10": accuracy_within_tenth(references, predictions),
    }


def relative_errors(references: FloatArray, predictions: FloatArray) -> npt.NDArray[np.float64]:
    """Error of each prediction as a share of its reference, float64 [N]; infinite where it exceeds every float.

    Raises:
        MetricError: If a reference is 0.
    """
    zero = references == 0
    if zero.any():
        raise MetricError(
            f"references: expected values other than 0, got 0 at position {int(np.argmax(zero))} "
            f"({np.count_nonzero(zero):,} in all).",
            "An error as a share of zero is not defined: leave these architectures out, or use kendall_tau alone.",
        )
    true, predicted = references.astype(np.float64), predictions.astype(np.float64)
    with np.errstate(over="ignore"):
        errors: npt.NDArray[np.float64] = np.abs(predicted - true) / np.abs(true)
        # A difference of two numbers near 1e308 is no float, its half is.
        beyond = np.isinf(errors)
        errors[beyond] = np.abs(predicted[beyond] / 2 - true[beyond] / 2) / np.abs(true[beyond]) * 2
    return errors


def mean_error(errors: npt.NDArray[np.float64]) -> float:
    """Mean of relative errors.

    Raises:
        MetricError: If it exceeds every float.
    """
    ascending = np.sort(errors)  # so that no rounding depends on the order of architectures
    with np.errstate(over="ignore"):
        mean = float(np.mean(ascending))
        if not np.isfinite(mean):  # their sum may exceed every float where their mean does not
            mean = float(np.sum(ascending / len(errors)))
    if not np.isfinite(mean):
        worst = int(np.argmax(errors))
        raise MetricError(
            f"predictions: the mean absolute percentage error exceeds every float; position {worst} is off by "
            f"{errors[worst]:.3g} times its reference.",
            "Look for an overflow in the model's last layer, or for references near zero.",
        )
    return mean


def is_within_tenth(references: FloatArray, predictions: FloatArray) -> npt.NDArray[np.bool_]:
    """Whether each prediction is off by at most a tenth of its reference, bool [N]."""
    true, predicted = references.astype(np.float64), predictions.astype(np.float64)
    with np.errstate(over="ignore"):  # an infinite difference is too large, which is right
        within: npt.NDArray[np.bool_] = np.abs(predicted - true) <= TOLERANCE * np.abs(true)
    return within


def _values(references: npt.ArrayLike, predictions: npt.ArrayLike) -> tuple[FloatArray, FloatArray]:
    true, predicted = finite_scores(references, "references"), finite_scores(predictions, "predictions")
    same_length(true, predicted)
    return true, predicted
