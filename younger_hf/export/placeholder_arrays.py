"""Placeholders for weights in an optimiser of ONNX graphs: any shape in one element's memory."""

from __future__ import annotations

from typing import Any

import numpy as np


class PlaceholderArray(np.ndarray[Any, np.dtype[Any]]):
    """An array whose elements share one number in memory, as do those of its elementwise results.

    Reading, transposing and reshaping return views, as for any array with strides of zero.
    """

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """Compute one element, and repeat it."""
        plain = [value if isinstance(value, _NUMBERS) else np.asarray(value).view(np.ndarray) for value in inputs]
        if method != "__call__" or kwargs or ufunc.nout != 1 or ufunc.signature is not None:
            return getattr(ufunc, method)(*plain, **kwargs)
        elements = [value.flat[:1] if isinstance(value, np.ndarray) else value for value in plain]
        return _repeat(ufunc(*elements), np.broadcast_shapes(*map(np.shape, plain)))


_NUMBERS = (bool, int, float, complex)
"""Python numbers, which take the dtype of the array in an operation, as scalar arrays do not."""


def placeholder_array(shape: tuple[int, ...], dtype: np.dtype[Any], number: int) -> PlaceholderArray:
    """Return a placeholder for a weight.

    Its number is neither 0 nor 1, which could make an operator redundant, and differs from that of
    other weights, which could otherwise be merged.

    Args:
        shape: Shape of the weight.
        dtype: A floating-point type.
        number: Index of the weight in the model.
    """
    return _repeat(np.array([0.25 + number % 2**18 * 2.0**-19]).astype(dtype), shape)


def _repeat(element: np.ndarray[Any, np.dtype[Any]], shape: tuple[int, ...]) -> PlaceholderArray:
    """Return an array of a shape whose elements all equal the given one.

    Without an element, the array is empty.
    """
    if element.size == 0:
        return np.empty(shape, element.dtype).view(PlaceholderArray)
    return np.broadcast_to(element.reshape(()), shape).view(PlaceholderArray)
