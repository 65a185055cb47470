"""Operators with weights: each reads its data in one slot, and its weights have the shape that the data and the plan ask for."""

from __future__ import annotations

from collections.abc import Iterator

from onnx import TensorProto

from younger_hf.graph.rebuild.completion.candidates import (
    Place,
    Proposal,
    Slots,
    arrangements,
    complete,
    data_of,
    model_input,
)
from younger_hf.graph.rebuild.completion.tensor_values import Input, ModelInput, Parameter, Value

_FLOAT = TensorProto.FLOAT


def convolution(place: Place) -> Iterator[Proposal]:
    """Conv: weights [M, C / group, *kernel], M as planned."""
    operator = place.operator
    group = operator.get("group", 1)
    for slots in arrangements(place, 3):
        data = slots.get(0) or model_input(place)
        if isinstance(slots.get(1), Value):  # weights that another operator made
            yield Proposal(complete(place, {**slots, 0: data}))
            continue
        if len(data.shape) < 3 or group < 1:
            continue
        channels = data.shape[1]
        if isinstance(data, ModelInput) and channels % group:
            data = ModelInput(data.dtype, (data.shape[0], group, *data.shape[2:]))
            channels = group
        kernel = operator.get("kernel_shape") or [1] * (len(data.shape) - 2)
        if channels % group or len(kernel) != len(data.shape) - 2:
            continue
        given = place.channels if place.channels % group == 0 else group * -(-place.channels // group)
        if operator.op_type == "Conv":
            weights = Parameter(_FLOAT, (given, channels // group, *kernel))
        else:
            weights = Parameter(_FLOAT, (channels, max(1, given // group), *kernel))
        yield Proposal(complete(place, {**slots, 0: data, 1: weights}))


def general_matrix_product(place: Place) -> Iterator[Proposal]:
    """Gemm: a matrix of as many columns as planned."""
    transposed_a, transposed_b = bool(place.operator.get("transA", 0)), bool(place.operator.get("transB", 0))
    for slots in arrangements(place, 3):
        data = slots.get(0) or ModelInput(_FLOAT, (1, place.channels))
        if len(data.shape) != 2:
            continue
        inner = data.shape[0 if transposed_a else 1]
        shape = (place.channels, inner) if transposed_b else (inner, place.channels)
        yield Proposal(complete(place, {1: Parameter(_FLOAT, shape), **slots, 0: data}))


def matrix_product(place: Place) -> Iterator[Proposal]:
    """MatMul: of two values in either order, or of one with a matrix."""
    if len(place.edges) == 2:
        for first, second in (place.edges, place.edges[::-1]):
            yield Proposal((first, second))
        return
    data = data_of(place)
    if data.shape:
        yield Proposal((data, Parameter(data.dtype, (data.shape[-1], place.channels))))
    if len(data.shape) > 1:
        yield Proposal((Parameter(data.dtype, (place.channels, data.shape[-2])), data))


def batch_normalization(place: Place) -> Iterator[Proposal]:
    """BatchNormalization: four vectors over the channels."""
    data = data_of(place)
    if len(data.shape) >= 2:
        yield Proposal((data, *[Parameter(_FLOAT, (data.shape[1],))] * 4))


def instance_normalization(place: Place) -> Iterator[Proposal]:
    """InstanceNormalization: two vectors over the channels."""
    data = data_of(place)
    if len(data.shape) >= 3:
        yield Proposal((data, *[Parameter(_FLOAT, (data.shape[1],))] * 2))


def group_normalization(place: Place) -> Iterator[Proposal]:
    """GroupNormalization: two vectors over the groups until opset 20, over the channels from 21 on."""
    data, groups = data_of(place), place.operator.get("num_groups", 1)
    if len(data.shape) >= 3 and groups > 0 and data.shape[1] % groups == 0:
        size = groups if place.operator.opset < 21 else data.shape[1]
        yield Proposal(
            (data, *[Parameter(_FLOAT, (size,))] * 2), {} if place.operator.says_attributes else {"num_groups": 1}
        )


def layer_normalization(place: Place) -> Iterator[Proposal]:
    """LayerNormalization: a scale of the axes that are normalised."""
    data, axis = data_of(place), place.operator.get("axis", -1)
    if -len(data.shape) <= axis < len(data.shape) and data.shape:
        yield Proposal((data, Parameter(data.dtype, data.shape[axis:])))


def parametric_relu(place: Place) -> Iterator[Proposal]:
    """PRelu: a slope for each channel."""
    for slots in arrangements(place, 2):
        data = slots.get(0) or model_input(place)
        slope = (data.shape[1], *(1,) * (len(data.shape) - 2)) if len(data.shape) > 1 else (1,)
        yield Proposal(complete(place, {1: Parameter(data.dtype, slope), **slots, 0: data}))


_GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}


def recurrent(place: Place) -> Iterator[Proposal]:
    """LSTM, GRU, RNN: input and recurrent weights of `hidden_size`; initial states only if an operator makes them."""
    operator = place.operator
    gates = _GATES[operator.op_type]
    hidden = operator.get("hidden_size") or place.channels
    directions = 2 if operator.get("direction", "forward") == "bidirectional" else 1
    for slots in arrangements(place, 7):
        data = slots.get(0) or model_input(place)
        if len(data.shape) != 3:
            continue
        width = data.shape[2]
        filled: Slots = {
            **slots,
            0: data,
            1: Parameter(_FLOAT, (directions, gates * hidden, width)),
            2: Parameter(_FLOAT, (directions, gates * hidden, hidden)),
        }
        if set(slots) <= {0, 3, 4, 5, 6}:
            yield Proposal(complete(place, filled), {} if operator.says_attributes else {"hidden_size": hidden})


def embedding(place: Place, indices: Value | ModelInput) -> Proposal:
    """Gather of rows of a table by indices."""
    table = Parameter(_FLOAT, (1000, place.channels))
    inputs: tuple[Input, ...] = (table, indices)
    return Proposal(inputs)
