"""Building a PyTorch model without allocating its weights."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from math import prod
from typing import Any

import numpy as np
import torch
from torch.overrides import TorchFunctionMode

BIG = 1 << 14
"""Floating-point tensors with more elements are weights whose values nobody needs; smaller ones keep real values."""

_FACTORIES = frozenset({torch.empty, torch.zeros, torch.rand, torch.randn})
_LIKE = frozenset({torch.empty_like, torch.zeros_like, torch.rand_like, torch.randn_like})
_ONLY_NAMED_IN_PLACE = frozenset({"requires_grad_", "detach_", "share_memory_", "retain_grad_"})
_IN_PLACE_OPERATORS = frozenset({"__setitem__", "__iadd__", "__isub__", "__imul__", "__itruediv__", "__ipow__"})


class LazyWeights(TorchFunctionMode):
    """While active, big floating-point tensors are views of one pool of zeros, and writing to them does nothing.

    The pool is `calloc`'ed: its pages cost memory only once written, which nobody does, so that a model of any size is
    built in the memory of its code. What a graph depends on stays real: integer and boolean buffers, tensors of at most
    `BIG` elements, and everything that is computed (rotary frequencies, position indices). A big floating-point table
    that is filled in place (sinusoidal positions) stays zero; it would leave the export without values anyway.

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
        """Give a view of the pool, or do nothing, where that is meant; else call the function."""
        kwargs = kwargs or {}
        made = self._made(func, args, kwargs)
        if made is not None:
            return made
        if _writes(func):
            # functions of torch.nn.init hand their tensor on by keyword
            target = args[0] if args else kwargs.get("tensor")
            if isinstance(target, torch.Tensor) and self._gives_up(target):
                return target
        return func(*args, **kwargs)

    def _made(self, func: Callable[..., Any], args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> torch.Tensor | None:
        """The lazy tensor that a factory is to give, or None if it shall be a real one."""
        if "out" in kwargs or not _on_cpu(kwargs.get("device")):
            return None
        if func in _FACTORIES:
            size, dtype = _size(args, kwargs), kwargs.get("dtype") or torch.get_default_dtype()
        elif func in _LIKE and args[0].device.type == "cpu":
            size, dtype = tuple(args[0].shape), kwargs.get("dtype") or args[0].dtype
        else:
            return None
        if size is None or prod(size) <= BIG or not dtype.is_floating_point:
            return None
        return self._view(size, dtype).requires_grad_(bool(kwargs.get("requires_grad")))

    def _view(self, size: tuple[int, ...], dtype: torch.dtype) -> torch.Tensor:
        count = prod(size) * dtype.itemsize
        if not self._pools or self._pools[-1].numel() < count:
            # numpy's zeros are calloc'ed; torch's are written
            self._pools.append(torch.from_numpy(np.zeros(count, dtype=np.uint8)))
        return self._pools[-1][:count].view(dtype).view(size)

    def _gives_up(self, target: torch.Tensor) -> bool:
        """Whether a write to the tensor is to be left out: because it lies in the pool, or is a weight that moves there."""
        address = target.untyped_storage().data_ptr()
        if any(address == pool.untyped_storage().data_ptr() for pool in self._pools):
            return True
        if isinstance(target, torch.nn.Parameter) and target.numel() > BIG and target.is_floating_point():
            # made by another way, as torch.FloatTensor(...): allocated, but not touched until it is first filled
            target.data = self._view(tuple(target.shape), target.dtype)
            return True
        return False


def _writes(func: Callable[..., Any]) -> bool:
    name = getattr(func, "__name__", "")
    if name.startswith("__"):
        return name in _IN_PLACE_OPERATORS
    return name.endswith("_") and name not in _ONLY_NAMED_IN_PLACE


def _size(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[int, ...] | None:
    """The size a factory was asked for, however it was said; None if it is not a plain one (then torch decides)."""
    asked = kwargs.get("size", args)
    if len(asked) == 1 and not isinstance(asked[0], int):
        asked = asked[0]
    if not isinstance(asked, tuple | list) or not all(isinstance(dim, int) for dim in asked):
        return None
    return tuple(asked)


def _on_cpu(device: Any) -> bool:
    return device is None or torch.device(device).type == "cpu"
