"""Operators that change shapes: the shape they should give is guessed from the ranks asked for and from shapes that were there before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import prod

from onnx import TensorProto

from younger_hf.graph.rebuild.completion.candidates import Place, Proposal, arrangements, complete, data_of, model_input
from younger_hf.graph.rebuild.completion.tensor_values import Input, ModelInput, Value, constant, is_shape, size_of

Shape = tuple[int, ...]


def reshape(place: Place) -> Iterator[Proposal]:
    """Reshape: to a shape that another operator made, or to one that the operators after it can read."""
    if len(place.edges) == 2:
        for first, second in (place.edges, place.edges[::-1]):
            if second.dtype == TensorProto.INT64 and second.data is not None:
                yield Proposal((first, second))
        return
    data = data_of(place)
    for shape in distinct(_targets(data, place)):
        if prod(shape) == size_of(data):
            yield Proposal((data, constant(shape)))


def _targets(data: Value | ModelInput, place: Place) -> Iterator[Shape]:
    """Shapes of as many elements, likely ones first."""
    shape, rank = data.shape, place.gives
    if not shape:
        yield (1,) * (rank or 1)
        return
    size, first, last = prod(shape), shape[0], shape[-1]
    same_size = [other for other in (*place.partners, *place.shapes) if prod(other) == size and other != shape]
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
    if rank is None and len(shape) > 4:  # as when channels were shuffled
        yield from (other for other in same_size if len(other) == 4)
    for wanted in [rank] if rank is not None else [2, 4, 3]:
        yield from by_rank.get(wanted, [])
    if rank is None:
        yield from same_size
        yield shape
        for wanted in (5, 6, 1):
            yield from by_rank[wanted]
    else:
        yield from (each for each in (shape,) if len(each) == rank)


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
        for window in (7, 8, 4, 2, 1):  # of an image [N, H, W, C], and of one [N, C, H, W]
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
    """Each once, in order."""
    return iter(dict.fromkeys(shapes))


def transpose(place: Place) -> Iterator[Proposal]:
    """Transpose: as its class says; where it says nothing, likely permutations of the axes."""
    data = data_of(place)
    if place.operator.says_attributes:
        yield Proposal((data,))
        return
    rank = len(data.shape)
    axes = tuple(range(rank))
    yield Proposal((data,), {"perm": list(axes)})
    if rank >= 2:
        yield Proposal((data,), {"perm": [*axes[:-2], rank - 1, rank - 2]})
    if rank == 4:
        for axes in ((0, 2, 1, 3), (0, 2, 3, 1), (0, 3, 1, 2)):
            yield Proposal((data,), {"perm": list(axes)})


def unsqueeze(place: Place) -> Iterator[Proposal]:
    """Unsqueeze: axes as its class says, or as many as the operators after it ask for."""
    data = data_of(place)
    if "axes" in place.operator.attributes:
        yield Proposal((data,))
        return
    rank = len(data.shape)
    if is_shape(data) and not rank:  # a size that becomes part of a shape
        yield from _along(place, data, (0,))
        return
    more = max(1, (place.gives or rank + 1) - rank)
    for axes in distinct((tuple(range(rank, rank + more)), tuple(range(more)), tuple(range(1, 1 + more)))):
        yield from _along(place, data, axes)


def squeeze(place: Place) -> Iterator[Proposal]:
    """Squeeze: the axes of one element, the last ones first."""
    data = data_of(place)
    if "axes" in place.operator.attributes:
        yield Proposal((data,))
        return
    ones = [axis for axis, size in enumerate(data.shape) if size == 1]
    wanted = len(data.shape) - place.gives if place.gives is not None else len(ones)
    for axes in distinct((tuple(ones[len(ones) - wanted :]), tuple(ones[:wanted]), tuple(ones), tuple(ones[-1:]))):
        if axes:
            yield from _along(place, data, axes)


def reduce(place: Place) -> Iterator[Proposal]:
    """ReduceMean and its kin: over the axes of its class, or the last ones."""
    data = data_of(place)
    rank = len(data.shape)
    says = place.operator.says_attributes
    if "axes" in place.operator.attributes or (says and "axes" in place.operator.schema.attributes):
        yield Proposal((data,))
        return
    tried: list[Shape] = [(2, 3), (1,), (rank - 1,)] if rank == 4 else [(rank - 1,), (1,), (0,)]
    for axes in distinct(axes for axes in tried if all(0 <= axis < rank for axis in axes)):
        yield from _along(place, data, axes)


def _along(place: Place, data: Value | ModelInput, axes: Shape) -> Iterator[Proposal]:
    """Axes as an attribute or as an input, as the opset has it."""
    if "axes" in place.operator.schema.attributes:
        yield Proposal((data,), {"axes": list(axes)})
    else:
        yield Proposal((data, constant(axes)))


def split(place: Place) -> Iterator[Proposal]:
    """Split: as its class says, else into equal parts, one for each operator that reads from it."""
    operator, data = place.operator, data_of(place)
    axis = operator.get("axis", 0)
    if not operator.says_attributes:
        axis = min(1, len(data.shape) - 1)
    if not -len(data.shape) <= axis < len(data.shape):
        return
    chosen = {} if operator.says_attributes else {"axis": axis}
    sizes = operator.get("split")
    if isinstance(sizes, list):
        yield Proposal((data,))
        return
    parts, size = max(2, place.fan_out), data.shape[axis]
    listed = [size // parts] * (parts - 1)
    listed.append(size - sum(listed))
    if "split" in operator.schema.attributes:
        yield Proposal((data,), {**chosen, "split": listed})
    else:
        yield Proposal((data, constant(listed)), chosen)


def expand(place: Place) -> Iterator[Proposal]:
    """Expand: to the shape that another operator made, or to its own."""
    if len(place.edges) == 2:
        for first, second in (place.edges, place.edges[::-1]):
            if second.dtype == TensorProto.INT64 and second.data is not None:
                yield Proposal((first, second))
        return
    data = data_of(place)
    yield Proposal((data, constant(data.shape or (1,))))
    for shape in distinct(place.shapes):
        if len(shape) >= len(data.shape) and shape != data.shape:
            yield Proposal((data, constant(shape)))


def tile(place: Place) -> Iterator[Proposal]:
    """Tile: by as many repeats as another operator says, or once."""
    for slots in arrangements(place, 2):
        data = slots.get(0) or model_input(place)
        repeats: Input = slots.get(1) or constant((1,) * len(data.shape))
        yield Proposal((data, repeats))


def pad(place: Place) -> Iterator[Proposal]:
    """Pad: as its class or another operator says, by what the convolution after it takes away, or by nothing."""
    for slots in arrangements(place, 2):
        data = slots.get(0) or model_input(place)
        rank = len(data.shape)
        for pads in distinct((*_margins(place, rank), (0,) * 2 * rank)):
            if "pads" in place.operator.schema.attributes:
                yield Proposal((data,), {} if place.operator.says_attributes else {"pads": list(pads)})
            else:
                yield Proposal(complete(place, {1: constant(pads), **slots, 0: data}))
            if slots.get(1):
                break


def _margins(place: Place, rank: int) -> Iterator[Shape]:
    """Paddings that keep an image's size under the kernel of an operator that reads it and does not pad itself."""
    for reader, _ in place.readers:
        kernel = reader.get("kernel_shape")
        if isinstance(kernel, list) and len(kernel) == rank - 2 and not any(reader.get("pads") or ()):
            reach = [
                step * (size - 1)
                for size, step in zip(kernel, reader.get("dilations") or [1] * len(kernel), strict=True)
            ]
            yield (0, 0, *(size // 2 for size in reach), 0, 0, *(size - size // 2 for size in reach))
