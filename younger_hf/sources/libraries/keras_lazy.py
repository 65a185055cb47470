"""Keras models built, and converted by tf2onnx, without allocating their weights.

TensorFlow and tf2onnx copy every constant some thirty times: a ResNet-50 of 100 MB takes 7 GB. Here
a big weight is one number with a shape throughout; the resulting operators are the same.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx

BIG = 1 << 14
"""Floating-point tensors with more elements are weights without values; others keep theirs."""

_STEP = 2.0**-12
_FLOATS = ("float32", "float64")

Array = npt.NDArray[Any]


@contextmanager
def lazy_variables(keras: Any, tf: Any) -> Iterator[None]:
    """While active, big variables of Keras hold no values, and assigning to them does nothing.

    A graph that reads such a variable reads a constant of one number, whatever its shape. Every
    variable has a number of its own that is neither 0 nor 1, because converters merge equal
    constants and drop operators without effect.
    """
    variable = keras.Variable
    initialise, assign = variable._initialize_with_initializer, variable._direct_assign
    numbers = count(1)

    def initialise_lazily(self: Any, initializer: Callable[..., Any]) -> None:
        if prod(self._shape) <= BIG or self._dtype not in _FLOATS:
            initialise(self, initializer)
            return
        number = 1 + next(numbers) * _STEP
        # Keras reads these two of a variable without a value
        self._value, self._initializer = None, lambda shape, dtype: tf.constant(number, dtype, shape)

    def assign_if_real(self: Any, value: Any) -> None:
        if self._value is not None:
            assign(self, value)

    with (
        _replaced(variable, "_initialize_with_initializer", initialise_lazily),
        _replaced(variable, "_direct_assign", assign_if_real),
    ):
        yield


@contextmanager
def lazy_tensors() -> Iterator[None]:
    """While active, big floating-point tensors of tf2onnx are one number with a shape.

    Their arrays are views that repeat it, so that transposing, reshaping and comparing them costs
    nothing. A tensor whose elements differ gets a number computed from all of them: equal tensors
    stay equal, different ones stay different.
    """
    from tf2onnx import tf_utils

    arrays = onnx.numpy_helper
    read, to_array, from_array = tf_utils.get_tf_tensor_data, arrays.to_array, arrays.from_array

    def read_lazily(tensor: Any) -> Array:
        shape = [dim.size for dim in tensor.tensor_shape.dim]
        numbers = tensor.float_val or tensor.double_val
        if prod(shape) <= BIG or len(numbers) != 1:
            whole: Array = read(tensor)
            return whole
        return np.broadcast_to(np.dtype("float32" if tensor.float_val else "float64").type(numbers[0]), shape)

    def to_array_lazily(tensor: onnx.TensorProto, *args: Any, **kwargs: Any) -> Array:
        if not _is_lazy(tensor):
            return to_array(tensor, *args, **kwargs)
        dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type)
        return np.broadcast_to(np.frombuffer(tensor.raw_data, dtype)[0], tensor.dims)

    def from_array_lazily(array: Array, *args: Any, **kwargs: Any) -> onnx.TensorProto:
        if array.size <= BIG or array.dtype.name not in _FLOATS:
            return from_array(array, *args, **kwargs)
        tensor = from_array(_number(array), *args, **kwargs)
        tensor.dims[:] = array.shape
        return tensor

    with (
        _replaced(tf_utils, "get_tf_tensor_data", read_lazily),
        _replaced(arrays, "to_array", to_array_lazily),
        _replaced(arrays, "from_array", from_array_lazily),
    ):
        yield


@contextmanager
def inline_functions(tf: Any) -> Iterator[None]:
    """While active, inline functions that a layer compiles, which tf2onnx could not convert.

    Keras compiles them for grouped convolutions.
    """

    def plain(func: Callable[..., Any] | None = None, **_: Any) -> Callable[..., Any]:
        return func if func is not None else lambda function: function

    with _replaced(tf, "function", plain):
        yield


@contextmanager
def _replaced(owner: Any, name: str, value: Any) -> Iterator[None]:
    before = getattr(owner, name)
    setattr(owner, name, value)
    try:
        yield
    finally:
        setattr(owner, name, before)


def _is_lazy(tensor: onnx.TensorProto) -> bool:
    """Return whether a tensor is one number with the shape of many, which no file contains."""
    if prod(tensor.dims) <= BIG or tensor.data_type not in (onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE):
        return False
    return len(tensor.raw_data) == onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize


def _number(array: Array) -> Array:
    """Return a scalar array of the same dtype that represents all elements.

    It is the number that all elements equal, or one computed from them if they differ.
    """
    first = array.flat[0]
    if not any(array.strides) or (array == first).all():
        return np.array(first)
    return np.array(1 + zlib.crc32(np.ascontiguousarray(array).tobytes()) % (1 << 22) * _STEP, array.dtype)
