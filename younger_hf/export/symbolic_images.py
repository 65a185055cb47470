"""Windows, pools and resizing of images that torch's TorchScript exporter cannot write as ONNX.

ONNX can express all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import prod

import torch
from torch.onnx import symbolic_opset9
from torch.onnx.errors import SymbolicValueError
from torch.onnx.symbolic_helper import parse_args

from younger_hf.export.symbolic_graph import Graph, Symbolic, Value, integers, op, part, rank, reduced, require, sizes


def _adaptive_pool(operator: str, axes: int, kind: str) -> Symbolic:
    """Return a symbolic that also supports windows that overlap or differ in size.

    Torch's own symbolic supports neither.
    """
    own = getattr(symbolic_opset9, operator)
    largest = kind == "Max"

    def symbolic(g: Graph, x: Value, size: Value) -> Value:
        try:
            return own(g, x, size)
        except SymbolicValueError:
            # the sizes are known from the run, also where the exporter has lost them
            image, result = next(iter(g.original_node.inputs())), next(iter(g.original_node.outputs()))
            pooled = _pool(g, x, sizes(image)[-axes:], sizes(result)[-axes:], kind)
        return (pooled, None) if largest else pooled

    return symbolic


def _pool(g: Graph, x: Value, lengths: Sequence[int], counts: Sequence[int], kind: str) -> Value:
    """Add one pool if the windows are alike, else the mean or maximum of each, axis by axis."""
    windows = [_windows(length, count) for length, count in zip(lengths, counts, strict=True)]
    kernels = [{end - start for start, end in axis} for axis in windows]
    strides = [{later[0] - earlier[0] for earlier, later in pairwise(axis)} or {1} for axis in windows]
    if all(len(alike) == 1 for alike in (*kernels, *strides)) and {0} not in strides:
        kernel, stride = ([min(alike) for alike in several] for several in (kernels, strides))
        name = "AveragePool" if kind == "Mean" else "MaxPool"
        return op(g, name, x, kernel_shape_i=kernel, strides_i=stride)
    for axis, several in enumerate(windows, start=-len(windows)):
        parts = (reduced(g, f"Reduce{kind}", part(g, x, axis, start, end), [axis]) for start, end in several)
        x = op(g, "Concat", *parts, axis_i=axis)
    return x


def _windows(length: int, count: int) -> list[tuple[int, int]]:
    """Return start and end of each window of `torch.nn.AdaptiveAvgPool2d`."""
    return [(i * length // count, -(-(i + 1) * length // count)) for i in range(count)]


@parse_args("v", "i", "i", "i")
def _unfold(g: Graph, x: Value, axis: int, size: int, step: int) -> Value:
    """Use one `Gather`.

    Torch's own symbolic needs the size of the input, and adds three operators per window.
    """
    result = g.original_node.output()  # whose sizes are known from the run
    last = rank(result) - 1
    axis %= last
    starts = torch.arange(sizes(result)[axis]) * step
    windows = op(g, "Gather", x, starts.unsqueeze(1) + torch.arange(size), axis_i=axis)
    return op(g, "Transpose", windows, perm_i=[*range(axis + 1), *range(axis + 2, last + 1), axis + 1])


@parse_args("v", "v", "v", "is", "is", "is")
def _col2im(
    g: Graph,
    x: Value,
    size: Value,
    kernel: Value,
    dilation: Sequence[int],
    padding: Sequence[int],
    stride: Sequence[int],
) -> Value:
    """Add the same operators as torch's own symbolic, which needs a known number of sizes.

    For images this number is known.
    """
    require(g, 18, "Col2Im", x)
    return op(g, "Col2Im", x, size, kernel, dilations_i=dilation, pads_i=[*padding, *padding], strides_i=stride)


_NONE = torch.tensor([], dtype=torch.float32)
"""Stands for an absent input of `Resize`."""


def _resize(mode: str, **attributes: float) -> Symbolic:
    """Return the symbolic of an antialiased resize.

    Cubic interpolation uses the coefficient of Pillow, as in torch.
    """

    @parse_args("v", "v", "i", "f", "f")
    def symbolic(g: Graph, x: Value, size: Value, corners: int, *scales: float | None) -> Value:
        require(g, 18, "antialias of Resize", x)
        return op(
            g,
            "Resize",
            x,
            _NONE,
            _NONE,
            integers(*sizes(g.original_node.output())),  # `size` may be computed; what came out is known from the run
            coordinate_transformation_mode_s="align_corners" if corners else "pytorch_half_pixel",
            mode_s=mode,
            antialias_i=1,
            exclude_outside_i=1,
            **attributes,
        )

    return symbolic


def _nearest_exact(g: Graph, x: Value, size: Value, *scales: Value) -> Value:
    return op(
        g,
        "Resize",
        x,
        _NONE,
        _NONE,
        integers(*sizes(g.original_node.output())),
        mode_s="nearest",
        coordinate_transformation_mode_s="half_pixel",
        nearest_mode_s="round_prefer_ceil",
    )


@parse_args("v", "i")
def _channel_shuffle(g: Graph, x: Value, groups: int) -> Value:
    batch, channels, *places = sizes(x)
    split = op(g, "Reshape", x, integers(batch, groups, channels // groups, prod(places)))
    shuffled = op(g, "Transpose", split, perm_i=[0, 2, 1, 3])
    return op(g, "Reshape", shuffled, integers(batch, channels, *places))


IMAGES: Mapping[str, Symbolic] = {
    **{name: _adaptive_pool(name, i, "Mean") for i in (1, 2, 3) for name in [f"adaptive_avg_pool{i}d"]},
    **{name: _adaptive_pool(name, i, "Max") for i in (1, 2, 3) for name in [f"adaptive_max_pool{i}d"]},
    "unfold": _unfold,
    "col2im": _col2im,
    "_upsample_bilinear2d_aa": _resize("linear"),
    "_upsample_bicubic2d_aa": _resize("cubic", cubic_coeff_a_f=-0.5),
    "_upsample_nearest_exact2d": _nearest_exact,
    "channel_shuffle": _channel_shuffle,
    "native_channel_shuffle": _channel_shuffle,
}
"""Name in `aten` -> function that adds it to a graph."""
