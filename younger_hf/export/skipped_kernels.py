"""Kernels that skip the arithmetic of a traced PyTorch model: a trace records only calls."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import reduce
from math import prod
from typing import Any

import torch
from torch import Tensor

from younger_hf.export.lazy_weights import BIG, untouched_bytes

Shape = tuple[int, ...]


@contextmanager
def skip_arithmetic() -> Iterator[None]:
    """While active, expensive operators return zeros of the right shape, without storage.

    They are convolutions, matrix products, attention, softmax, normalisation and activations, and
    sums and products of big tensors. Since the weights are zeros, their results would mean nothing.
    Integers and small tensors are computed as usual, since shapes and positions follow from them.
    The tracer keeps every tensor until it is done, so memory counts as much as time. Use it only in
    a process that exports one model and then ends.

    Example:
        >>> with skip_arithmetic():
        ...     product = torch.ones(2, 3) @ torch.ones(3, 4)
        >>> product.shape, product.sum().item()
        (torch.Size([2, 4]), 0.0)
    """
    library = torch.library.Library("aten", "IMPL")  # type: ignore[no-untyped-call]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about replaced kernels
            for name, shape in _SHAPES.items():
                library.impl(name, _shape_kernel(shape), "CPU")  # type: ignore[no-untyped-call]
            for name, kernel in _KERNELS.items():
                library.impl(name, kernel, "CPU")  # type: ignore[no-untyped-call]
        yield
    finally:
        library._destroy()  # type: ignore[no-untyped-call]


def _shape_kernel(shape_of: Callable[..., Shape]) -> Callable[..., Tensor]:
    def kernel(*tensors: Any, **scalars: Any) -> Tensor:
        first, second = tensors[:2]
        if not first.is_floating_point() and not first.is_complex():
            return _product(*tensors, **scalars)
        return _zeros(shape_of(*tensors), torch.promote_types(first.dtype, second.dtype))

    return kernel


def _product(*tensors: Any, beta: Any = 1, alpha: Any = 1) -> Tensor:
    """Return the matrix product of integers without torch's own kernels, which are replaced."""
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
    """Return the output shape of a convolution.

    The formulas are those of `torch.nn.ConvNd` and `ConvTransposeNd`.
    """
    axes = weight.dim() - 2
    batch = image.shape[: -axes - 1]
    steps, pads, spread, more = (_per_axis(values, axes) for values in (stride, padding, dilation, output_padding))
    sizes, kernel = image.shape[-axes:], weight.shape[2:]
    if transposed:
        spatial = [
            (sizes[i] - 1) * steps[i] - 2 * pads[i] + spread[i] * (kernel[i] - 1) + more[i] + 1 for i in range(axes)
        ]
        return (*batch, weight.shape[1] * groups, *spatial)
    spatial = [(sizes[i] + 2 * pads[i] - spread[i] * (kernel[i] - 1) - 1) // steps[i] + 1 for i in range(axes)]
    return (*batch, weight.shape[0], *spatial)


def _per_axis(values: Sequence[int], axes: int) -> Sequence[int]:
    return values if len(values) == axes else [values[0]] * axes


_SHAPES: dict[str, Callable[..., Shape]] = {
    "_convolution": _convolution,
    "mm": lambda left, right: (left.shape[0], right.shape[1]),
    "addmm": lambda added, left, right: (left.shape[0], right.shape[1]),
    "bmm": lambda left, right: (left.shape[0], left.shape[1], right.shape[2]),
    "baddbmm": lambda added, left, right: (left.shape[0], left.shape[1], right.shape[2]),
}
"""Operator of `aten` -> shape of its result. Traces of convolutions call `_convolution`."""


def _zeros(shape: Shape, dtype: torch.dtype) -> Tensor:
    """Return zeros; many of them are never written, and thus cost neither time nor memory."""
    count = prod(shape)
    if count <= BIG:
        return torch.zeros(shape, dtype=dtype)
    return untouched_bytes(count * dtype.itemsize).view(dtype).view(shape)


def _zeros_like(like: Tensor) -> Tensor:
    """Return zeros with the shape and memory layout of a tensor."""
    if like.is_contiguous() or not _is_dense(like):
        return _zeros(tuple(like.shape), like.dtype)
    return _zeros((like.numel(),), like.dtype).as_strided(like.shape, like.stride())


def _is_dense(tensor: Tensor) -> bool:
    """Return whether the elements fill their memory without gaps or overlap, in any axis order."""
    expected = 1
    for stride, size in sorted(zip(tensor.stride(), tensor.shape, strict=True)):
        if size != 1:
            if stride != expected:
                return False
            expected *= size
    return True


def _elementwise(name: str) -> Callable[..., Tensor]:
    """Return a kernel of a binary operator that does not compute big floating-point results."""
    operator = getattr(torch.ops.aten, name)

    def kernel(left: Any, right: Any, *rest: Any, **scalars: Any) -> Tensor:
        dtype = torch.result_type(left, right)
        # numbers in the model's code arrive as Python numbers
        left, right = (x if isinstance(x, Tensor) else torch.tensor(x, dtype=dtype) for x in (left, right))
        if dtype.is_floating_point:
            shape = torch.broadcast_shapes(left.shape, right.shape)  # type: ignore[no-untyped-call]
            if prod(shape) > BIG:
                whole = left if left.shape == shape else right
                same = whole.shape == shape and whole.dtype == dtype
                return _zeros_like(whole) if same else _zeros(tuple(shape), dtype)
        elif name == "div" and scalars.get("rounding_mode") is None:
            dtype = torch.get_default_dtype()
        into = torch.empty(0, dtype=dtype)
        result: Tensor = (operator.out_mode if "rounding_mode" in scalars else operator.out)(
            left, right, *rest, **scalars, out=into
        )
        return result

    return kernel


def _softmax(values: Tensor, dim: int, half_to_float: bool) -> Tensor:
    return _zeros(tuple(values.shape), values.dtype)


def _activation(values: Tensor, *rest: Any, **scalars: Any) -> Tensor:
    return _zeros_like(values)


def _layer_norm(values: Tensor, axes: Sequence[int], *rest: Any) -> tuple[Tensor, Tensor, Tensor]:
    """Return the result, the means and the scales."""
    outer = values.shape[: values.dim() - len(axes)]
    shape = (*outer, *[1] * len(axes))
    return _zeros(tuple(values.shape), values.dtype), torch.zeros(shape), torch.zeros(shape)


def _attention(query: Tensor, key: Tensor, value: Tensor, *rest: Any, **scalars: Any) -> Tensor:
    return _zeros((*query.shape[:-1], value.shape[-1]), query.dtype)


def _clone(values: Tensor, *, memory_format: torch.memory_format | None = None) -> Tensor:
    """Return a copy, or zeros of the same form for a big floating-point tensor."""
    memory_format = memory_format or torch.preserve_format
    if values.numel() > BIG and values.is_floating_point():
        if memory_format is torch.preserve_format:
            return _zeros_like(values)
        if memory_format is torch.contiguous_format:
            return _zeros(tuple(values.shape), values.dtype)
    return torch.empty_like(values, memory_format=memory_format).copy_(values)


def _relu(values: Tensor) -> Tensor:
    if values.is_floating_point() and values.numel() > BIG:
        return _zeros_like(values)
    return values.clamp_min(0)


def _concatenate(tensors: Sequence[Tensor], dim: int = 0) -> Tensor:
    """Return zeros for big floating-point results; ignore tensors of shape [0], as torch does."""
    parts = [part for part in tensors if tuple(part.shape) != (0,)]
    kinds = {part.dtype for part in tensors}
    if len(kinds) == 1 and parts and parts[0].is_floating_point() and sum(part.numel() for part in parts) > BIG:
        shape = list(parts[0].shape)
        shape[dim] = sum(part.shape[dim] for part in parts)
        return _zeros(tuple(shape), parts[0].dtype)
    into = torch.empty(0, dtype=reduce(torch.promote_types, (part.dtype for part in tensors)))
    result: Tensor = torch.ops.aten.cat.out(tensors, dim, out=into)
    return result


_KERNELS: dict[str, Callable[..., Any]] = {
    **{f"{name}.Tensor": _elementwise(name) for name in ("add", "sub", "mul", "div")},
    "_softmax": _softmax,
    "gelu": _activation,
    "silu": _activation,
    "native_layer_norm": _layer_norm,
    "scaled_dot_product_attention": _attention,
    "clone": _clone,
    "relu": _relu,
    "cat": _concatenate,
}
"""Operator of `aten` -> kernel, for results whose shapes follow from the inputs alone."""
