"""Building blocks of symbolic functions, which add ONNX operators to a TorchScript graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.onnx.errors import SymbolicValueError

Graph = Any
"""The graph that a symbolic function adds operators to: `g.op("Add", x, y)`."""
Value = Any
"""A value of the TorchScript graph; its type has the rank, sizes and element type when traced."""
Symbolic = Callable[..., Any]


def require(g: Graph, opset: int, what: str, x: Value) -> None:
    """Raise the exporter's own error if an operator needs a later version of the operator set."""
    if g.opset < opset:
        raise SymbolicValueError(f"Support for {what} was added in version {opset}", x)


def op(g: Graph, name: str, *inputs: Any, **attributes: Any) -> Value:
    """Add an operator; tensors among its inputs become constants."""
    constants = (g.op("Constant", value_t=x) if isinstance(x, torch.Tensor) else x for x in inputs)
    return g.op(name, *constants, **attributes)


def rank(x: Value) -> int:
    """Return the number of axes of a tensor."""
    axes: int | None = x.type().dim()
    if axes is None:
        raise SymbolicValueError("The rank of a tensor is not known.", x)
    return axes


def sizes(x: Value) -> list[int]:
    """Return the sizes of a tensor."""
    found: list[int] | None = x.type().sizes()
    if found is None:
        raise SymbolicValueError("The sizes of a tensor are not known.", x)
    return found


def kind(x: Value) -> str:
    """Return the element type, such as `Float`, `Long` or `Bool`."""
    return str(x.type().scalarType())


DTYPES = {"Float": torch.float32, "Double": torch.float64, "Half": torch.float16, "BFloat16": torch.bfloat16}
CODES = {
    **{"Float": 1, "Double": 11, "Half": 10, "BFloat16": 16, "Bool": 9},
    **{"Int": 6, "Long": 7, "Byte": 2, "Char": 3, "Short": 5},
}
"""Element type -> its number in ONNX (TensorProto.DataType)."""


def number(x: Value, number: float) -> torch.Tensor:
    """Return a constant with the element type of a floating-point tensor."""
    return torch.tensor(number, dtype=DTYPES.get(kind(x), torch.float32))


def integers(*values: int) -> torch.Tensor:
    """Return an integer constant of shape [N]."""
    return torch.tensor(values, dtype=torch.int64)


def is_given(x: Value) -> bool:
    """Return whether an optional argument is present."""
    return x is not None and not x.node().mustBeNone()


def cast_as(g: Graph, x: Value, like: Value) -> Value:
    """Cast a tensor to the element type of another."""
    return x if kind(x) == kind(like) else op(g, "Cast", x, to_i=CODES[kind(like)])


def reduced(g: Graph, name: str, x: Value, axes: Sequence[int]) -> Value:
    """Add `ReduceMean` or `ReduceMax` over axes, which stay with size 1."""
    if g.opset < 18:
        return op(g, name, x, axes_i=list(axes), keepdims_i=1)
    return op(g, name, x, integers(*axes), keepdims_i=1)


def total(g: Graph, x: Value, axis: int) -> Value:
    """Add the sum over an axis, which is removed."""
    return op(g, "ReduceSum", x, integers(axis), keepdims_i=0)


def part(g: Graph, x: Value, axis: int, start: int, end: int, step: int = 1) -> Value:
    """Add a slice between two positions of an axis."""
    return op(g, "Slice", x, integers(start), integers(end), integers(axis), integers(step))


def transpose(g: Graph, x: Value, first: int, second: int) -> Value:
    """Exchange two axes of a tensor."""
    order = list(range(rank(x)))
    order[first], order[second] = order[second], order[first]
    return op(g, "Transpose", x, perm_i=order)
