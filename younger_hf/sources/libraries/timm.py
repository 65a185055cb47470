"""Every entry point of the installed timm: image models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from younger_hf.sources.candidate import Candidate
from younger_hf.sources.libraries.torchvision_operators import declare_torchvision_operators
from younger_hf.sources.selection import selected
from younger_hf.sources.source import Query, Source, TorchModel

_SPDX = {"apache-2.0": "Apache-2.0", "mit": "MIT", "bsd-3-clause": "BSD-3-Clause"}
_SPDX |= {"cc-by-4.0": "CC-BY-4.0", "cc-by-nc-4.0": "CC-BY-NC-4.0"}


def _candidates(query: Query) -> Iterator[Candidate]:
    declare_torchvision_operators()
    import timm

    family = {name: module for module in timm.list_modules() for name in timm.list_models(module=module)}
    yield from selected(
        (
            Candidate(
                id=f"timm--{name}",
                hub="timm",
                model=name,
                task=_task(name),
                family=family[name],
                licence=_licence(timm.get_pretrained_cfg(name).license),
                recipe={"kind": "timm", "name": name},
                revision=timm.__version__,
            )
            for name in timm.list_models()
        ),
        query,
    )


def _build(recipe: Mapping[str, Any]) -> TorchModel:
    declare_torchvision_operators()
    import timm
    import torch

    module = timm.create_model(recipe["name"], pretrained=False, **recipe.get("arguments", {})).eval()
    # the size its authors trained it for, which many position embeddings insist on
    return TorchModel(module, {"x": torch.zeros(1, *module.pretrained_cfg["input_size"])}, positional=True)


def _task(name: str) -> str:
    """Entry points that are made without a classifier (CLIP's, DINO's and SAM's encoders) give features."""
    import timm

    return "image-classification" if timm.get_pretrained_cfg(name).num_classes else "image-feature-extraction"


def _licence(weights: str | None) -> str:
    """That of the weights an entry point names first; timm's own if it names none."""
    if weights is None:
        return "Apache-2.0"
    return _SPDX.get(weights, "" if weights == "unknown" else f"LicenseRef-{weights}")


SOURCE = Source(
    name="timm",
    about="PyTorch Image Models: every entry point of the installed timm.",
    candidates=_candidates,
    build=_build,
    packages=("timm", "torch"),
    preload=("torch", "timm"),
    extra="models",
)
