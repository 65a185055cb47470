"""The result of an export: the model, and how it was exported."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import onnx


@dataclass(frozen=True)
class Exported:
    """A model without weights, and how it was exported.

    Attributes:
        model: The stripped model.
        exporter: `torchscript`, `dynamo` (torch.export), `file`, or the name of a converter.
        opset: Version of the requested default operator set, 0 if the model was a file.
        notes: What else determines the graph.
    """

    model: onnx.ModelProto
    exporter: str
    opset: int
    notes: dict[str, Any] = field(default_factory=dict)
