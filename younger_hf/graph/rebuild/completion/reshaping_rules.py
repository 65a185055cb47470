"""Candidates of operators that change shapes, by planned ranks and earlier shapes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import prod

from onnx import TensorProto

from younger_hf.graph.rebuild.completion.candidates import (
    Candidate,
    OperatorContext,
    data_input,
    fill_slots,
    model_input,
    slot_assignments,
)
from younger_hf.graph.rebuild.completion.tensor_values import Input, ModelInput, Value, constant, is_shape

Shape = tuple[int, ...]


def reshape(context: OperatorContext) -> Iterator[Candidate]:
    """Reshape: to a computed shape, or to one that the operators after it can read."""
    if len(context.edges) == 2:
        yield from _by_computed_shape(context)
        return
    data = data_input(context)
    for shape in distinct(_targets(data, context)):
        if prod(shape) == prod(data.shape):
            yield Candidate((data, constant(shape)))


def _by_computed_shape(context: OperatorContext) -> Iterator[Candidate]:
    """Yield candidates in which one edge is the shape of the other."""
    for data, shape in (context.edges, context.edges[::-1]):
        if shape.dtype == TensorProto.INT64 and shape.data is not None:
            yield Candidate((data, shape))


def _targets(data: Value | ModelInput, context: OperatorContext) -> Iterator[Shape]:
    """Yield shapes with the same number of elements, likely ones first."""
    shape, rank = data.shape, context.output_rank
    if not shape:
        yield (1,) * (rank or 1)
        return
    size, first, last = prod(shape), shape[0], shape[-1]
    same_size = [
        other for other in (*context.sibling_shapes, *context.earlier_shapes) if prod(other) == size and other != shape
    ]
    if rank is not None:
        yield from (earlier for earlier in same_size if len(earlier) == rank)
    rest = prod(shape[1:])
    by_rank: dict[int, list[Shape]] = {
        1: [(size,)],
        2: [(first, rest), (size // max(1, last), last)],
        3: [*_three(shape), (first, 1, rest), (first, rest, 1)],
        4: [*_four(shape), (first, rest, 1, 1)],
        5: [*_five(shape), (first, rest, 1, 1, 1)],
        6: [*_six(shape)],
    }
    if rank is None and len(shape) > 4:  # as after a channel shuffle
        yield from (other for other in same_size if len(other) == 4)
    for wanted in [rank] if rank is not None else [2, 4, 3]:
        yield from by_rank.get(wanted, [])
    if rank is None:
        yield from same_size
        yield shape
        for wanted in (5, 6, 1):
            yield from by_rank[wanted]
    else:
        yield from [shape] * (len(shape) == rank)


def _three(shape: Shape) -> Iterator[Shape]:
    if len(shape) > 3:
        yield (*shape[:2], prod(shape[2:]))
        yield (shape[0], prod(shape[1:-1]), shape[-1])
        yield (prod(shape[:-2]), *shape[-2:])
    if len(shape) == 3:
        heads = _heads(shape[-1])
        yield (shape[0] * heads, shape[1], shape[2] // heads)
        yield (shape[1], shape[0] * heads, shape[2] // heads)
    if len(shape) == 2:
        yield from ((1, *shape), (shape[0], 1, shape[1]), (*shape, 1))


def _four(shape: Shape) -> Iterator[Shape]:
    if len(shape) == 2:
        yield (*shape, 1, 1)
        if shape[0] != 1:
            yield (1, *shape, 1)
            heads = _heads(shape[1])
            yield (1, shape[0], heads, shape[1] // heads)
    if len(shape) == 3:
        heads = _heads(shape[2])
        yield (shape[0], shape[1], heads, shape[2] // heads)
        for side in (_side(shape[1]), _side(shape[2])):
            if side:
                yield (shape[0], side, side, shape[2]) if side * side == shape[1] else (shape[0], shape[1], side, side)
        yield (*shape, 1)
    if len(shape) == 4:
        yield (shape[0], shape[1], prod(shape[2:]), 1)
        yield (shape[0], shape[1] // 2, 2 * shape[2], shape[3])
    if len(shape) > 4:
        yield (shape[0], shape[1] * shape[2], *shape[3:4], prod(shape[4:]))
        yield (prod(shape[:-3]), *shape[-3:])


def _five(shape: Shape) -> Iterator[Shape]:
    if len(shape) == 4:
        for groups in (2, 4, 3, 8, shape[1]):
            if groups and shape[1] % groups == 0:
                yield (shape[0], groups, shape[1] // groups, *shape[2:])
    if len(shape) == 3:
        for parts in (3, 2, 1):
            if shape[2] % parts == 0:
                heads = _heads(shape[2] // parts)
                yield (shape[0], shape[1], parts, heads, shape[2] // parts // heads)


def _six(shape: Shape) -> Iterator[Shape]:
    if len(shape) == 4:
        for window in (7, 8, 4, 2, 1):  # of images [N, H, W, C] and [N, C, H, W]
            if shape[1] % window == 0 and shape[2] % window == 0:
                yield (shape[0], shape[1] // window, window, shape[2] // window, window, shape[3])
            if shape[2] % window == 0 and shape[3] % window == 0:
                yield (*shape[:2], shape[2] // window, window, shape[3] // window, window)


def _heads(width: int) -> int:
    return next((heads for heads in (2, 3, 5, 7) if width % heads == 0), 1)


def _side(area: int) -> int:
    side = int(area**0.5)
    return side if side * side == area else 0


def distinct(shapes: Iterable[Shape]) -> Iterator[Shape]:
    """Yield each shape once, in order."""
    return iter(dict.fromkeys(shapes))


def transpose(context: OperatorContext) -> Iterator[Candidate]:
    """Transpose: as the class specifies, else likely permutations of the axes."""
    data = data_input(context)
    if context.operator.has_attributes:
        yield Candidate((data,))
        return
    rank = len(data.shape)
    axes = tuple(range(rank))
    yield Candidate((data,), {"perm": list(axes)})
    if rank >= 2:
        yield Candidate((data,), {"perm": [*axes[:-2], rank - 1, rank - 2]})
    if rank == 4:
        for axes in ((0, 2, 1, 3), (0, 2, 3, 1), (0, 3, 1, 2)):
            yield Candidate((data,), {"perm": list(axes)})


def unsqueeze(context: OperatorContext) -> Iterator[Candidate]:
    """Unsqueeze: the specified axes, or as many as the operators after it require."""
    data = data_input(context)
    if "axes" in context.operator.attributes:
        yield Candidate((data,))
        return
    rank = len(data.shape)
    if is_shape(data) and not rank:  # a size that becomes an element of a shape
        yield from _along(context, data, (0,))
        return
    more = max(1, (context.output_rank or rank + 1) - rank)
    for axes in distinct((tuple(range(rank, rank + more)), tuple(range(more)), tuple(range(1, 1 + more)))):
        yield from _along(context, data, axes)


def squeeze(context: OperatorContext) -> Iterator[Candidate]:
    """Squeeze: the axes of length 1, the last ones first."""
    data = data_input(context)
    if "axes" in context.operator.attributes:
        yield Candidate((data,))
        return
    ones = [axis for axis, size in enumerate(data.shape) if size == 1]
    wanted = len(data.shape) - context.output_rank if context.output_rank is not None else len(ones)
    for axes in distinct((tuple(ones[len(ones) - wanted :]), tuple(ones[:wanted]), tuple(ones), tuple(ones[-1:]))):
        if axes:
            yield from _along(context, data, axes)


def reduce(context: OperatorContext) -> Iterator[Candidate]:
    """ReduceMean and other reductions: over the axes that the class specifies, or the last ones."""
    data = data_input(context)
    rank = len(data.shape)
    operator = context.operator
    if "axes" in operator.attributes or (operator.has_attributes and "axes" in operator.schema.attributes):
        yield Candidate((data,))
        return
    tried: list[Shape] = [(2, 3), (1,), (rank - 1,)] if rank == 4 else [(rank - 1,), (1,), (0,)]
    for axes in distinct(axes for axes in tried if all(0 <= axis < rank for axis in axes)):
        yield from _along(context, data, axes)


def _along(context: OperatorContext, data: Value | ModelInput, axes: Shape) -> Iterator[Candidate]:
    """Yield a candidate with the axes as an attribute or as an input, depending on the opset."""
    if "axes" in context.operator.schema.attributes:
        yield Candidate((data,), {"axes": list(axes)})
    else:
        yield Candidate((data, constant(axes)))


def split(context: OperatorContext) -> Iterator[Candidate]:
    """Split: as the class specifies, else into equal parts, one for each reader."""
    operator, data = context.operator, data_input(context)
    axis = operator.get("axis", 0)
    if not operator.has_attributes:
        axis = min(1, len(data.shape) - 1)
    if not -len(data.shape) <= axis < len(data.shape):
        return
    chosen = {} if operator.has_attributes else {"axis": axis}
    sizes = operator.get("split")
    if isinstance(sizes, list):
        yield Candidate((data,))
        return
    parts, size = max(2, context.fan_out), data.shape[axis]
    listed = [size // parts] * (parts - 1)
    listed.append(size - sum(listed))
    if "split" in operator.schema.attributes:
        yield Candidate((data,), {**chosen, "split": listed})
    else:
        yield Candidate((data, constant(listed)), chosen)


def expand(context: OperatorContext) -> Iterator[Candidate]:
    """Expand: to a shape that another operator computes, to its own, or to an earlier one."""
    if len(context.edges) == 2:
        yield from _by_computed_shape(context)
        return
    data = data_input(context)
    yield Candidate((data, constant(data.shape or (1,))))
    for shape in distinct(context.earlier_shapes):
        if len(shape) >= len(data.shape) and shape != data.shape:
            yield Candidate((data, constant(shape)))


def tile(context: OperatorContext) -> Iterator[Candidate]:
    """Tile: with the repeats that another operator computes, or once."""
    for slots in slot_assignments(context, 2):
        data = slots.get(0) or model_input(context)
        repeats: Input = slots.get(1) or constant((1,) * len(data.shape))
        yield Candidate((data, repeats))


def pad(context: OperatorContext) -> Iterator[Candidate]:
    """Pad: as specified or computed, to offset the kernel of a reader, or by nothing."""
    for slots in slot_assignments(context, 2):
        data = slots.get(0) or model_input(context)
        rank = len(data.shape)
        for pads in distinct((*_margins(context, rank), (0,) * 2 * rank)):
            if "pads" in context.operator.schema.attributes:
                yield Candidate((data,), {} if context.operator.has_attributes else {"pads": list(pads)})
            else:
                yield Candidate(fill_slots(context, {1: constant(pads), **slots, 0: data}))
            if slots.get(1):
                break


def _margins(context: OperatorContext, rank: int) -> Iterator[Shape]:
    """Yield paddings that preserve an image's size under the kernel of an unpadded reader."""
    for reader, _ in context.readers:
        kernel = reader.get("kernel_shape")
        if isinstance(kernel, list) and len(kernel) == rank - 2 and not any(reader.get("pads") or ()):
            reach = [
                step * (size - 1)
                for size, step in zip(kernel, reader.get("dilations") or [1] * len(kernel), strict=True)
            ]
            yield (0, 0, *(size // 2 for size in reach), 0, 0, *(size - size // 2 for size in reach))
