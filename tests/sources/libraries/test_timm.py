"""The entry points of timm."""

from __future__ import annotations

import pytest

from tests.sources.library_checks import check_listing, exported, listed
from younger_hf.sources.libraries.timm import SOURCE

pytestmark = pytest.mark.models


def test_every_entry_point_is_listed() -> None:
    candidates = check_listing(SOURCE)
    import timm

    assert timm.list_models() == [candidate.model for candidate in candidates]
    assert len(candidates) > 1000
    assert {candidate.family for candidate in candidates} == set(timm.list_modules()) & {c.family for c in candidates}


def test_models_without_a_classifier_return_features() -> None:
    (classifier,) = listed(SOURCE, "resnet18")
    (encoder,) = listed(SOURCE, "samvit_base_patch16")
    assert ("image-classification", "image-feature-extraction") == (classifier.task, encoder.task)


@pytest.mark.parametrize(
    ("name", "licence"),
    [("resnet18", "Apache-2.0"), ("convnext_tiny", "Apache-2.0"), ("res2net50d", ""), ("seresnet50", "Apache-2.0")],
)
def test_licences_are_spdx_or_unknown(name: str, licence: str) -> None:
    (candidate,) = listed(SOURCE, name)
    assert licence == candidate.licence


@pytest.mark.parametrize(
    ("name", "operators"),
    [
        # the papers: 20 convolutions (16 in blocks, the stem, 3 shortcuts), 17 rectifiers;
        # 12 blocks of two products and a softmax
        ("resnet18", {"Conv": 20, "Relu": 17, "Add": 8, "Gemm": 1}),
        ("vit_tiny_patch16_224", {"Softmax": 12, "LayerNormalization": 25}),
    ],
)
def test_an_export_has_the_operators_of_the_paper(name: str, operators: dict[str, int]) -> None:
    dag = exported(SOURCE, name)
    found = list(dag.op_types)
    assert operators == {op: found.count(op) for op in operators}


def test_images_have_the_input_size_of_the_model() -> None:
    assert SOURCE.build is not None
    model = SOURCE.build({"kind": "timm", "name": "inception_v3"})
    assert (1, 3, 299, 299) == tuple(model.inputs["x"].shape)
