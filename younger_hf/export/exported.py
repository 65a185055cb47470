"""What an export gives: the model, and what made it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import onnx


@dataclass(frozen=True)
class Exported:
    """A model without weights, and what made it.

    Attributes:
        model: The stripped model.
        exporter: `torchscript`, `dynamo` (torch.export), `file`, or the converter's name.
        opset: Version of the default operator set that was asked for, 0 if the model came as it is.
        notes: What else changes the graph.
    """

    model: onnx.ModelProto
    exporter: str
    opset: int
    notes: dict[str, Any] = field(default_factory=dict)
