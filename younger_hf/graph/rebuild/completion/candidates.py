"""An operator of a model that is being completed, and the ways in which it can read its inputs.

A generated graph specifies which operators read from which, but neither in which slots nor what
else they read: weights, shapes and the model's inputs. A candidate is one choice of all that.
Candidates come in order of likelihood, and the search takes the first that ONNX's shape inference
accepts.
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
"""Length of the model's input sequences."""

_PREFERRED = (TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL, TensorProto.INT32, TensorProto.INT8)
_VARIADIC = onnx.defs.OpSchema.FormalParameterOption.Variadic
_REQUIRED = onnx.defs.OpSchema.FormalParameterOption.Single


@dataclass(frozen=True)
class OperatorContext:
    """An operator and what is known before it is completed.

    Attributes:
        operator: Its class.
        edges: The values that it must read, each once, in a canonical order.
        input_rank: Rank that its input should have; None if nothing determines it.
        output_rank: Rank that its output should have; None if nothing determines it.
        channels: Channels that its output should have.
        fan_out: Number of operators that read from it.
        image: Height and width of the model's image inputs.
        earlier_shapes: Shapes of the values before it, the latest first.
        readers: Each operator that reads from it, and the rank that its output should have.
        sibling_shapes: Shapes of what the operators after it read beside it, the nearest first.
    """

    operator: Operator
    edges: tuple[Value, ...]
    input_rank: int | None
    output_rank: int | None
    channels: int
    fan_out: int
    image: tuple[int, int]
    earlier_shapes: Sequence[tuple[int, ...]]
    readers: tuple[tuple[Operator, int | None], ...]
    sibling_shapes: Sequence[tuple[int, ...]]


@dataclass(frozen=True)
class Candidate:
    """One way to complete an operator.

    Attributes:
        inputs: What it reads, by slot.
        attributes: Values of attributes that its class does not specify.
    """

    inputs: tuple[Input, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)


Slots = dict[int, Input]


def slot_assignments(context: OperatorContext, most_slots: int = 6, *, data_first: bool = True) -> Iterator[Slots]:
    """Yield the ways to assign the edges to slots of a fitting type, earlier slots first.

    Args:
        context: The operator.
        most_slots: Number of slots that are considered.
        data_first: Whether a single edge can only be the first input.
    """
    formal = context.operator.schema.inputs
    if not context.edges:
        yield {}
        return
    if formal and formal[-1].option == _VARIADIC:
        yield dict(enumerate(context.edges))
        return
    if len(context.edges) == 1 and data_first:
        if types_fit(context.operator, {0: context.edges[0]}):
            yield {0: context.edges[0]}
        return
    for slots in permutations(range(min(len(formal), most_slots)), len(context.edges)):
        chosen: Slots = dict(zip(slots, context.edges, strict=True))
        if types_fit(context.operator, chosen):
            yield chosen


def types_fit(operator: Operator, slots: Slots) -> bool:
    """Whether the types of the values are allowed, and equal where one type variable binds them."""
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


def fill_slots(context: OperatorContext, slots: Slots) -> tuple[Input, ...]:
    """Fill empty required slots.

    They get an input of the model if nothing else is read, else parameters of one element.
    """
    formal = context.operator.schema.inputs
    filled = dict(slots)
    for slot, parameter in enumerate(formal):
        if slot in filled or parameter.option != _REQUIRED:
            continue
        dtype = slot_dtype(context.operator, slot, filled)
        divides = context.operator.op_type in ("Div", "Mod") and dtype in INTEGER_TYPES
        other = constant([2], dtype) if divides else Parameter(dtype, (1,))
        filled[slot] = other if context.edges or slot else model_input(context, dtype)
    if not filled and formal and formal[-1].option == _VARIADIC:
        filled[0] = model_input(context, slot_dtype(context.operator, 0, {}))
    return tuple(filled.get(slot) for slot in range(max(filled, default=-1) + 1))


def slot_dtype(operator: Operator, slot: int, slots: Slots) -> int:
    """The type that a slot must have, given the filled ones; float if that is allowed."""
    formal = operator.schema.inputs
    wanted = formal[min(slot, len(formal) - 1)]
    for other, value in slots.items():
        if value is not None and formal[min(other, len(formal) - 1)].type_str == wanted.type_str:
            return value.dtype
    allowed = [dtype for dtype in _PREFERRED if f"tensor({dtype_name(dtype)})" in wanted.types]
    return allowed[0] if allowed else TensorProto.FLOAT


def model_input(context: OperatorContext, dtype: int = TensorProto.FLOAT) -> ModelInput:
    """Make an input of the model for an operator without edges: an image, or tokens."""
    rank = context.input_rank or (2 if dtype != TensorProto.FLOAT else 4)
    if rank == 4:
        return ModelInput(dtype, (1, IMAGE_CHANNELS, *context.image))
    return ModelInput(dtype, (1, SEQUENCE)[:rank] if rank < 3 else (1, SEQUENCE, *(2,) * (rank - 3), context.channels))


def data_input(context: OperatorContext) -> Value | ModelInput:
    """The data of an operator: its first edge, or an input of the model."""
    return context.edges[0] if context.edges else model_input(context)
