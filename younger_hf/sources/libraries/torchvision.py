"""Every builder registered in the installed torchvision.

They build models for classification, detection, segmentation, video and optical flow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from younger_hf.sources.candidate import Candidate
from younger_hf.sources.libraries.library import library_model, library_source
from younger_hf.sources.libraries.torchvision_operators import import_torchvision
from younger_hf.sources.source import TorchModel

_TASKS = {
    "detection": "object-detection",
    "segmentation": "image-segmentation",
    "video": "video-classification",
    "optical_flow": "image-to-image",
}
_FAMILY_TASKS = {"keypoint_rcnn": "keypoint-detection", "mask_rcnn": "image-segmentation"}

_PHOTO = (3, 480, 640)
"""Shape of an image for a detector, which scales it itself."""

_FLOW = (1, 3, 520, 960)
"""Shape of the images that torchvision's own weights for optical flow are used with."""

_FRAMES = 16
"""Frames of a clip: torchvision's video models are trained with 16, or take any number."""


def _models() -> Iterator[Candidate]:
    import_torchvision()
    import torchvision

    for name in torchvision.models.list_models():
        module = torchvision.models.get_model_builder(name).__module__
        *packages, family = module.removeprefix("torchvision.models.").split(".")
        package = packages[0] if packages else "classification"
        yield library_model(
            "torchvision",
            name,
            {"name": name, "of": package},
            task=_FAMILY_TASKS.get(family) or _TASKS.get(package, "image-classification"),
            family=family,
            licence="BSD-3-Clause",
            version=torchvision.__version__.partition("+")[0],
            variant="static-int8" if package == "quantization" else "",
        )


def _build(recipe: Mapping[str, Any]) -> TorchModel:
    import_torchvision()
    import torch
    from torchvision.models import get_model, get_model_weights

    # else attention in the vision transformers is one opaque call, which has no equivalent in ONNX
    torch.backends.mha.set_fastpath_enabled(False)
    name, package = recipe["name"], recipe["of"]
    settings: dict[str, Any] = {"weights": None}
    if package in ("detection", "segmentation"):
        settings["weights_backbone"] = None
    if package == "quantization":
        # the engine only packs the weights; torchvision's own are made for x86
        torch.backends.quantized.engine = "fbgemm"
        settings["quantize"] = True
    module = get_model(name, **settings).eval()
    if package == "detection":
        return TorchModel(_on_one_image(module), {"image": torch.zeros(_PHOTO)}, positional=True)
    if package == "optical_flow":
        images = {"image1": torch.zeros(_FLOW), "image2": torch.zeros(_FLOW)}
        return TorchModel(module, images, positional=True)
    transforms = get_model_weights(name).DEFAULT.transforms()
    crop = getattr(transforms, "crop_size", None) or transforms.resize_size
    size = getattr(module, "image_size", None) or crop[0]
    shape = (1, 3, _FRAMES, size, size) if package == "video" else (1, 3, size, size)
    return TorchModel(module, {"x": torch.zeros(shape)}, positional=True)


def _on_one_image(detector: Any) -> Any:
    """Wrap a detector, which takes a list of images, into a module that takes one."""
    import torch

    class OneImage(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.detector = detector

        def forward(self, image: torch.Tensor) -> Any:
            return self.detector([image])

    return OneImage()


SOURCE = library_source(
    "torchvision",
    "Torchvision: every registered builder, image classifiers to optical flow.",
    _models,
    _build,
    packages=("torchvision", "torch"),
    preload=("torch", "torchvision"),
)
