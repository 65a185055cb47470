"""A model that could enter the dataset: its metadata, and how to obtain its ONNX file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Candidate:
    """One model of one source.

    Attributes:
        id: Stable identifier, safe as a file name.
        hub: The hub or library that has it.
        model: Its name there.
        task: Its task, as the Hugging Face Hub names tasks; `""` if unknown.
        family: Its architecture family, such as `bert`.
        licence: SPDX identifier, `""` if unknown.
        recipe: How to obtain the ONNX, as JSON values; `kind` names the source that builds it and
            understands the rest.
        downloads: Number of downloads, None if the hub does not count them.
        likes: Number of likes, None if the hub does not count them.
        revision: Commit or version there, `""` if unknown.
        modified: Time of its last change there, ISO 8601 in UTC, `""` if unknown.
        results: Evaluation results that its authors declare, each with `task`, `dataset`, `metric`
            and `value`.
        variant: `""`, or how it departs from its authors' definition: `reduced` (fewer layers or
            experts, smaller images), `dynamic-int8` (quantised), `ort-fused` (optimised by
            onnxruntime). Variants are counted separately.
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
        """Return all attributes as JSON values."""
        return asdict(self)

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Candidate:
        """Return the candidate that `to_record` was called on."""
        return cls(**{**record, "results": tuple(record.get("results", ()))})
