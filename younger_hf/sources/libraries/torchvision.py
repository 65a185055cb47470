"""Every builder that the installed torchvision has registered: classification, detection, segmentation, video, optical flow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from younger_hf.sources.candidate import Candidate
from younger_hf.sources.libraries.torchvision_operators import import_torchvision
from younger_hf.sources.selection import selected
from younger_hf.sources.source import Query, Source, TorchModel

_TASKS = {
    "detection": "object-detection",
    "segmentation": "image-segmentation",
    "video": "video-classification",
    "optical_flow": "image-to-image",
}
_FAMILY_TASKS = {"keypoint_rcnn": "keypoint-detection", "mask_rcnn": "image-segmentation"}

_PHOTO = (3, 480, 640)
"""An image for a detector, which scales it itself."""

_FLOW = (1, 3, 520, 960)
"""The size torchvision's own weights for optical flow are used with."""

_FRAMES = 16
"""Frames of a clip; torchvision's video models are trained with 16, or take any number."""


def _candidates(query: Query) -> Iterator[Candidate]:
    import_torchvision()
    import torchvision

    yield from selected(
        (
            _candidate(name, torchvision.models.get_model_builder(name).__module__, torchvision.__version__)
            for name in torchvision.models.list_models()
        ),
        query,
    )


def _candidate(name: str, module: str, version: str) -> Candidate:
    *packages, family = module.removeprefix("torchvision.models.").split(".")
    kind = packages[0] if packages else "classification"
    return Candidate(
        id=f"torchvision--{name}",
        hub="torchvision",
        model=name,
        task=_FAMILY_TASKS.get(family) or _TASKS.get(kind, "image-classification"),
        family=family,
        licence="BSD-3-Clause",
        recipe={"kind": "torchvision", "name": name, "of": kind},
        revision=version.partition("+")[0],
        variant="static-int8" if kind == "quantization" else "",
    )


def _build(recipe: Mapping[str, Any]) -> TorchModel:
    import_torchvision()
    import torch
    from torchvision.models import get_model, get_model_weights

    # else attention in the vision transformers is one opaque call, which ONNX has no name for
    torch.backends.mha.set_fastpath_enabled(False)
    name, kind = recipe["name"], recipe["of"]
    if kind == "detection":
        detector = get_model(name, weights=None, weights_backbone=None).eval()
        return TorchModel(_on_one_image(detector), {"image": torch.zeros(_PHOTO)}, positional=True)
    if kind == "optical_flow":
        images = {"image1": torch.zeros(_FLOW), "image2": torch.zeros(_FLOW)}
        return TorchModel(get_model(name, weights=None).eval(), images, positional=True)
    if kind == "quantization":
        # the engine only packs the weights; x86 is where torchvision's own are made for
        torch.backends.quantized.engine = "fbgemm"
        module = get_model(name, weights=None, quantize=True).eval()
    elif kind == "segmentation":
        module = get_model(name, weights=None, weights_backbone=None).eval()
    else:
        module = get_model(name, weights=None).eval()
    usual = get_model_weights(name).DEFAULT.transforms()
    size = getattr(module, "image_size", None) or (getattr(usual, "crop_size", None) or usual.resize_size)[0]
    shape = (1, 3, _FRAMES, size, size) if kind == "video" else (1, 3, size, size)
    return TorchModel(module, {"x": torch.zeros(shape)}, positional=True)


def _on_one_image(detector: Any) -> Any:
    """A detector takes a list of images; a graph input is one."""
    import torch

    class OneImage(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.detector = detector

        def forward(self, image: torch.Tensor) -> Any:
            return self.detector([image])

    return OneImage()


SOURCE = Source(
    name="torchvision",
    about="Torchvision: every registered builder, image classifiers to optical flow.",
    candidates=_candidates,
    build=_build,
    packages=("torchvision", "torch"),
    preload=("torch", "torchvision"),
    extra="models",
)
