"""A model that could enter the dataset: what it is, and how to get its ONNX."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
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
        recipe: How to get the ONNX, as JSON-able values; `kind` names the source that builds it, which understands the rest.
        downloads: As the hub counts them, None if it does not.
        likes: As the hub counts them, None if it does not.
        revision: Commit or version there, `""` if there is none.
        modified: When it was last changed there, ISO 8601 in UTC, `""` if not known.
        results: Evaluation results that its authors declare: `task`, `dataset`, `metric`, `value` each.
        variant: `""`, or how it departs from what its authors define: `reduced` (layers, experts or image size cut),
            `dynamic-int8` (quantised), `ort-fused` (optimised by onnxruntime). Variants are counted apart.
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
    revision: str = ""
    modified: str = ""
    results: tuple[Mapping[str, Any], ...] = field(default=(), hash=False)
    variant: str = ""

    def to_record(self) -> dict[str, Any]:
        """All of it as JSON-able values."""
        return asdict(self)

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Candidate:
        """What `to_record` gave."""
        return cls(**{**record, "results": tuple(record.get("results", ()))})
