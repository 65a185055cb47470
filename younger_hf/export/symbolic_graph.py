"""What symbolic functions are written with: they add ONNX operators to the graph that the TorchScript exporter builds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.onnx.errors import SymbolicValueError

Graph = Any
"""What the exporter gives a symbolic function to add operators with: `g.op("Add", x, y)`."""
Value = Any
"""A value of the TorchScript graph: its type says rank, sizes and element type as they were when the model ran."""
Symbolic = Callable[..., Any]


def require(g: Graph, opset: int, what: str, x: Value) -> None:
    """Refuse what a later version of the operator set is needed for, in the words that the exporter has for it."""
    if g.opset < opset:
        raise SymbolicValueError(f"Support for {what} was added in version {opset}", x)


def op(g: Graph, name: str, *inputs: Any, **attributes: Any) -> Value:
    """Add an operator; tensors among its inputs become constants."""
    constants = (g.op("Constant", value_t=x) if isinstance(x, torch.Tensor) else x for x in inputs)
    return g.op(name, *constants, **attributes)


def rank(x: Value) -> int:
    """How many axes a tensor has."""
    axes: int | None = x.type().dim()
    if axes is None:
        raise SymbolicValueError("The rank of a tensor is not known.", x)
    return axes


def sizes(x: Value) -> list[int]:
    """The sizes of a tensor."""
    found: list[int] | None = x.type().sizes()
    if found is None:
        raise SymbolicValueError("The sizes of a tensor are not known.", x)
    return found


def kind(x: Value) -> str:
    """Element type, as `Float`, `Long` or `Bool`."""
    return str(x.type().scalarType())


DTYPES = {"Float": torch.float32, "Double": torch.float64, "Half": torch.float16, "BFloat16": torch.bfloat16}
CODES = {
    "Float": 1,
    "Double": 11,
    "Half": 10,
    "BFloat16": 16,
    "Int": 6,
    "Long": 7,
    "Bool": 9,
    "Byte": 2,
    "Char": 3,
    "Short": 5,
}
"""Element type -> its number in ONNX (TensorProto.DataType)."""


def number(x: Value, number: float) -> torch.Tensor:
    """A constant of the element type of a floating-point tensor."""
    return torch.tensor(number, dtype=DTYPES.get(kind(x), torch.float32))


def integers(*values: int) -> torch.Tensor:
    """A constant of shape [N]."""
    return torch.tensor(values, dtype=torch.int64)


def given(x: Value) -> bool:
    """Whether an optional argument was given."""
    return x is not None and not x.node().mustBeNone()


def cast_as(g: Graph, x: Value, like: Value) -> Value:
    """A tensor with the element type of another."""
    return x if kind(x) == kind(like) else op(g, "Cast", x, to_i=CODES[kind(like)])


def reduced(g: Graph, name: str, x: Value, axes: Sequence[int]) -> Value:
    """`ReduceMean` or `ReduceMax` over some axes, which stay with size 1."""
    if g.opset < 18:
        return op(g, name, x, axes_i=list(axes), keepdims_i=1)
    return op(g, name, x, integers(*axes), keepdims_i=1)


def total(g: Graph, x: Value, axis: int) -> Value:
    """The sum over an axis, which goes."""
    return op(g, "ReduceSum", x, integers(axis), keepdims_i=0)


def part(g: Graph, x: Value, axis: int, start: int, end: int, step: int = 1) -> Value:
    """What lies between two positions of an axis."""
    return op(g, "Slice", x, integers(start), integers(end), integers(axis), integers(step))


def transpose(g: Graph, x: Value, first: int, second: int) -> Value:
    """A tensor with two of its axes exchanged."""
    order = list(range(rank(x)))
    order[first], order[second] = order[second], order[first]
    return op(g, "Transpose", x, perm_i=order)
