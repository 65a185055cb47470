"""One distinct architecture of the dataset: its Dag, its identity, and every model that has it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from younger_hf.graph.dag import Dag


@dataclass(frozen=True)
class Provenance:
    """Where an architecture was found.

    Attributes:
        hub: The hub or library, such as `transformers` or `onnx`.
        model: The model's name there.
        task: Purpose of the model, `""` if the hub does not state it.
        downloads: Downloads as the hub counts them, None if it does not.
        likes: Likes as the hub counts them, None if it does not.
        licence: SPDX identifier or the hub's own, `""` if unknown.
        family: The family of architectures, such as `bert`; `""` if unknown.
        variant: `""`, or how it differs from what its authors define, such as `dynamic-int8`.
    """

    hub: str
    model: str
    task: str = ""
    downloads: int | None = None
    likes: int | None = None
    licence: str = ""
    family: str = ""
    variant: str = ""


@dataclass(frozen=True)
class Architecture:
    """A Dag with its sources.

    Attributes:
        dag: The architecture.
        sources: Every model with this architecture, sorted by hub and model.
        variant: 0, or a running number among distinct architectures that share a WL hash.
    """

    dag: Dag
    sources: tuple[Provenance, ...]
    variant: int = 0

    @cached_property
    def graph_id(self) -> str:
        """The WL hash over `w_attrs`, followed by the variant if the hash collides."""
        digest = self.dag.wl_hash("w_attrs")
        return digest if not self.variant else f"{digest}-{self.variant}"

    @cached_property
    def skeleton_id(self) -> str:
        """The WL hash over `wo_attrs`: the architecture without its attributes."""
        return self.dag.wl_hash("wo_attrs")
