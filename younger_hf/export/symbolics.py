"""Teaches the TorchScript exporter operators that it lacks, for as long as one export needs them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from torch.onnx.utils import register_custom_op_symbolic, unregister_custom_op_symbolic

from younger_hf.export.symbolic_arithmetic import ARITHMETIC
from younger_hf.export.symbolic_graph import Symbolic
from younger_hf.export.symbolic_images import IMAGES
from younger_hf.export.symbolic_selection import SELECTION, repeat_interleave

SYMBOLICS: Mapping[str, Symbolic] = {**ARITHMETIC, **IMAGES, **SELECTION}
"""Name in `aten` -> what adds it to a graph. Some replace torch's own, which do less."""

AT_ONCE: Mapping[str, Symbolic] = {"repeat_interleave": repeat_interleave}
"""Those that are known from the first attempt on: torch's own are there, but take minutes."""

_NAMES = {name.lower() for name in SYMBOLICS} | {"bitwise"}


@contextmanager
def more_symbolics(opset: int, symbolics: Mapping[str, Symbolic] | None = None) -> Iterator[None]:
    """While active, the TorchScript exporter knows more operators.

    Args:
        opset: Version of the operator set that will be exported.
        symbolics: Which; None for all.
    """
    symbolics = {**SYMBOLICS, **AT_ONCE} if symbolics is None else symbolics
    for name, function in symbolics.items():
        register_custom_op_symbolic(f"aten::{name}", function, opset)
    try:
        yield
    finally:
        for name in symbolics:
            unregister_custom_op_symbolic(f"aten::{name}", opset)


def lacking(message: str, opset: int) -> int | None:
    """What an export that failed lacked.

    Args:
        message: Why the TorchScript exporter failed.
        opset: Version of the operator set for which it did.

    Returns:
        The version for which to try it again with `more_symbolics`; None if that would not help.
    """
    later = re.search(r"added in version (\d+)", message)
    if later is not None:
        return max(opset, int(later[1]))
    return opset if _NAMES & set(re.findall(r"\w+", message.lower())) else None
