"""Selection, counting and reordering that torch's TorchScript exporter cannot write as ONNX.

ONNX can express all of them.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch.onnx._internal.torchscript_exporter import symbolic_opset13
from torch.onnx.errors import SymbolicValueError
from torch.onnx.symbolic_helper import parse_args

from younger_hf.export.symbolic_graph import (
    CODES,
    DTYPES,
    Graph,
    Symbolic,
    Value,
    cast_as,
    integers,
    is_given,
    kind,
    number,
    op,
    part,
    rank,
    sizes,
    total,
    transpose,
)


@parse_args("v", "i", "i", "v", "v")
def _diff(g: Graph, x: Value, times: int, axis: int, before: Value, after: Value) -> Value:
    parts = [part for part in (before, x, after) if is_given(part)]
    boolean = kind(x) == "Bool"
    if len(parts) > 1:
        x = op(g, "Concat", *parts, axis_i=axis)
    for _ in range(times):
        later, earlier = part(g, x, axis, 1, torch.iinfo(torch.int64).max), part(g, x, axis, 0, -1)
        x = op(g, "Xor" if boolean else "Sub", later, earlier)
    return x


@parse_args("v", "v", "i", "i")
def _isin(g: Graph, elements: Value, among: Value, unique: int, invert: int) -> Value:
    values = op(g, "Reshape", cast_as(g, among, elements), integers(-1))
    equal = op(g, "Equal", op(g, "Unsqueeze", elements, integers(-1)), values)
    found = op(g, "Greater", total(g, op(g, "Cast", equal, to_i=CODES["Long"]), -1), torch.tensor(0))
    return op(g, "Not", found) if invert else found


@parse_args("v", "v", "i", "i", "s", "v")
def _searchsorted(g: Graph, edges: Value, x: Value, short: int, right: int, side: str | None, order: Value) -> Value:
    """Count the edges before each value."""
    if is_given(order):
        raise SymbolicValueError("searchsorted with a sorter", x)
    edges = edges if rank(edges) == 1 else op(g, "Unsqueeze", edges, integers(-2))
    values = op(g, "Unsqueeze", x, integers(-1))
    before = op(g, "LessOrEqual" if right or side == "right" else "Less", cast_as(g, edges, x), values)
    return total(g, op(g, "Cast", before, to_i=CODES["Int" if short else "Long"]), -1)


@parse_args("v", "v", "i")
def _take_along_dim(g: Graph, x: Value, indices: Value, axis: int | None) -> Value:
    if axis is None:
        x, indices = (op(g, "Reshape", value, integers(-1)) for value in (x, indices))
        return op(g, "GatherElements", x, indices, axis_i=0)
    shapes = sizes(x), sizes(indices)
    axis %= len(shapes[0])
    common = np.broadcast_shapes(*((*shape[:axis], 1, *shape[axis + 1 :]) for shape in shapes))
    wide = ([*common[:axis], shape[axis], *common[axis + 1 :]] for shape in shapes)
    x, indices = (
        value if old == new else op(g, "Expand", value, integers(*new))
        for value, old, new in zip((x, indices), shapes, wide, strict=True)
    )
    return op(g, "GatherElements", x, indices, axis_i=axis)


def _sort(g: Graph, x: Value, *rest: Value) -> Value:
    """Accept calls with and without a leading `stable`."""
    return _sorted(g, x, *rest[-2:])


@parse_args("v", "i", "i")
def _sorted(g: Graph, x: Value, axis: int, descending: int) -> Value:
    """Use `TopK`, which returns equal elements in the order of their indices."""
    return op(g, "TopK", x, integers(sizes(x)[axis]), axis_i=axis, largest_i=descending, sorted_i=1, outputs=2)


def _argsort(g: Graph, x: Value, *rest: Value) -> Value:
    return _sort(g, x, *rest)[1]


def _ravel(g: Graph, x: Value) -> Value:
    return op(g, "Reshape", x, integers(-1))


def _flipped(axis: int) -> Symbolic:
    return lambda g, x: part(g, x, axis, -1, torch.iinfo(torch.int64).min, -1)


def _adjoint(g: Graph, x: Value) -> Value:
    if kind(x).startswith("Complex"):
        raise SymbolicValueError("complex numbers", x)
    return transpose(g, x, -1, -2)


@parse_args("v", "i", "i", "i")
def _diag_embed(g: Graph, x: Value, offset: int, first: int, second: int) -> Value:
    """Support only the main diagonal of the last two axes; others are rare."""
    if (offset, first % (rank(x) + 1), second % (rank(x) + 1)) != (0, rank(x) - 1, rank(x)):
        raise SymbolicValueError("diag_embed beside the main diagonal of the last two axes", x)
    on = torch.eye(sizes(x)[-1], dtype=torch.bool)
    return op(g, "Where", on, op(g, "Unsqueeze", x, integers(-1)), number(x, 0))


@parse_args("v", "i", "f", "f")
def _histc(g: Graph, x: Value, bins: int, low: float, high: float) -> Value:
    """Count values by bin; the last bin includes its upper edge, values outside are not counted."""
    if low >= high:
        raise SymbolicValueError("histc without a range", x)
    edges = torch.linspace(low, high, bins + 1, dtype=DTYPES.get(kind(x), torch.float32))
    values = op(g, "Reshape", x, integers(-1, 1))
    after = op(g, "GreaterOrEqual", values, edges[:-1])
    before = op(g, "Less", values, torch.cat([edges[1:-1], edges[-1:].nextafter(edges.new_tensor(torch.inf))]))
    return total(g, op(g, "Cast", op(g, "And", after, before), to_i=CODES[kind(x)]), 0)


def repeat_interleave(g: Graph, x: Value, repeats: Value, axis: Value, *rest: Value) -> Value:
    """Repeat each element of an axis, mostly the heads of grouped attention.

    Torch's own writes one operator per element, which takes minutes for a large model. It is used
    only where each element has a count of its own.
    """
    count, along = _constant(repeats), _constant(axis)
    if count is None or along is None:
        return symbolic_opset13.repeat_interleave(g, x, repeats, axis, *rest)
    shape = sizes(x)
    along %= len(shape)
    spread = op(g, "Unsqueeze", x, integers(along + 1))
    wide = op(g, "Expand", spread, integers(*shape[: along + 1], count, *shape[along + 1 :]))
    return op(g, "Reshape", wide, integers(*shape[:along], shape[along] * count, *shape[along + 1 :]))


def _constant(x: Value) -> int | None:
    """Return the constant integer value of an argument.

    Return None if the argument is absent, unknown, or has several elements.
    """
    node = x.node()
    if (
        node.kind() not in ("onnx::Constant", "prim::Constant")
        or node.mustBeNone()
        or "value" not in node.attributeNames()
    ):
        return None
    if node.kindOf("value") == "i":
        return int(node.i("value"))
    value = node.t("value") if node.kindOf("value") == "t" else None
    return int(value) if value is not None and value.numel() == 1 else None


SELECTION: Mapping[str, Symbolic] = {
    "diff": _diff,
    "isin": _isin,
    "searchsorted": _searchsorted,
    "take_along_dim": _take_along_dim,
    "sort": _sort,
    "argsort": _argsort,
    "histc": _histc,
    "diag_embed": _diag_embed,
    "mT": lambda g, x: transpose(g, x, -1, -2),
    "mH": _adjoint,
    "adjoint": _adjoint,
    "ravel": _ravel,
    "flipud": _flipped(0),
    "fliplr": _flipped(1),
}
"""Name in `aten` -> function that adds it to a graph."""
