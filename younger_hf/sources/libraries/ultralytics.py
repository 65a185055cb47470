"""Every YOLO and RT-DETR of the installed ultralytics: each YAML description in each of its scales."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from younger_hf.sources.candidate import Candidate
from younger_hf.sources.libraries.torchvision_operators import import_torchvision
from younger_hf.sources.selection import selected
from younger_hf.sources.source import Query, Source, TorchModel

SIZE = {"Classify": 224, "WorldDetect": 672}
"""Height and width of the image by the last layer; 640 for all others, as the library's own export takes.

YOLO-World pools its features to 3 x 3, which ONNX says of sizes that 3 divides.
"""

_TASKS = {
    "Classify": "image-classification",
    "Depth": "depth-estimation",
    "Pose": "keypoint-detection",
    "Pose26": "keypoint-detection",
    "Segment": "image-segmentation",
    "Segment26": "image-segmentation",
    "SemanticSegment": "image-segmentation",
    "YOLOESegment": "image-segmentation",
    "YOLOESegment26": "image-segmentation",
    "WorldDetect": "zero-shot-object-detection",
    "YOLOEDetect": "zero-shot-object-detection",
}
"""Last layer -> task; object detection for all others."""

_settings: list[TemporaryDirectory[str]] = []
"""Where the library's settings go, which it writes when it is imported; the folder goes with the process."""


def _import() -> Any:
    """Import ultralytics so that it neither asks the network, nor installs anything, nor writes into the user's home."""
    if "YOLO_CONFIG_DIR" not in os.environ:
        _settings.append(TemporaryDirectory(prefix="ultralytics-"))
        os.environ["YOLO_CONFIG_DIR"] = _settings[0].name
    os.environ["YOLO_OFFLINE"] = "true"
    os.environ["YOLO_AUTOINSTALL"] = "false"
    os.environ["YOLO_VERBOSE"] = "false"
    import_torchvision()
    import ultralytics

    return ultralytics


def _candidates(query: Query) -> Iterator[Candidate]:
    yield from selected(_all(), query)


def _all() -> Iterator[Candidate]:
    import yaml

    ultralytics = _import()
    for file in sorted((Path(ultralytics.__file__).parent / "cfg" / "models").rglob("yolo*.yaml")):
        yield from _scaled(file, yaml.safe_load(file.read_text(encoding="utf-8")), ultralytics.__version__)
    for file in sorted((Path(ultralytics.__file__).parent / "cfg" / "models").rglob("rtdetr*.yaml")):
        yield from _scaled(file, yaml.safe_load(file.read_text(encoding="utf-8")), ultralytics.__version__)


def _scaled(file: Path, description: Mapping[str, Any], version: str) -> Iterator[Candidate]:
    last = description["head"][-1][2]
    for scale in description.get("scales") or ("",):
        name = _name(file.stem, scale)
        yield Candidate(
            id=f"ultralytics--{name}",
            hub="ultralytics",
            model=name,
            task=_TASKS.get(last, "object-detection"),
            family=re.sub(r"^(yolov?(\d+|e|)).*|^(rtdetr).*", r"\1\3", file.stem),
            licence="AGPL-3.0",
            recipe={"kind": "ultralytics", "file": f"{file.parent.name}/{file.name}", "scale": scale, "last": last},
            revision=version,
        )


def _name(stem: str, scale: str) -> str:
    """As users ask for it: `yolo11n-seg`; a scale that the name already ends with is not repeated."""
    if not scale or stem.endswith(f"-{scale}") or re.search(rf"\d{scale}$", stem):
        return stem
    named = re.sub(r"^(yolo(?:e-)?v?\d+)", rf"\g<1>{scale}", stem)
    return named if named != stem else f"{stem}-{scale}"


def _build(recipe: Mapping[str, Any]) -> TorchModel:
    ultralytics = _import()
    import torch
    import yaml
    from ultralytics.nn import tasks

    file = Path(ultralytics.__file__).parent / "cfg" / "models" / recipe["file"]
    description = yaml.safe_load(file.read_text(encoding="utf-8")) | {"scale": recipe["scale"]}
    last, size = recipe["last"], SIZE.get(recipe["last"], 640)
    module = getattr(tasks, _MODELS.get(last, "DetectionModel"))(description, verbose=False).eval().fuse(verbose=False)
    # what the library's own export to ONNX sets, whose graphs are those on hubs
    for part in module.modules():
        if hasattr(type(part), "export"):
            part.export, part.format, part.dynamic = True, "onnx", False
        if hasattr(part, "forward_split"):
            part.forward = part.forward_split
    return TorchModel(module, {"images": torch.zeros(1, 3, size, size)}, positional=True)


_MODELS = {
    "Classify": "ClassificationModel",
    "Depth": "DepthModel",
    "OBB": "OBBModel",
    "OBB26": "OBBModel",
    "Pose": "PoseModel",
    "Pose26": "PoseModel",
    "RTDETRDecoder": "RTDETRDetectionModel",
    "Segment": "SegmentationModel",
    "Segment26": "SegmentationModel",
    "SemanticSegment": "SemanticSegmentationModel",
    "WorldDetect": "WorldModel",
    "YOLOEDetect": "YOLOEModel",
    "YOLOESegment": "YOLOESegModel",
    "YOLOESegment26": "YOLOESegModel",
}
"""Last layer -> class that builds the model; `DetectionModel` for all others."""

SOURCE = Source(
    name="ultralytics",
    about="Ultralytics: every YOLO and RT-DETR description in each of its scales.",
    candidates=_candidates,
    build=_build,
    packages=("ultralytics", "torch"),
    preload=("torch", "torchvision"),
    extra="models",
)
