"""Checks that turn the input of a metric into one-dimensional arrays, or report what is wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from younger_hf.arrays import BoolArray
from younger_hf.errors import MetricError

MAX_CLASS = 2**31 - 1
"""Largest class id: the dataset stores them as int32."""

_HIDDEN = "The test split hides its labels as -1: compute metrics on validation, and submit to be scored on test."


def class_ids(values: npt.ArrayLike, name: str) -> npt.NDArray[np.integer]:
    """Return class ids as an integer array [N] whose dtype fits into int64; copy only if needed.

    Args:
        values: Integers in [0, 2**31), [N], N >= 1.
        name: What the values are, for the message.

    Raises:
        MetricError: If they are empty, not one-dimensional, not integers or out of range.
    """
    array = _filled_array(values, name)
    if array.dtype.kind not in "iu":
        raise MetricError(
            f"{name}: expected integer class ids, got dtype {array.dtype}.", "Convert them with .astype('int32')."
        )
    if array.min() < 0:
        raise MetricError(
            f"{name}: expected class ids >= 0, got {array.min()} at position {int(array.argmin())}.",
            _HIDDEN,
        )
    if array.max() > MAX_CLASS:
        raise MetricError(
            f"{name}: expected class ids below 2**31, got {array.max()} at position {int(array.argmax())}."
        )
    # numpy cannot count unsigned 64-bit integers.
    return array.astype(np.int64) if array.dtype == np.uint64 else array


def binary_labels(values: npt.ArrayLike, name: str) -> BoolArray:
    """Return labels as bool [N], true where positive.

    Args:
        values: Integers 0 and 1, or booleans, [N], N >= 1.
        name: What the values are, for the message.

    Raises:
        MetricError: If they are empty, not one-dimensional, or anything but the integers 0 and 1 or
            booleans.
    """
    array = _filled_array(values, name)
    if array.dtype.kind == "b":
        return array
    if array.dtype.kind not in "iu":
        raise MetricError(
            f"{name}: expected labels 0 and 1 as integers, got dtype {array.dtype}.",
            "Convert them with .astype('int8').",
        )
    positive: BoolArray = array == 1
    if not np.array_equal(array.astype(np.bool_), positive):
        wrong = int(np.argmax((array != 0) & ~positive))
        raise MetricError(
            f"{name}: expected labels 0 and 1, got {array[wrong]} at position {wrong}.",
            _HIDDEN,
        )
    return positive


def finite_scores(values: npt.ArrayLike, name: str) -> npt.NDArray[np.floating]:
    """Return scores as float32 or float64 [N]; float16 is widened and integers become float64.

    Args:
        values: Finite real numbers, [N], N >= 1.
        name: What the values are, for the message.

    Raises:
        MetricError: If they are empty, not one-dimensional, not real numbers, NaN or infinite.
    """
    array = _filled_array(values, name)
    if array.dtype.kind not in "iuf":
        raise MetricError(f"{name}: expected real numbers, got dtype {array.dtype}.")
    if array.dtype.kind in "iu" or array.dtype.itemsize > 8:
        array = array.astype(np.float64)
    elif array.dtype == np.float16:
        array = array.astype(np.float32)
    finite = np.isfinite(array)
    if not finite.all():
        wrong = int(np.argmin(finite))
        raise MetricError(
            f"{name}: expected finite scores, got {array[wrong]} at position {wrong} ({np.count_nonzero(~finite):,} in all).",
            "Look for a division by zero or an overflow in the model's last layer.",
        )
    return array


def same_length(references: npt.NDArray[np.generic], predictions: npt.NDArray[np.generic]) -> None:
    """Raise MetricError unless there is one prediction for each reference."""
    if len(references) != len(predictions):
        raise MetricError(
            f"Expected one prediction for each reference, got {len(predictions):,} for {len(references):,}."
        )


def flat_array(values: npt.ArrayLike, name: str) -> npt.NDArray[Any]:
    """Return values as an array of one dimension, which may be empty.

    Args:
        values: Numbers of any type, [N].
        name: What the values are, for the message.

    Raises:
        MetricError: If they are not an array, or have another number of dimensions.
    """
    try:
        array = np.asarray(values)
    except (TypeError, ValueError, OverflowError, RuntimeError) as error:
        raise MetricError(
            f"{name}: expected a flat array of numbers, got {type(values).__name__} ({error})."
        ) from error
    if array.ndim != 1:
        raise MetricError(
            f"{name}: expected one dimension, got shape {array.shape}.",
            "Join the rows of all graphs, for example with numpy.concatenate.",
        )
    return array


def _filled_array(values: npt.ArrayLike, name: str) -> npt.NDArray[Any]:
    array = flat_array(values, name)
    if not len(array):
        raise MetricError(f"{name}: expected at least one value, got none.")
    return array
