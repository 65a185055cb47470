"""Every entry point of the installed timm: image models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from younger_hf.sources.candidate import Candidate
from younger_hf.sources.libraries.library import library_model, library_source
from younger_hf.sources.libraries.torchvision_operators import declare_torchvision_operators
from younger_hf.sources.licence import spdx
from younger_hf.sources.source import TorchModel


def _models() -> Iterator[Candidate]:
    declare_torchvision_operators()
    import timm

    families = {name: module for module in timm.list_modules() for name in timm.list_models(module=module)}
    for name in timm.list_models():
        settings = timm.get_pretrained_cfg(name)
        yield library_model(
            "timm",
            name,
            {"name": name},
            # entry points without a classifier (the encoders of CLIP, DINO and SAM) return
            # features
            task="image-classification" if settings.num_classes else "image-feature-extraction",
            family=families[name],
            # the licence of the weights that an entry point names first, or timm's own
            licence="Apache-2.0" if settings.license is None else spdx(settings.license),
            version=timm.__version__,
        )


def _build(recipe: Mapping[str, Any]) -> TorchModel:
    declare_torchvision_operators()
    import timm
    import torch

    module = timm.create_model(recipe["name"], pretrained=False, **recipe.get("arguments", {})).eval()
    # the size that its authors trained it for, which many position embeddings require
    return TorchModel(module, {"x": torch.zeros(1, *module.pretrained_cfg["input_size"])}, positional=True)


SOURCE = library_source(
    "timm",
    "PyTorch Image Models: every entry point of the installed timm.",
    _models,
    _build,
    packages=("timm", "torch"),
    preload=("torch", "timm"),
)
