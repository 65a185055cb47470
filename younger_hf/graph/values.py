"""What is known of the values in a model: element type, shape, elements of small tensors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import NamedTuple


class TensorInfo(NamedTuple):
    """What is known of a value in a model.

    Attributes:
        dtype: Element type as in `NodeInput`, `""` if unknown.
        shape: Dimensions, -1 where unknown; None if the rank is unknown.
        values: Elements in row-major order if they are few and known, else None. Only integers
            become part of a Dag; booleans and single floats serve to follow shape arithmetic such
            as `Floor(Mul(Cast(Shape(x)), scale))`.
    """

    dtype: str = ""
    shape: tuple[int, ...] | None = None
    values: tuple[int | float, ...] | None = None

    @property
    def size(self) -> int | None:
        """Number of elements, None if a dimension is unknown."""
        return None if self.shape is None or min(self.shape, default=0) < 0 else prod(self.shape)

    @property
    def is_constant(self) -> bool:
        """Whether type, shape and all elements are known."""
        return self.values is not None and self.shape is not None and self.dtype != ""


UNKNOWN = TensorInfo()

Slots = Mapping[int, TensorInfo]
"""Position of an input or output -> its value."""


@dataclass(frozen=True)
class TensorInfos:
    """What is known of every value of a Dag.

    Attributes:
        inputs: For each node, position -> value read there; absent inputs are missing. Length N.
        outputs: For each node, position -> value produced there; unknown ones may be missing.
            Length N.
    """

    inputs: tuple[Slots, ...]
    outputs: tuple[Slots, ...]

    def input(self, node: int, slot: int) -> TensorInfo:
        """Return input `slot` of a node."""
        return self.inputs[node].get(slot, UNKNOWN)

    def output(self, node: int, slot: int) -> TensorInfo:
        """Return output `slot` of a node."""
        return self.outputs[node].get(slot, UNKNOWN)


def completed(first: TensorInfo, second: TensorInfo) -> TensorInfo:
    """Return the first description of a value, its unknown parts filled in from the second."""
    shape = first.shape if first.shape is not None else second.shape
    if shape is not None and second.shape is not None and len(shape) == len(second.shape):
        shape = tuple([dim if dim >= 0 else other for dim, other in zip(shape, second.shape, strict=True)])
    return TensorInfo(first.dtype or second.dtype, shape, first.values)


def in_common(one: TensorInfo, other: TensorInfo) -> TensorInfo:
    """Return the type and shape that two values share, with unknown parts where they differ."""
    shape = None
    if one.shape is not None and other.shape is not None and len(one.shape) == len(other.shape):
        shape = tuple([a if a == b else -1 for a, b in zip(one.shape, other.shape, strict=True)])
    return TensorInfo(one.dtype if one.dtype == other.dtype else "", shape)


def stacked(value: TensorInfo, iterations: int) -> TensorInfo:
    """Return a loop's scan output: the values of all iterations along a new first axis."""
    return TensorInfo(value.dtype, None if value.shape is None else (iterations, *value.shape))


def described_shape(shape: tuple[int, ...] | None) -> str:
    """Format a shape for display: dimensions joined by multiplication signs, or `scalar`.

    Unknown dimensions are `?`.
    """
    if shape is None:
        return "?"
    return "\N{MULTIPLICATION SIGN}".join("?" if dim < 0 else str(dim) for dim in shape) or "scalar"
