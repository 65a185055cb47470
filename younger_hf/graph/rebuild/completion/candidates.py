"""One operator in the model that is being made up, and the ways in which it can read what leads to it.

A generated graph says which operators read from which, not in which slots, nor what else they read: weights, shapes, the model's inputs. A
proposal is one way to complete that. Proposals are made in the order in which they are likely to be right; the search takes the first that
ONNX's shape inference accepts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import permutations
from typing import Any

import onnx
from onnx import TensorProto

from younger_hf.graph.onnx_types import INTEGER_TYPES, dtype_name
from younger_hf.graph.rebuild.completion.channel_planning import IMAGE_CHANNELS
from younger_hf.graph.rebuild.completion.completed_operator import Operator
from younger_hf.graph.rebuild.completion.tensor_values import Input, ModelInput, Parameter, Value, constant

SEQUENCE = 16
"""Length of a made-up sequence of tokens."""

_PREFERRED = (TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL, TensorProto.INT32, TensorProto.INT8)
_VARIADIC = onnx.defs.OpSchema.FormalParameterOption.Variadic
_REQUIRED = onnx.defs.OpSchema.FormalParameterOption.Single


@dataclass(frozen=True)
class Place:
    """An operator and what is known before it is completed.

    Attributes:
        node: Number of the node.
        operator: Its class.
        edges: The values that it must read, each once, in the order of their nodes.
        reads: Rank that its input should have; None if nothing says.
        gives: Rank that its output should have.
        channels: Channels that its output should have.
        fan_out: How many operators read from it.
        image: Height and width of the model's image inputs.
        shapes: Shapes of the values before it, the latest first.
        readers: Each operator that reads from it, and the rank that its output should have.
        partners: Shapes of what the operators after it read beside it, the nearest first.
    """

    node: int
    operator: Operator
    edges: tuple[Value, ...]
    reads: int | None
    gives: int | None
    channels: int
    fan_out: int
    image: tuple[int, int]
    shapes: Sequence[tuple[int, ...]]
    readers: tuple[tuple[Operator, int | None], ...]
    partners: Sequence[tuple[int, ...]]


@dataclass(frozen=True)
class Proposal:
    """One way to complete an operator.

    Attributes:
        inputs: What it reads, by slot.
        attributes: Values of attributes that its class leaves open.
    """

    inputs: tuple[Input, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)


Slots = dict[int, Input]


def arrangements(place: Place, most_slots: int = 6, *, data_first: bool = True) -> Iterator[Slots]:
    """The ways to put what is read into slots of a fitting type, earlier slots first.

    Args:
        place: The operator.
        most_slots: Slots that are considered.
        data_first: Whether what is read alone can be the first input only.
    """
    formal = place.operator.schema.inputs
    if not place.edges:
        yield {}
        return
    if formal and formal[-1].option == _VARIADIC:
        yield dict(enumerate(place.edges))
        return
    if len(place.edges) == 1 and data_first:
        if fits(place.operator, {0: place.edges[0]}):
            yield {0: place.edges[0]}
        return
    for slots in permutations(range(min(len(formal), most_slots)), len(place.edges)):
        chosen: Slots = dict(zip(slots, place.edges, strict=True))
        if fits(place.operator, chosen):
            yield chosen


def fits(operator: Operator, slots: Slots) -> bool:
    """Whether every value has a type that its slot allows, and values of one type variable have the same."""
    formal = operator.schema.inputs
    bound: dict[str, int] = {}
    for slot, value in slots.items():
        if value is None:
            continue
        parameter = formal[min(slot, len(formal) - 1)]
        if f"tensor({dtype_name(value.dtype)})" not in parameter.types:
            return False
        homogeneous = parameter.option != _VARIADIC or parameter.is_homogeneous
        if homogeneous and bound.setdefault(parameter.type_str, value.dtype) != value.dtype:
            return False
    return True


def complete(place: Place, slots: Slots) -> tuple[Input, ...]:
    """Give every required slot that is empty a parameter of one element, or the model's input if nothing else is read."""
    formal = place.operator.schema.inputs
    filled = dict(slots)
    for slot, parameter in enumerate(formal):
        if slot in filled or parameter.option != _REQUIRED:
            continue
        dtype = slot_dtype(place.operator, slot, filled)
        divides = place.operator.op_type in ("Div", "Mod") and dtype in INTEGER_TYPES
        other = constant([2], dtype) if divides else Parameter(dtype, (1,))
        filled[slot] = other if place.edges or slot else model_input(place, dtype)
    if not filled and formal and formal[-1].option == _VARIADIC:
        filled[0] = model_input(place, slot_dtype(place.operator, 0, {}))
    return tuple(filled.get(slot) for slot in range(max(filled, default=-1) + 1))


def slot_dtype(operator: Operator, slot: int, slots: Slots) -> int:
    """The type that a slot must have beside those that are filled, floats where it may."""
    formal = operator.schema.inputs
    wanted = formal[min(slot, len(formal) - 1)]
    for other, value in slots.items():
        if value is not None and formal[min(other, len(formal) - 1)].type_str == wanted.type_str:
            return value.dtype
    allowed = [dtype for dtype in _PREFERRED if f"tensor({dtype_name(dtype)})" in wanted.types]
    return allowed[0] if allowed else TensorProto.FLOAT


def model_input(place: Place, dtype: int = TensorProto.FLOAT) -> ModelInput:
    """An input of the model for an operator that reads from no other: an image, or a sequence of tokens."""
    rank = place.reads or (2 if dtype != TensorProto.FLOAT else 4)
    if rank == 4:
        return ModelInput(dtype, (1, IMAGE_CHANNELS, *place.image))
    if rank == 3:
        return ModelInput(dtype, (1, SEQUENCE, place.channels))
    return ModelInput(
        dtype, (1, SEQUENCE, *(2,) * (rank - 3), place.channels)[:rank] if rank > 3 else (1, SEQUENCE)[:rank]
    )


def data_of(place: Place) -> Value | ModelInput:
    """What an operator works on: what it reads, or an input of the model."""
    return place.edges[0] if place.edges else model_input(place)
