"""A model that could enter the dataset: what it is, and how to get its ONNX."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Candidate:
    """One model of one source.

    Attributes:
        id: Stable identifier, safe as a file name.
        hub: The hub or library it is from.
        model: Its name there.
        task: What it is for, as the Hugging Face Hub names tasks; `""` if not known.
        family: The architecture family, as `bert`.
        licence: SPDX identifier, `""` if not known.
        recipe: How to get the ONNX, as JSON-able values; `kind` names the exporter that understands the rest.
        downloads: As the hub counts them, None if it does not.
        likes: As the hub counts them, None if it does not.
    """

    id: str
    hub: str
    model: str
    task: str
    family: str
    licence: str
    recipe: Mapping[str, Any] = field(hash=False)
    downloads: int | None = None
    likes: int | None = None
