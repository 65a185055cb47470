"""Weights of unknown value for an optimiser of ONNX graphs: any shape in the memory of one element."""

from __future__ import annotations

from typing import Any

import numpy as np


class UnknownArray(np.ndarray[Any, np.dtype[Any]]):
    """An array whose elements are one number that stands for many; what is computed from it elementwise is such an array, too.

    Reading, transposing and reshaping give views, as of any array with strides of zero.
    """

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """Compute one element, and let it stand for all."""
        plain = [value if isinstance(value, _NUMBERS) else np.asarray(value).view(np.ndarray) for value in inputs]
        if method != "__call__" or kwargs or ufunc.nout != 1 or ufunc.signature is not None:
            return getattr(ufunc, method)(*plain, **kwargs)
        elements = [value.flat[:1] if isinstance(value, np.ndarray) else value for value in plain]
        return _repeated(ufunc(*elements), np.broadcast_shapes(*map(np.shape, plain)))


_NUMBERS = (bool, int, float, complex)
"""Of Python: they take the type of the array that they are computed with, which an array of no axes would not."""


def unknown_array(shape: tuple[int, ...], dtype: np.dtype[Any], number: int) -> UnknownArray:
    """Values of a weight that nobody knows.

    An optimiser must neither find that they make an operator superfluous (0 and 1), nor that two weights are equal.

    Args:
        shape: Its shape.
        dtype: A floating-point type.
        number: Which weight of the model it is.
    """
    return _repeated(np.array([0.25 + number % 2**18 * 2.0**-19]).astype(dtype), shape)


def _repeated(element: np.ndarray[Any, np.dtype[Any]], shape: tuple[int, ...]) -> UnknownArray:
    """An array of that shape whose elements are all the only one of another, or of none if that is empty."""
    if element.size == 0:
        return np.empty(shape, element.dtype).view(UnknownArray)
    return np.broadcast_to(element.reshape(()), shape).view(UnknownArray)
