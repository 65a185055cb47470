"""Running a PyTorch model without doing its arithmetic: what a trace records is the calls, not their numbers."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

Shape = tuple[int, ...]


@contextmanager
def idle_arithmetic() -> Iterator[None]:
    """While active, convolutions, matrix products, attention and softmax on the CPU give zeros of the right shape at once.

    With weights that are zeros anyway they would say nothing; and they are nearly all that running a model costs. Integers are
    computed as ever, since shapes and positions follow from them. For a process that exports a model and ends.

    Example:
        >>> with idle_arithmetic():
        ...     product = torch.ones(2, 3) @ torch.ones(3, 4)
        >>> product.shape, product.sum().item()
        (torch.Size([2, 4]), 0.0)
    """
    library = torch.library.Library("aten", "IMPL")  # type: ignore[no-untyped-call]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a kernel is replaced
            for name, shape in _SHAPES.items():
                library.impl(name, _idle(shape), "CPU")  # type: ignore[no-untyped-call]
            for name, kernel in _KERNELS.items():
                library.impl(name, kernel, "CPU")  # type: ignore[no-untyped-call]
        yield
    finally:
        library._destroy()  # type: ignore[no-untyped-call]


def _idle(shape_of: Callable[..., Shape]) -> Callable[..., Tensor]:
    def kernel(*tensors: Any, **scalars: Any) -> Tensor:
        first, second = tensors[:2]
        if not first.is_floating_point() and not first.is_complex():
            return _product(*tensors, **scalars)
        return torch.zeros(shape_of(*tensors), dtype=torch.promote_types(first.dtype, second.dtype))

    return kernel


def _product(*tensors: Any, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """The matrix product of integers, by another way than torch's own kernels, which are replaced."""
    *added, left, right = tensors
    product: Tensor = torch.from_numpy(left.numpy() @ right.numpy()) * alpha
    return product.add(added[0] * beta) if added else product


def _convolution(
    image: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    transposed: bool,
    output_padding: Sequence[int],
    groups: int,
    *rest: Any,
) -> Shape:
    """Output shape of a convolution; the formulas stand in the documentation of `torch.nn.ConvNd` and `ConvTransposeNd`."""
    axes = weight.dim() - 2
    batch = image.shape[: -axes - 1]
    steps, pads, spread, more = (_each(values, axes) for values in (stride, padding, dilation, output_padding))
    sizes, kernel = image.shape[-axes:], weight.shape[2:]
    if transposed:
        spatial = [
            (sizes[i] - 1) * steps[i] - 2 * pads[i] + spread[i] * (kernel[i] - 1) + more[i] + 1 for i in range(axes)
        ]
        return (*batch, weight.shape[1] * groups, *spatial)
    spatial = [(sizes[i] + 2 * pads[i] - spread[i] * (kernel[i] - 1) - 1) // steps[i] + 1 for i in range(axes)]
    return (*batch, weight.shape[0], *spatial)


def _each(values: Sequence[int], axes: int) -> Sequence[int]:
    return values if len(values) == axes else [values[0]] * axes


_SHAPES: dict[str, Callable[..., Shape]] = {
    "_convolution": _convolution,
    "mm": lambda left, right: (left.shape[0], right.shape[1]),
    "addmm": lambda added, left, right: (left.shape[0], right.shape[1]),
    "bmm": lambda left, right: (left.shape[0], left.shape[1], right.shape[2]),
    "baddbmm": lambda added, left, right: (left.shape[0], left.shape[1], right.shape[2]),
}
"""Operator of `aten` -> shape of its result. `_convolution` is the one that is traced."""


def _softmax(values: Tensor, dim: int, half_to_float: bool) -> Tensor:
    return torch.zeros(values.shape, dtype=values.dtype)


def _attention(query: Tensor, key: Tensor, value: Tensor, *rest: Any, **scalars: Any) -> tuple[Tensor, Tensor]:
    """What `_scaled_dot_product_flash_attention_for_cpu` gives: [batch, heads, length, size], and a sum [batch, heads, length]."""
    result = torch.zeros((*query.shape[:-1], value.shape[-1]), dtype=query.dtype)
    return result, torch.zeros(query.shape[:-1], dtype=torch.float32)


_KERNELS: dict[str, Callable[..., Any]] = {
    "_softmax": _softmax,
    "_scaled_dot_product_flash_attention_for_cpu": _attention,
}
"""Operators whose results have the shape of what they are given."""
