"""The builders of torchvision."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.sources.library_checks import check_listing, exported
from younger_hf.sources.libraries.torchvision import SOURCE

pytestmark = pytest.mark.models


def test_every_registered_builder_is_listed_with_its_task() -> None:
    candidates = check_listing(SOURCE)
    import torchvision

    assert torchvision.models.list_models() == [candidate.model for candidate in candidates]
    tasks = {candidate.model: candidate.task for candidate in candidates}
    assert {
        "resnet18": "image-classification",
        "fasterrcnn_resnet50_fpn": "object-detection",
        "keypointrcnn_resnet50_fpn": "keypoint-detection",
        "fcn_resnet50": "image-segmentation",
        "r3d_18": "video-classification",
        "quantized_resnet18": "image-classification",
    }.items() <= tasks.items()
    assert {c.model for c in candidates if c.variant} == {c.model for c in candidates if "quantized" in c.model}


@pytest.mark.parametrize(
    ("name", "operators"),
    [
        ("resnet18", {"Conv": 20, "Relu": 17, "Add": 8, "Gemm": 1}),
        ("r3d_18", {"Conv": 20, "Relu": 17, "Add": 8, "Gemm": 1}),
        ("quantized_resnet18", {"Conv": 20}),
    ],
)
def test_an_export_has_the_operators_of_the_paper(name: str, operators: dict[str, int]) -> None:
    dag = exported(SOURCE, name)
    found = Counter(dag.op_types)
    assert operators == {op: found[op] for op in operators}
    assert ("QuantizeLinear" in found) == name.startswith("quantized")


@pytest.mark.slow
def test_a_detector_keeps_its_suppression_and_its_regions() -> None:
    """Mask R-CNN pools regions of four levels for boxes, and again for masks."""
    found = Counter(exported(SOURCE, "maskrcnn_resnet50_fpn").op_types)
    assert 8 == found["RoiAlign"]
    assert found["NonMaxSuppression"] >= 1
