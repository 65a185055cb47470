"""Mixtures of experts as one static graph, without copies of the chosen experts' weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn

IMPLEMENTATION = "batched_mm"
"""One gather of the weights of every token's experts and one batched product.

Transformers' own exports do the same.

The default is a loop over the experts that the example input happens to choose.
"""


def export_experts(module: nn.Module) -> str:
    """Prepare the mixtures of experts of a model for export.

    Args:
        module: The model, which is changed.

    Returns:
        Name of the implementation of its experts, `""` for a model without experts.
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
    """While a module runs, its gathers from CPU tensors return zeros that take no memory.

    One gather of the weights of eight experts for each of sixteen tokens can take ten gigabytes.
    """

    def __init__(self) -> None:
        self._library: Any = None

    def start(self, *_: Any) -> None:
        """Replace the kernel; the call itself is still traced."""
        self._library = torch.library.Library("aten", "IMPL")  # type: ignore[no-untyped-call]
        self._library.impl("index.Tensor", _gathered, "CPU")

    def stop(self, *_: Any) -> None:
        """Restore the kernel."""
        self._library._destroy()
        self._library = None


def _gathered(source: Tensor, indices: Sequence[Tensor | None]) -> Tensor:
    shaped = source.to("meta")[tuple(slice(None) if i is None else i.to("meta") for i in indices)]
    return torch.zeros(1, dtype=source.dtype).expand(shaped.shape)
