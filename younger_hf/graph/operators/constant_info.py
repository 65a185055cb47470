"""What is known of a constant: element type, shape, and the values of a small one.

Of integers and truths up to 64 elements are known, of floats one. Floats and truths serve to follow shape arithmetic
(`Floor(Mul(Cast(Shape(x)), scale))`) and are never written.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from onnx import AttributeProto, TensorProto

from younger_hf.graph.onnx_types import INTEGER_TYPES, MAX_ELEMENTS, dtype_code, dtype_name, tensor_values
from younger_hf.graph.operators.signatures import list_length

Known = tuple[str, tuple[int, ...] | None, tuple[int | float, ...] | None]
"""Element type in lower case (`""` if not known), dimensions and elements in row-major order (None if not known)."""

NOTHING: Known = ("", None, None)


class ConstantValue(NamedTuple):
    """A value that does not depend on the model's inputs: its name in the model, and what is known of it, as in `Known`."""

    name: str
    dtype: str = ""
    shape: tuple[int, ...] | None = None
    values: tuple[int | float, ...] | None = None

    @property
    def integers(self) -> tuple[int, ...] | None:
        """The values if it is an integer tensor, which makes them part of the architecture; else None."""
        if self.values is None or dtype_code(self.dtype) not in INTEGER_TYPES:
            return None
        return tuple(map(int, self.values))

    @property
    def known(self) -> Known:
        """All but the name."""
        return self.dtype, self.shape, self.values


def known_of_tensor(tensor: TensorProto) -> Known:
    """What is known of a tensor."""
    return dtype_name(tensor.data_type), tuple([max(dim, -1) for dim in tensor.dims]), tensor_values(tensor)


def known_of_constant(attributes: Iterable[AttributeProto]) -> Known:
    """What the attributes of a `Constant` node say, whichever of them holds the value."""
    for attribute in attributes:
        kind = attribute.type
        if kind == AttributeProto.TENSOR:
            return known_of_tensor(attribute.t)
        if kind == AttributeProto.SPARSE_TENSOR:
            tensor = attribute.sparse_tensor
            return dtype_name(tensor.values.data_type), tuple([max(dim, -1) for dim in tensor.dims]), None
        if kind == AttributeProto.INT:
            return "int64", (), (attribute.i,)
        if kind == AttributeProto.INTS:
            count = list_length(attribute)
            return "int64", (count,), tuple(attribute.ints) if count <= MAX_ELEMENTS else None
        if kind == AttributeProto.FLOAT:
            return "float", (), (attribute.f,)
        if kind == AttributeProto.FLOATS:
            return "float", (list_length(attribute),), None
        if kind == AttributeProto.STRING:
            return "string", (), None
        if kind == AttributeProto.STRINGS:
            return "string", (list_length(attribute),), None
    return NOTHING
