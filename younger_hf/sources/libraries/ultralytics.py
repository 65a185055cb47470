"""Every YOLO and RT-DETR of the installed ultralytics: each YAML description at each scale."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from younger_hf.sources.candidate import Candidate
from younger_hf.sources.libraries.library import library_model, library_source
from younger_hf.sources.libraries.torchvision_operators import import_torchvision
from younger_hf.sources.source import TorchModel

SIZE = {"Classify": 224, "WorldDetect": 672}
"""Last layer -> height and width of the image; 640 for all others, as in the library's own export.

YOLO-World pools its features to 3 x 3, which ONNX can express if 3 divides their size.
"""

_TASKS = {
    "Classify": "image-classification",
    "Depth": "depth-estimation",
    **dict.fromkeys(("Pose", "Pose26"), "keypoint-detection"),
    **dict.fromkeys(
        ("Segment", "Segment26", "SemanticSegment", "YOLOESegment", "YOLOESegment26"), "image-segmentation"
    ),
    **dict.fromkeys(("WorldDetect", "YOLOEDetect"), "zero-shot-object-detection"),
}
"""Last layer -> task; object detection for all others."""

_CLASSES = {
    "Classify": "ClassificationModel",
    "Depth": "DepthModel",
    **dict.fromkeys(("OBB", "OBB26"), "OBBModel"),
    **dict.fromkeys(("Pose", "Pose26"), "PoseModel"),
    "RTDETRDecoder": "RTDETRDetectionModel",
    **dict.fromkeys(("Segment", "Segment26"), "SegmentationModel"),
    "SemanticSegment": "SemanticSegmentationModel",
    "WorldDetect": "WorldModel",
    "YOLOEDetect": "YOLOEModel",
    **dict.fromkeys(("YOLOESegment", "YOLOESegment26"), "YOLOESegModel"),
}
"""Last layer -> class that builds the model; `DetectionModel` for all others."""

_settings: list[TemporaryDirectory[str]] = []
"""Folder for the settings that the library writes when it is imported; deleted with the process."""


def _models() -> Iterator[Candidate]:
    ultralytics = _import()
    folder = _descriptions(ultralytics)
    for file in (*sorted(folder.rglob("yolo*.yaml")), *sorted(folder.rglob("rtdetr*.yaml"))):
        description = _read(file)
        last = description["head"][-1][2]
        for scale in description.get("scales") or ("",):
            yield library_model(
                "ultralytics",
                _name(file.stem, scale),
                {"file": f"{file.parent.name}/{file.name}", "scale": scale, "last": last},
                task=_TASKS.get(last, "object-detection"),
                family=re.sub(r"^(yolov?(\d+|e|)).*|^(rtdetr).*", r"\1\3", file.stem),
                licence="AGPL-3.0",
                version=ultralytics.__version__,
            )


def _import() -> Any:
    """Import ultralytics without network requests, installations or files in the user's home."""
    if "YOLO_CONFIG_DIR" not in os.environ:
        _settings.append(TemporaryDirectory(prefix="ultralytics-"))
        os.environ["YOLO_CONFIG_DIR"] = _settings[0].name
    os.environ |= {"YOLO_OFFLINE": "true", "YOLO_AUTOINSTALL": "false", "YOLO_VERBOSE": "false"}
    import_torchvision()
    import ultralytics

    return ultralytics


def _descriptions(ultralytics: Any) -> Path:
    return Path(ultralytics.__file__).parent / "cfg" / "models"


def _read(file: Path) -> dict[str, Any]:
    import yaml

    description: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return description


def _name(stem: str, scale: str) -> str:
    """Return the name that users know, as `yolo11n-seg`, without repeating a scale at its end."""
    if not scale or stem.endswith(f"-{scale}") or re.search(rf"\d{scale}$", stem):
        return stem
    named = re.sub(r"^(yolo(?:e-)?v?\d+)", rf"\g<1>{scale}", stem)
    return named if named != stem else f"{stem}-{scale}"


def _build(recipe: Mapping[str, Any]) -> TorchModel:
    ultralytics = _import()
    import torch
    from ultralytics.nn import tasks

    description = _read(_descriptions(ultralytics) / recipe["file"]) | {"scale": recipe["scale"]}
    last, size = recipe["last"], SIZE.get(recipe["last"], 640)
    module = getattr(tasks, _CLASSES.get(last, "DetectionModel"))(description, verbose=False).eval().fuse(verbose=False)
    # as the library's own export to ONNX, whose graphs are those on hubs
    for part in module.modules():
        if hasattr(type(part), "export"):
            part.export, part.format, part.dynamic = True, "onnx", False
        if hasattr(part, "forward_split"):
            part.forward = part.forward_split
    return TorchModel(module, {"images": torch.zeros(1, 3, size, size)}, positional=True)


SOURCE = library_source(
    "ultralytics",
    "Ultralytics: every YOLO and RT-DETR description in each of its scales.",
    _models,
    _build,
    packages=("ultralytics", "torch"),
    preload=("torch", "torchvision"),
)
