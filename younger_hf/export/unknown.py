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
        plain = [np.asarray(value).view(np.ndarray) for value in inputs]
        if method != "__call__" or kwargs or ufunc.nout != 1 or ufunc.signature is not None:
            return getattr(ufunc, method)(*plain, **kwargs)
        shape = np.broadcast_shapes(*(array.shape for array in plain))
        elements = [array.flat[0] if array.size else array.dtype.type(0) for array in plain]
        return _repeated(np.asarray(ufunc(*elements)), shape)


def unknown_array(shape: tuple[int, ...], dtype: np.dtype[Any], number: int) -> UnknownArray:
    """Values of a weight that nobody knows.

    An optimiser must neither find that they make an operator superfluous (0 and 1), nor that two weights are equal.

    Args:
        shape: Its shape.
        dtype: A floating-point type.
        number: Which weight of the model it is.
    """
    return _repeated(np.asarray(0.25 + number % 2**18 * 2.0**-19).astype(dtype), shape)


def _repeated(element: np.ndarray[Any, np.dtype[Any]], shape: tuple[int, ...]) -> UnknownArray:
    return np.broadcast_to(element, shape).view(UnknownArray)
