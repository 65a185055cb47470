"""Operators that pick parts of their data by numbers that the graph does not say."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from onnx import TensorProto

from younger_hf.graph.rebuild.completion.candidates import (
    SEQUENCE,
    Place,
    Proposal,
    arrangements,
    complete,
    data_of,
    model_input,
)
from younger_hf.graph.rebuild.completion.reshaping_rules import distinct
from younger_hf.graph.rebuild.completion.tensor_values import Input, ModelInput, Parameter, Value, constant, is_shape
from younger_hf.graph.rebuild.completion.weight_rules import embedding

_INT64 = TensorProto.INT64
_END = 2**31 - 1


def gather(place: Place) -> Iterator[Proposal]:
    """Gather: rows of a table by tokens, one element of a shape, or one slice of anything else."""
    if not place.edges:
        tokens = ModelInput(_INT64, (1, SEQUENCE))
        yield embedding(place, tokens)
        yield Proposal((model_input(place), constant(0)))
        return
    if len(place.edges) == 2:
        for slots in arrangements(place, 2):
            yield Proposal(complete(place, slots))
        return
    data = place.edges[0]
    integers = data.dtype in (_INT64, TensorProto.INT32)
    if integers and not is_shape(data):
        yield embedding(place, data)
    axis = place.operator.get("axis", 0)
    if not -len(data.shape) <= axis < len(data.shape):
        return
    # A half of the channels is computed from the second size of a shape, most else begins with the first.
    order = (1, 0, 2, 3) if _read_by(place, "Add") else (0, 1, 2, 3)
    for index in order:
        if index < data.shape[axis]:
            yield Proposal((data, constant(index)))
    if is_shape(data):
        for index in range(min(4, data.shape[axis])):
            yield Proposal((data, constant([index])))
    else:
        yield Proposal((data, constant(np.arange(data.shape[axis])) if data.shape[axis] <= 64 else constant([0])))
    if integers:
        yield embedding(place, data)


def slice_(place: Place) -> Iterator[Proposal]:
    """Slice: a part of a shape, all of an axis, the planned channels of an image, or a half."""
    data = place.edges[0] if place.edges else model_input(place)
    if len(place.edges) <= 1:
        for axis, start, end in _parts(place, data):
            yield _slice(data, constant([start]), constant([end]), axis)
        return
    for slots in arrangements(place, 5):
        if set(slots) <= {0, 1, 2}:
            whole = slots.get(0)
            if isinstance(whole, Value):
                starts, ends = slots.get(1) or constant([0]), slots.get(2) or constant([_END])
                yield from (_slice(whole, starts, ends, axis) for axis in (2, 1, 0, 3) if axis < len(whole.shape))
        else:
            yield Proposal(complete(place, slots))


def _slice(data: Value | ModelInput, starts: Input, ends: Input, axis: int) -> Proposal:
    return Proposal((data, starts, ends, constant([axis])))


def _parts(place: Place, data: Value | ModelInput) -> Iterator[tuple[int, int, int]]:
    """Axis, start and end."""
    rank = len(data.shape)
    if not rank:
        return
    if is_shape(data) and rank == 1:
        size = data.shape[0]
        yield from ((0, 0, 2), (0, 2, _END), (0, 0, 1), (0, 1, 2), (0, size - 1, _END), (0, 0, _END))
        return
    if rank == 4:
        for other in place.partners:  # cropped to what it is added to
            if len(other) == 4:
                yield from ((axis, 0, other[axis]) for axis in (2, 3) if other[axis] < data.shape[axis])
    wanted = place.channels
    if rank == 4 and wanted < data.shape[1]:
        yield (1, 0, wanted)
    yield (0, 0, _END)
    if rank > 1:
        half = data.shape[1] // 2
        yield from ((1, 0, half), (1, 0, 1)) if half else ()
    last = data.shape[-1]
    if last > 1:
        yield from ((rank - 1, 0, last // 2), (rank - 1, 0, last - 1))


def concat(place: Place) -> Iterator[Proposal]:
    """Concat: of what is read; for a shape, with the numbers that are missing."""
    operator = place.operator
    edges: tuple[Value | ModelInput, ...] = place.edges or (model_input(place),)
    axes = [operator.get("axis")] if operator.says_attributes else [1, 0, -1]
    for axis in axes:
        chosen = {} if operator.says_attributes else {"axis": axis}
        shapes = all(is_shape(edge) and len(edge.shape) == 1 for edge in edges)
        if shapes and len(edges) == 1:
            for extra in _missing(place, edges[0].shape[0]):
                yield Proposal((edges[0], constant(extra)), chosen)
        elif shapes:
            yield Proposal(tuple(edges), chosen)
            yield Proposal((*edges, constant([-1])), chosen)
            yield Proposal((constant([1]), *edges), chosen)
            yield from (Proposal((constant(extra), *edges), chosen) for extra in ([-1], [1, 1]))
        if len(edges) == 1 and not shapes:
            # what joins it is a parameter, as a class token is
            yield Proposal((edges[0], Parameter(edges[0].dtype, _one_along(edges[0].shape, axis))), chosen)
        if not shapes or len(edges) == 1:
            yield Proposal(tuple(edges), chosen)


def _missing(place: Place, known: int) -> Iterator[list[int]]:
    """Numbers that may complete a shape: sizes of images for a Resize, else what a Reshape leaves open."""
    wanted = [rank - known for _, rank in place.readers if rank is not None and rank > known]
    if known == 2 and _read_by(place, "Resize"):
        yield from map(list, distinct(_image_sizes(place)))
    for missing in (*wanted, 1, 2):
        yield [*(1,) * (missing - 1), -1]
        if missing > 1:
            yield [-1, *(1,) * (missing - 1)]
    if any(reader.op_type != "Resize" for reader, _ in place.readers):
        yield from (list(shape[known:]) for shape in distinct(place.shapes) if len(shape) > known)
    yield [place.channels]


def _read_by(place: Place, op_type: str) -> bool:
    return any(reader.op_type == op_type for reader, _ in place.readers)


def _image_sizes(place: Place) -> Iterator[tuple[int, ...]]:
    """Heights and widths that an image may be resized to: those of what it is joined with, twice its own, others before it."""
    yield from (shape[2:] for shape in place.partners if len(shape) == 4)
    sizes = [shape[2:] for shape in place.shapes if len(shape) == 4]
    if sizes:
        height, width = sizes[0]
        yield (2 * height, 2 * width)
        yield from sorted({size for size in sizes if size[0] > height})
        yield from sorted(sizes, reverse=True)


def _one_along(shape: tuple[int, ...], axis: int) -> tuple[int, ...]:
    axis = axis + len(shape) if axis < 0 else axis
    return tuple(1 if number == axis else size for number, size in enumerate(shape))


def resize(place: Place) -> Iterator[Proposal]:
    """Resize: to the sizes that another operator made, twice as large, or as large as an image that was there before."""
    empty = Parameter(TensorProto.FLOAT, (0,))
    if len(place.edges) == 2:
        for data, sizes in (place.edges, place.edges[::-1]):
            if data.dtype != _INT64 and sizes.dtype == _INT64:
                yield Proposal((data, None, None, sizes))
            elif data.dtype != _INT64 and sizes.shape == (len(data.shape),):
                yield Proposal((data, None, sizes))
        return
    image = data_of(place)
    rank = len(image.shape)
    if place.operator.opset < 11:
        yield Proposal((image, constant((1.0, 1.0, *(2.0,) * (rank - 2)), TensorProto.FLOAT)))
        return
    if rank >= 3:
        twice = Proposal((image, empty, constant((1.0, 1.0, *(2.0,) * (rank - 2)), TensorProto.FLOAT)))
        partners = [shape for shape in place.partners if len(shape) == rank]
        if not partners:
            yield twice
        for shape in distinct((*partners, *(shape for shape in place.shapes if len(shape) == rank), image.shape)):
            scales = None if place.operator.opset > 12 else empty
            yield Proposal((image, None, scales, constant((*image.shape[:2], *shape[2:]))))


def top_k(place: Place) -> Iterator[Proposal]:
    """TopK: the largest one, unless another operator says how many."""
    for slots in arrangements(place, 2):
        yield Proposal(complete(place, {1: constant([1]), **slots}))


def cumulative_sum(place: Place) -> Iterator[Proposal]:
    """CumSum: along the last axis."""
    data = data_of(place)
    yield Proposal((data, constant(len(data.shape) - 1)))


def range_(place: Place) -> Iterator[Proposal]:
    """Range: from 0 in steps of 1, up to what is read."""
    if len(place.edges) == 1 and not place.edges[0].shape:
        dtype = place.edges[0].dtype
        yield Proposal((constant(0, dtype), place.edges[0], constant(1, dtype)))
        return
    for slots in arrangements(place, 3, data_first=False):
        yield Proposal(complete(place, slots))


def cast(place: Place) -> Iterator[Proposal]:
    """Cast: to the type of its class; where it says none, to likely ones."""
    data: Input = place.edges[0] if place.edges else ModelInput(_INT64, (1, SEQUENCE))
    if place.operator.says_attributes:
        yield Proposal((data,))
        return
    for dtype in (TensorProto.FLOAT, _INT64, TensorProto.BOOL):
        yield Proposal((data,), {"to": int(dtype)})
