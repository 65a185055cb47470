"""Every architecture of segmentation-models-pytorch on every encoder that it can be built on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from younger_hf.sources.candidate import Candidate
from younger_hf.sources.libraries.library import library_model, library_source
from younger_hf.sources.libraries.torchvision_operators import declare_torchvision_operators
from younger_hf.sources.source import TorchModel

SIZE = 384
"""Height and width of the image.

Its features can be cut into 1, 2, 3 and 6 parts, as pooling pyramids require.
"""

_TRANSFORMERS = ("dpt",)
"""Architectures whose decoder needs a vision transformer that returns tokens (timm's `tu-...`)."""

_TOKENS = ("beit", "deit", "eva", "vision_transformer")
"""Modules of timm with vision transformers that return tokens of one size."""

_REFUSED = {
    # these encoders lower the resolution by pooling, which cannot be dilated
    **dict.fromkeys(("deeplabv3", "deeplabv3plus", "pan"), ("vgg*", "densenet*", "inception*", "xception")),
    **dict.fromkeys(("unetplusplus", "linknet"), ("mit_*",)),  # no features of half the resolution
    "dpt": ("*patch14*",),  # can be built, but adds features of two sizes
}
"""Architecture -> patterns of the encoders that the library cannot build it on, or run it with."""


def _models() -> Iterator[Candidate]:
    declare_torchvision_operators()
    import segmentation_models_pytorch
    import timm

    registered = list(segmentation_models_pytorch.encoders.encoders)
    transformers = [f"tu-{name}" for module in _TOKENS for name in timm.list_models(module=module)]
    for architecture in segmentation_models_pytorch.MODEL_ARCHITECTURES_MAPPING:
        for encoder in transformers if architecture in _TRANSFORMERS else registered:
            if any(fnmatchcase(encoder, pattern) for pattern in _REFUSED.get(architecture, ())):
                continue
            yield library_model(
                "smp",
                f"{architecture}/{encoder}",
                {"architecture": architecture, "encoder": encoder},
                task="image-segmentation",
                family=architecture,
                licence="MIT",
                version=segmentation_models_pytorch.__version__,
            )


def _build(recipe: Mapping[str, Any]) -> TorchModel:
    declare_torchvision_operators()
    import timm
    import torch
    from segmentation_models_pytorch import create_model

    encoder = recipe["encoder"]
    shape = (3, SIZE, SIZE)
    if encoder.startswith("tu-"):
        shape = timm.get_pretrained_cfg(encoder.removeprefix("tu-")).input_size
    module = create_model(recipe["architecture"], encoder_name=encoder, encoder_weights=None).eval()
    return TorchModel(module, {"x": torch.zeros(1, *shape)}, positional=True)


SOURCE = library_source(
    "smp",
    "segmentation-models-pytorch: every architecture on every encoder.",
    _models,
    _build,
    packages=("segmentation-models-pytorch", "timm", "torch"),
    preload=("torch", "segmentation_models_pytorch"),
)
