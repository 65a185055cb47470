"""PyTorch models built without allocating their weights."""

from __future__ import annotations

import mmap
import sys
from collections.abc import Callable, Iterable, Mapping
from math import prod
from typing import Any

import numpy as np
import torch
from torch.overrides import TorchFunctionMode

BIG = 1 << 14
"""Floating-point tensors with more elements are weights without values; others keep theirs."""

_FACTORIES = frozenset({torch.empty, torch.zeros, torch.rand, torch.randn})
_LIKE = frozenset({torch.empty_like, torch.zeros_like, torch.rand_like, torch.randn_like})
_COPIES = frozenset({torch.clone, torch.Tensor.clone, torch.Tensor.__deepcopy__})
_WRITES_NO_ELEMENTS = frozenset(
    {"requires_grad_", "detach_", "share_memory_", "retain_grad_", "resize_", "resize_as_", "set_", "as_strided_"}
    | {"t_", "transpose_", "swapaxes_", "swapdims_", "squeeze_", "unsqueeze_"}
)
_IN_PLACE_OPERATORS = frozenset({"__setitem__", "__iadd__", "__isub__", "__imul__", "__itruediv__", "__ipow__"})


class LazyWeights(TorchFunctionMode):
    """While active, big floating-point tensors are views of one pool of zeros, never written.

    The pages of the pool are never written and thus cost no memory, so that a model of any size
    needs only the memory of its code. Everything that a graph depends on stays real: integer and
    boolean buffers, tensors of at most `BIG` elements, and all computed tensors (rotary
    frequencies, position indices). A big floating-point table that is filled in place (sinusoidal
    positions) stays zero; the export would drop its values anyway.

    Example:
        >>> with LazyWeights():
        ...     layer = torch.nn.Linear(100_000, 100_000)  # 40 GB
        >>> tuple(layer.weight.shape)
        (100000, 100000)
    """

    def __init__(self) -> None:
        super().__init__()
        self._pools: list[torch.Tensor] = []

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Iterable[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Return a view of the pool, or skip a write to a lazy tensor; else call the function."""
        kwargs = kwargs or {}
        lazy = self._lazy_tensor(func, args, kwargs)
        if lazy is not None:
            return lazy
        target = _target(func, args, kwargs)
        if target is not None and self._skips_write(target):
            return target
        return func(*args, **kwargs)

    def _lazy_tensor(
        self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]
    ) -> torch.Tensor | None:
        """Return the lazy tensor that replaces a factory's result, or None if it must be real."""
        if "out" in kwargs or not _on_cpu(kwargs.get("device")):
            return None
        if func in _FACTORIES:
            size, dtype = _size(args, kwargs), kwargs.get("dtype") or torch.get_default_dtype()
        elif func in _LIKE and args[0].device.type == "cpu":
            size, dtype = tuple(args[0].shape), kwargs.get("dtype") or args[0].dtype
        elif func in _COPIES and self._lies_in_pool(args[0]):
            # copying a module would write all its weights
            return self._view(tuple(args[0].shape), args[0].dtype).requires_grad_(args[0].requires_grad)
        else:
            return None
        if size is None or prod(size) <= BIG or not dtype.is_floating_point:
            return None
        return self._view(size, dtype).requires_grad_(bool(kwargs.get("requires_grad")))

    def _view(self, size: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
        count = prod(size) * dtype.itemsize
        if not self._pools or self._pools[-1].numel() < count:
            self._pools.append(untouched_bytes(count))
        return self._pools[-1][:count].view(dtype).view(size)

    def _skips_write(self, target: torch.Tensor) -> bool:
        """Return whether a write to the tensor is skipped.

        It is if the tensor lies in the pool, or is a weight, which is moved there now.
        """
        if self._lies_in_pool(target):
            return True
        if isinstance(target, torch.nn.Parameter) and target.numel() > BIG and target.is_floating_point():
            # created in another way, as by torch.FloatTensor(...): allocated, but untouched until
            # it is first filled
            target.data = self._view(tuple(target.shape), target.dtype)
            return True
        return False

    def _lies_in_pool(self, tensor: torch.Tensor) -> bool:
        if tensor.device.type != "cpu" or tensor.layout != torch.strided:
            return False
        address = tensor.untyped_storage().data_ptr()
        return any(address == pool.untyped_storage().data_ptr() for pool in self._pools)


def untouched_bytes(count: int) -> torch.Tensor:
    """Return zero bytes [count] uint8, in pages that the system provides when first written."""
    if sys.platform == "linux":
        # without it the system refuses more memory than the machine has, though most stays unused
        reserve_nothing = getattr(mmap, "MAP_NORESERVE", 0x4000)  # named since Python 3.13
        pages = mmap.mmap(-1, count, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | reserve_nothing)
        return torch.from_numpy(np.frombuffer(pages, dtype=np.uint8))
    return torch.from_numpy(np.zeros(count, dtype=np.uint8))


def _target(func: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> torch.Tensor | None:
    """Return the tensor that a function writes to, or None."""
    target = kwargs.get("out")
    if target is None and _writes(func):
        # functions of torch.nn.init pass their tensor by keyword
        target = args[0] if args else kwargs.get("tensor")
    return target if isinstance(target, torch.Tensor) else None


def _writes(func: Callable[..., Any]) -> bool:
    name = getattr(func, "__name__", "")
    if name.startswith("__"):
        return name in _IN_PLACE_OPERATORS
    return name.endswith("_") and name not in _WRITES_NO_ELEMENTS


def _size(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[int, ...] | None:
    """Return the size in the arguments of a factory, in any form; None for other arguments."""
    size = kwargs.get("size", args)
    if len(size) == 1 and not isinstance(size[0], int):
        size = size[0]
    is_plain = isinstance(size, tuple | list) and all(isinstance(dim, int) for dim in size)
    return tuple(size) if is_plain else None


def _on_cpu(device: Any) -> bool:
    return device is None or torch.device(device).type == "cpu"
