"""Candidates of operators that select, join or resize data by unspecified numbers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from onnx import TensorProto

from younger_hf.graph.rebuild.completion.candidates import (
    SEQUENCE,
    Candidate,
    OperatorContext,
    data_input,
    fill_slots,
    model_input,
    slot_assignments,
)
from younger_hf.graph.rebuild.completion.reshaping_rules import distinct
from younger_hf.graph.rebuild.completion.tensor_values import Input, ModelInput, Parameter, Value, constant, is_shape
from younger_hf.graph.rebuild.completion.weight_rules import embedding

_INT64 = TensorProto.INT64
_END = 2**31 - 1


def gather(context: OperatorContext) -> Iterator[Candidate]:
    """Gather: rows of an embedding table, one element of a shape, or one slice of anything else."""
    if not context.edges:
        tokens = ModelInput(_INT64, (1, SEQUENCE))
        yield embedding(context, tokens)
        yield Candidate((model_input(context), constant(0)))
        return
    if len(context.edges) == 2:
        for slots in slot_assignments(context, 2):
            yield Candidate(fill_slots(context, slots))
        return
    data = context.edges[0]
    integers = data.dtype in (_INT64, TensorProto.INT32)
    if integers and not is_shape(data):
        yield embedding(context, data)
    axis = context.operator.get("axis", 0)
    if -len(data.shape) <= axis < len(data.shape):
        yield from (Candidate((data, indices)) for indices in _indices(context, data, data.shape[axis]))
        if integers:
            yield embedding(context, data)


def _indices(context: OperatorContext, data: Value, size: int) -> Iterator[Parameter]:
    """Yield likely indices along an axis: one element, or a vector."""
    # Half of the channels is computed from the second element of a shape, most else from the first.
    order = (1, 0, 2, 3) if _read_by(context, "Add") else (0, 1, 2, 3)
    yield from (constant(index) for index in order if index < size)
    if is_shape(data):
        yield from (constant([index]) for index in range(min(4, size)))
    else:
        yield constant(np.arange(size)) if size <= 64 else constant([0])


def slice_(context: OperatorContext) -> Iterator[Candidate]:
    """Slice: part of a shape, a whole or half an axis, or the planned channels of an image."""
    data = context.edges[0] if context.edges else model_input(context)
    if len(context.edges) <= 1:
        for axis, start, end in _parts(context, data):
            yield _slice(data, constant([start]), constant([end]), axis)
        return
    for slots in slot_assignments(context, 5):
        if set(slots) <= {0, 1, 2}:
            whole = slots.get(0)
            if isinstance(whole, Value):
                starts, ends = slots.get(1) or constant([0]), slots.get(2) or constant([_END])
                yield from (_slice(whole, starts, ends, axis) for axis in (2, 1, 0, 3) if axis < len(whole.shape))
        else:
            yield Candidate(fill_slots(context, slots))


def _slice(data: Value | ModelInput, starts: Input, ends: Input, axis: int) -> Candidate:
    return Candidate((data, starts, ends, constant([axis])))


def _parts(context: OperatorContext, data: Value | ModelInput) -> Iterator[tuple[int, int, int]]:
    """Yield axis, start and end of likely slices."""
    rank = len(data.shape)
    if not rank:
        return
    if is_shape(data) and rank == 1:
        size = data.shape[0]
        yield from ((0, 0, 2), (0, 2, _END), (0, 0, 1), (0, 1, 2), (0, size - 1, _END), (0, 0, _END))
        return
    if rank == 4:
        for other in context.sibling_shapes:  # cropped to the size of what it is added to
            if len(other) == 4:
                yield from ((axis, 0, other[axis]) for axis in (2, 3) if other[axis] < data.shape[axis])
    wanted = context.channels
    if rank == 4 and wanted < data.shape[1]:
        yield (1, 0, wanted)
    yield (0, 0, _END)
    if rank > 1:
        half = data.shape[1] // 2
        yield from ((1, 0, half), (1, 0, 1)) if half else ()
    last = data.shape[-1]
    if last > 1:
        yield from ((rank - 1, 0, last // 2), (rank - 1, 0, last - 1))


def concat(context: OperatorContext) -> Iterator[Candidate]:
    """Concat: the edges; for a shape, with the missing numbers."""
    operator = context.operator
    edges: tuple[Value | ModelInput, ...] = context.edges or (model_input(context),)
    axes = [operator.get("axis")] if operator.has_attributes else [1, 0, -1]
    for axis in axes:
        chosen = {} if operator.has_attributes else {"axis": axis}
        shapes = all(is_shape(edge) and len(edge.shape) == 1 for edge in edges)
        if shapes and len(edges) == 1:
            for extra in _missing(context, edges[0].shape[0]):
                yield Candidate((edges[0], constant(extra)), chosen)
        elif shapes:
            yield Candidate(tuple(edges), chosen)
            yield Candidate((*edges, constant([-1])), chosen)
            yield Candidate((constant([1]), *edges), chosen)
            yield from (Candidate((constant(extra), *edges), chosen) for extra in ([-1], [1, 1]))
        if len(edges) == 1 and not shapes:
            # the other part is a parameter, such as a class token
            yield Candidate((edges[0], Parameter(edges[0].dtype, _one_along(edges[0].shape, axis))), chosen)
        if not shapes or len(edges) == 1:
            yield Candidate(tuple(edges), chosen)


def _missing(context: OperatorContext, known: int) -> Iterator[list[int]]:
    """Yield numbers that may complete a shape of which `known` elements are known."""
    wanted = [rank - known for _, rank in context.readers if rank is not None and rank > known]
    if known == 2 and _read_by(context, "Resize"):
        yield from map(list, distinct(_image_sizes(context)))
    for missing in (*wanted, 1, 2):
        yield [*(1,) * (missing - 1), -1]
        if missing > 1:
            yield [-1, *(1,) * (missing - 1)]
    if any(reader.op_type != "Resize" for reader, _ in context.readers):
        yield from (list(shape[known:]) for shape in distinct(context.earlier_shapes) if len(shape) > known)
    yield [context.channels]


def _read_by(context: OperatorContext, op_type: str) -> bool:
    return any(reader.op_type == op_type for reader, _ in context.readers)


def _image_sizes(context: OperatorContext) -> Iterator[tuple[int, ...]]:
    """Yield likely sizes of an image: of what it is joined with, twice its own, earlier ones."""
    yield from (shape[2:] for shape in context.sibling_shapes if len(shape) == 4)
    sizes = [shape[2:] for shape in context.earlier_shapes if len(shape) == 4]
    if sizes:
        height, width = sizes[0]
        yield (2 * height, 2 * width)
        yield from sorted({size for size in sizes if size[0] > height})
        yield from sorted(sizes, reverse=True)


def _one_along(shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    axis = axis + len(shape) if axis < 0 else axis
    return tuple(1 if number == axis else size for number, size in enumerate(shape))


def resize(context: OperatorContext) -> Iterator[Candidate]:
    """Resize: to computed sizes, to double size, or to the size of an earlier image."""
    empty = Parameter(TensorProto.FLOAT, (0,))
    if len(context.edges) == 2:
        for data, sizes in (context.edges, context.edges[::-1]):
            if data.dtype != _INT64 and sizes.dtype == _INT64:
                yield Candidate((data, None, None, sizes))
            elif data.dtype != _INT64 and sizes.shape == (len(data.shape),):
                yield Candidate((data, None, sizes))
        return
    image = data_input(context)
    rank = len(image.shape)
    if context.operator.opset < 11:
        yield Candidate((image, constant((1.0, 1.0, *(2.0,) * (rank - 2)), TensorProto.FLOAT)))
        return
    if rank >= 3:
        twice = Candidate((image, empty, constant((1.0, 1.0, *(2.0,) * (rank - 2)), TensorProto.FLOAT)))
        partners = [shape for shape in context.sibling_shapes if len(shape) == rank]
        if not partners:
            yield twice
        for shape in distinct(
            (*partners, *(shape for shape in context.earlier_shapes if len(shape) == rank), image.shape)
        ):
            scales = None if context.operator.opset > 12 else empty
            yield Candidate((image, None, scales, constant((*image.shape[:2], *shape[2:]))))


def top_k(context: OperatorContext) -> Iterator[Candidate]:
    """TopK: the largest element, unless another operator computes the number."""
    for slots in slot_assignments(context, 2):
        yield Candidate(fill_slots(context, {1: constant([1]), **slots}))


def cumulative_sum(context: OperatorContext) -> Iterator[Candidate]:
    """CumSum: along the last axis."""
    data = data_input(context)
    yield Candidate((data, constant(len(data.shape) - 1)))


def range_(context: OperatorContext) -> Iterator[Candidate]:
    """Range: from 0 up to the edge in steps of 1."""
    if len(context.edges) == 1 and not context.edges[0].shape:
        dtype = context.edges[0].dtype
        yield Candidate((constant(0, dtype), context.edges[0], constant(1, dtype)))
        return
    for slots in slot_assignments(context, 3, data_first=False):
        yield Candidate(fill_slots(context, slots))


def cast(context: OperatorContext) -> Iterator[Candidate]:
    """Cast: to the type that the class specifies, else to likely ones."""
    data: Input = context.edges[0] if context.edges else ModelInput(_INT64, (1, SEQUENCE))
    if context.operator.has_attributes:
        yield Candidate((data,))
        return
    for dtype in (TensorProto.FLOAT, _INT64, TensorProto.BOOL):
        yield Candidate((data,), {"to": int(dtype)})
