"""Every model of pytorchcv, once for all the data sets and languages it was trained on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from younger_hf.sources.candidate import Candidate
from younger_hf.sources.libraries.library import library_model, library_source
from younger_hf.sources.libraries.torchvision_operators import declare_torchvision_operators, import_torchvision
from younger_hf.sources.source import TorchModel

_TRAINED_ON = re.compile(
    "_(cifar10|cifar100|svhn|cub|voc|coco|ade20k|cityscapes|celebamaskhq|widerface|cmupan|things"
    "|(en|fr|de|it|es|ca|pl|ru)(_nr|_ls|34)?)$"
)
"""Endings of names that determine the classes of a model, not its architecture."""

_CIFAR = re.compile("_(cifar10|cifar100|svhn)$")
"""Models for images of 32 x 32, whose first layers differ from those of the same name."""

_TASKS = (
    (r"fcn8|psp|deeplab|icnet|_cityscapes|_celebamaskhq", "image-segmentation"),
    (r"pose|superpoint|pfpc", "keypoint-detection"),
    (r"centernet|lffd", "object-detection"),
    (r"jasper|quartznet", "automatic-speech-recognition"),
    (r"raft|propainter|prnet|voca|nvpattexp|visemenet", ""),
    (r"", "image-classification"),
)

_CLIP, _MASKS = (1, 5, 3, 240, 432), (1, 5, 1, 240, 432)
_SHAPES: tuple[tuple[str, dict[str, tuple[int, ...]]], ...] = (
    (r"jasper|quartznet", {"x": (1, 64, 160), "x_len": ()}),
    (r"raft", {"image1": (1, 3, 256, 320), "image2": (1, 3, 256, 320)}),
    (r"propainter_rfc", {"flows": (1, 5, 2, 240, 432), "masks": _MASKS}),
    (r"propainter_ip", {"frames": (5, 3, 240, 432), "masks": (5, 1, 240, 432), "flows": (4, 4, 240, 432)}),
    (
        r"propainter",
        {"frames": _CLIP, "masks_updated": _MASKS, "masks_in": _MASKS, "completed_flows": (1, 2, 4, 240, 432)},
    ),
    (r"prnet", {"x": (1, 3, 256, 256)}),
    (r"pfpc", {"x": (1, 3, 320, 240)}),
    (r"voca", {"x": (1, 1, 16, 29), "identity": ()}),
    (r"nvpattexp", {"x": (1, 8, 16, 29), "identity": ()}),
    (r"visemenet", {"x": (1, 8, 195), "identity": (1, 76)}),
    (r"superpoint", {"x": (1, 1, 224, 224)}),
    (r"lffd", {"x": (1, 3, 640, 640)}),
    (r"ntsnet", {"x": (1, 3, 448, 448)}),
)
"""Inputs of the models that do not state the size of their image; `()` is one integer."""


def _models() -> Iterator[Candidate]:
    declare_torchvision_operators()
    from importlib.metadata import version

    from pytorchcv.model_provider import _models as builders

    seen: set[tuple[str, bool]] = set()
    for name, builder in builders.items():
        stem = _TRAINED_ON.sub("", name), bool(_CIFAR.search(name))
        if stem in seen:
            continue
        seen.add(stem)
        yield library_model(
            "pytorchcv",
            name,
            {"name": name},
            task=next(task for pattern, task in _TASKS if re.search(pattern, name)),
            family=builder.__module__.rpartition(".")[2],
            licence="MIT",
            version=version("pytorchcv"),
        )


def _build(recipe: Mapping[str, Any]) -> TorchModel:
    import_torchvision()
    import torch
    from pytorchcv.model_provider import get_model

    name = recipe["name"]
    # otherwise speech models contain librosa's code for spectrograms, which is not part of
    # the network
    settings = {"from_audio": False} if re.search("jasper|quartznet", name) else {}
    module = get_model(name, pretrained=False, **settings).eval()
    shapes = next((shapes for pattern, shapes in _SHAPES if re.search(pattern, name)), None)
    if shapes is None:
        shapes = {"x": (1, 3, *getattr(module, "in_size", (224, 224)))}
    inputs = {key: torch.zeros(shape) if shape else torch.ones(1, dtype=torch.long) for key, shape in shapes.items()}
    if "x_len" in inputs:
        inputs["x_len"] *= shapes["x"][-1]
    # the flows lie between these frames of a clip; the others are far away in time
    extra = {"num_local_frames": 3} if name == "propainter" else {}
    return TorchModel(module, inputs, extra, positional=True)


SOURCE = library_source(
    "pytorchcv",
    "pytorchcv: classic and lesser-known models for images, faces, flow and speech.",
    _models,
    _build,
    packages=("pytorchcv", "torch"),
    preload=("torch", "pytorchcv.model_provider"),
)
