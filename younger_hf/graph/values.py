"""What is known of the values that flow through a model: element type, shape, and the elements of small tensors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod


@dataclass(frozen=True, slots=True)
class TensorInfo:
    """What is known of a value that flows through a model.

    Attributes:
        dtype: Element type as in `NodeInput`, `""` if not known.
        shape: Dimensions, -1 where not known; None if the rank is not known.
        values: Elements in row-major order of a tensor of at most 64 elements that follows from shapes and structural
            constants; else None.
    """

    dtype: str = ""
    shape: tuple[int, ...] | None = None
    values: tuple[int | float, ...] | None = None

    @property
    def size(self) -> int | None:
        """Number of elements, None if a dimension is not known."""
        return None if self.shape is None or min(self.shape, default=0) < 0 else prod(self.shape)


UNKNOWN = TensorInfo()

Slots = Mapping[int, TensorInfo]


@dataclass(frozen=True)
class TensorInfos:
    """What is known of every value of a Dag.

    Attributes:
        inputs: For each node, position -> value read there; positions without input are missing. Length N.
        outputs: For each node, position -> value produced there; those of which nothing is known may be missing.
            Length N.
    """

    inputs: tuple[Slots, ...]
    outputs: tuple[Slots, ...]

    def input(self, node: int, slot: int) -> TensorInfo:
        """Input `slot` of a node."""
        return self.inputs[node].get(slot, UNKNOWN)

    def output(self, node: int, slot: int) -> TensorInfo:
        """Output `slot` of a node."""
        return self.outputs[node].get(slot, UNKNOWN)


def either(first: TensorInfo, second: TensorInfo) -> TensorInfo:
    """What the first says of a value, and where it says nothing what the second says."""
    shape = first.shape if first.shape is not None else second.shape
    if shape is not None and second.shape is not None and len(shape) == len(second.shape):
        shape = tuple([dim if dim >= 0 else other for dim, other in zip(shape, second.shape, strict=True)])
    return TensorInfo(first.dtype or second.dtype, shape, first.values)


def both(one: TensorInfo, other: TensorInfo) -> TensorInfo:
    """What is true of either of two values."""
    shape = None
    if one.shape is not None and other.shape is not None and len(one.shape) == len(other.shape):
        shape = tuple([a if a == b else -1 for a, b in zip(one.shape, other.shape, strict=True)])
    return TensorInfo(one.dtype if one.dtype == other.dtype else "", shape)


def stacked(value: TensorInfo, turns: int) -> TensorInfo:
    """A loop's scan output: the values of all turns, one behind the other."""
    return TensorInfo(value.dtype, None if value.shape is None else (turns, *value.shape))


def described_shape(shape: tuple[int, ...] | None) -> str:
    """A shape for people: its dimensions with multiplication signs between them, `scalar`, and `?` for what is not known."""
    if shape is None:
        return "?"
    return "\N{MULTIPLICATION SIGN}".join("?" if dim < 0 else str(dim) for dim in shape) or "scalar"
