"""Mixtures of experts as one static graph, without copying the weights of the experts that are chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

IMPLEMENTATION = "batched_mm"
"""Every token's experts by one gather of their weights and one batched product, as transformers itself exports them.

Its default is a loop over the experts that the example input happens to choose.
"""


def export_experts(module: nn.Module) -> str:
    """Make a model's mixtures of experts ready to be exported.

    Args:
        module: The model; it is changed.

    Returns:
        How its experts are computed, `""` if it has none.
    """
    can_set = getattr(module, "_can_set_experts_implementation", None)
    if can_set is None or not can_set():
        return ""
    experts = [part for part in module.modules() if any(p.dim() == 3 for p in part.parameters(recurse=False))]
    if not experts:
        return ""
    module.set_experts_implementation(IMPLEMENTATION)  # type: ignore[operator]  # every model of transformers has it
    for part in experts:
        gathering = _LazyGather()
        part.register_forward_pre_hook(gathering.start)
        part.register_forward_hook(gathering.stop, always_call=True)
    return IMPLEMENTATION


class _LazyGather:
    """While a module runs, what it gathers from floating-point tensors on the CPU takes no memory, and is zeros.

    One gather of the weights of eight experts for each of sixteen tokens can be ten gigabytes.
    """

    def __init__(self) -> None:
        self._library: Any = None

    def start(self, *_: Any) -> None:
        """Replace the kernel; the call itself is traced as ever."""
        self._library = torch.library.Library("aten", "IMPL")  # type: ignore[no-untyped-call]
        self._library.impl("index.Tensor", _gathered, "CPU")

    def stop(self, *_: Any) -> None:
        """Put the kernel back."""
        self._library._destroy()
        self._library = None


def _gathered(source: Tensor, indices: Sequence[Tensor | None]) -> Tensor:
    shaped = source.to("meta")[tuple(slice(None) if i is None else i.to("meta") for i in indices)]
    return torch.zeros(1, dtype=source.dtype).expand(shaped.shape)
