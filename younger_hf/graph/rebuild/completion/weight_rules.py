"""Candidates of operators with weights, shaped by the data and the planned channels."""

from __future__ import annotations

from collections.abc import Iterator

from onnx import TensorProto

from younger_hf.graph.rebuild.completion.candidates import (
    Candidate,
    OperatorContext,
    Slots,
    data_input,
    fill_slots,
    model_input,
    slot_assignments,
)
from younger_hf.graph.rebuild.completion.tensor_values import ModelInput, Parameter, Value

_FLOAT = TensorProto.FLOAT


def convolution(context: OperatorContext) -> Iterator[Candidate]:
    """Conv, ConvTranspose: weights [M, C / group, *kernel], [C, M / group, *kernel]; M planned."""
    operator = context.operator
    group = operator.get("group", 1)
    for slots in slot_assignments(context, 3):
        data = slots.get(0) or model_input(context)
        if isinstance(slots.get(1), Value):  # weights that another operator computes
            yield Candidate(fill_slots(context, {**slots, 0: data}))
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
        planned = context.channels if context.channels % group == 0 else group * -(-context.channels // group)
        if operator.op_type == "Conv":
            weights = Parameter(_FLOAT, (planned, channels // group, *kernel))
        else:
            weights = Parameter(_FLOAT, (channels, max(1, planned // group), *kernel))
        yield Candidate(fill_slots(context, {**slots, 0: data, 1: weights}))


def general_matrix_product(context: OperatorContext) -> Iterator[Candidate]:
    """Gemm: a matrix with the planned number of columns."""
    transposed_a, transposed_b = bool(context.operator.get("transA", 0)), bool(context.operator.get("transB", 0))
    for slots in slot_assignments(context, 3):
        data = slots.get(0) or ModelInput(_FLOAT, (1, context.channels))
        if len(data.shape) != 2:
            continue
        inner = data.shape[0 if transposed_a else 1]
        shape = (context.channels, inner) if transposed_b else (inner, context.channels)
        yield Candidate(fill_slots(context, {1: Parameter(_FLOAT, shape), **slots, 0: data}))


def matrix_product(context: OperatorContext) -> Iterator[Candidate]:
    """MatMul: two values in either order, or one value and a matrix."""
    if len(context.edges) == 2:
        for first, second in (context.edges, context.edges[::-1]):
            yield Candidate((first, second))
        return
    data = data_input(context)
    if data.shape:
        yield Candidate((data, Parameter(data.dtype, (data.shape[-1], context.channels))))
    if len(data.shape) > 1:
        yield Candidate((Parameter(data.dtype, (context.channels, data.shape[-2])), data))


def batch_normalization(context: OperatorContext) -> Iterator[Candidate]:
    """BatchNormalization: four vectors over the channels."""
    return _channel_vectors(context, min_rank=2, count=4)


def instance_normalization(context: OperatorContext) -> Iterator[Candidate]:
    """InstanceNormalization: two vectors over the channels."""
    return _channel_vectors(context, min_rank=3, count=2)


def _channel_vectors(context: OperatorContext, min_rank: int, count: int) -> Iterator[Candidate]:
    data = data_input(context)
    if len(data.shape) >= min_rank:
        yield Candidate((data, *[Parameter(_FLOAT, (data.shape[1],))] * count))


def group_normalization(context: OperatorContext) -> Iterator[Candidate]:
    """GroupNormalization: two vectors, over groups up to opset 20, over channels from 21 on."""
    data, groups = data_input(context), context.operator.get("num_groups", 1)
    if len(data.shape) >= 3 and groups > 0 and data.shape[1] % groups == 0:
        size = groups if context.operator.opset < 21 else data.shape[1]
        yield Candidate(
            (data, *[Parameter(_FLOAT, (size,))] * 2), {} if context.operator.has_attributes else {"num_groups": 1}
        )


def layer_normalization(context: OperatorContext) -> Iterator[Candidate]:
    """LayerNormalization: a scale over the normalised axes."""
    data, axis = data_input(context), context.operator.get("axis", -1)
    if -len(data.shape) <= axis < len(data.shape) and data.shape:
        yield Candidate((data, Parameter(data.dtype, data.shape[axis:])))


def parametric_relu(context: OperatorContext) -> Iterator[Candidate]:
    """PRelu: a slope for each channel."""
    for slots in slot_assignments(context, 2):
        data = slots.get(0) or model_input(context)
        slope = (data.shape[1], *(1,) * (len(data.shape) - 2)) if len(data.shape) > 1 else (1,)
        yield Candidate(fill_slots(context, {1: Parameter(data.dtype, slope), **slots, 0: data}))


_GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}


def recurrent(context: OperatorContext) -> Iterator[Candidate]:
    """LSTM, GRU, RNN: input and recurrent weights of `hidden_size`.

    Initial states are present only if an operator computes them.
    """
    operator = context.operator
    gates = _GATES[operator.op_type]
    hidden = operator.get("hidden_size") or context.channels
    directions = 2 if operator.get("direction", "forward") == "bidirectional" else 1
    for slots in slot_assignments(context, 7):
        data = slots.get(0) or model_input(context)
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
            yield Candidate(fill_slots(context, filled), {} if operator.has_attributes else {"hidden_size": hidden})


def embedding(context: OperatorContext, indices: Value | ModelInput) -> Candidate:
    """Gather: rows of a table by indices."""
    table = Parameter(_FLOAT, (1000, context.channels))
    return Candidate((table, indices))
