"""Symbolic functions that the TorchScript exporter lacks, registered during one export."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from torch.onnx.utils import register_custom_op_symbolic, unregister_custom_op_symbolic

from younger_hf.export.symbolic_arithmetic import ARITHMETIC
from younger_hf.export.symbolic_graph import Symbolic
from younger_hf.export.symbolic_images import IMAGES
from younger_hf.export.symbolic_selection import SELECTION, repeat_interleave

ALWAYS: Mapping[str, Symbolic] = {"repeat_interleave": repeat_interleave}
"""Symbolic functions for the first attempt: torch's own work, but take minutes."""

SYMBOLICS: Mapping[str, Symbolic] = {**ARITHMETIC, **IMAGES, **SELECTION, **ALWAYS}
"""Name in `aten` -> function that adds it to a graph; some improve on a function of torch."""

_NAMES = {name.lower() for name in SYMBOLICS if name not in ALWAYS} | {"bitwise"}

_EMPTY_ENTRY = ("arg is an empty sequence", "iterable argument is empty")
"""Errors of torch's exporter, in Python 3.11 and later versions, for an operator that was registered
before and is no longer."""


@contextmanager
def extra_symbolics(opset: int, symbolics: Mapping[str, Symbolic] = SYMBOLICS) -> Iterator[None]:
    """While active, the TorchScript exporter supports more operators.

    Args:
        opset: Version of the operator set of the export.
        symbolics: The symbolic functions to register.
    """
    for name, function in symbolics.items():
        register_custom_op_symbolic(f"aten::{name}", function, opset)
    try:
        yield
    finally:
        for name in symbolics:
            unregister_custom_op_symbolic(f"aten::{name}", opset)


def needed_opset(message: str, opset: int) -> int | None:
    """Return the operator set with which a failed export may succeed under `extra_symbolics`.

    Args:
        message: Error message of the TorchScript exporter.
        opset: Version of the operator set of the failed export.

    Returns:
        The version to try; None if another attempt would not help.
    """
    later = re.search(r"added in version (\d+)", message)
    if later is not None:
        return max(opset, int(later[1]))
    if any(text in message for text in _EMPTY_ENTRY):
        return opset
    return opset if _NAMES & set(re.findall(r"\w+", message.lower())) else None
