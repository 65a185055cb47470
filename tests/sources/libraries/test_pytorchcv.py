"""The models of pytorchcv."""

from __future__ import annotations

import pytest

from tests.sources.library_checks import check_listing, exported
from younger_hf.sources.libraries.pytorchcv import SOURCE

pytestmark = pytest.mark.models


def test_a_model_is_listed_once_for_all_the_data_it_was_trained_on() -> None:
    names = {candidate.model for candidate in check_listing(SOURCE)}
    assert {"resnet20_cifar10", "resnet50", "pspnet_resnetd50b_voc", "quartznet15x5_en", "ntsnet_cub"} <= names
    assert set() == names & {"resnet20_cifar100", "resnet20_svhn", "resnet50_cub", "pspnet_resnetd50b_coco"}
    assert set() == names & {"quartznet15x5_fr", "quartznet15x5_ru34"}


def test_omitted_models_have_the_graph_of_a_listed_one() -> None:
    from pytorchcv.model_provider import _models

    listed = {candidate.model for candidate in check_listing(SOURCE)}
    left = sorted(set(_models) - listed)
    assert len(listed) + len(left) == len(_models)
    assert {"resnet20_svhn", "quartznet15x5_de"} <= set(left)
    assert SOURCE.build is not None
    twins = []
    for name in ("resnet20_cifar10", "resnet20_svhn"):
        module = SOURCE.build({"kind": "pytorchcv", "name": name}).module
        twins.append(str(module).replace("out_features=10", "").replace("out_features=100", ""))
    assert twins[0] == twins[1]


@pytest.mark.parametrize(
    ("name", "convolutions"),
    # Jasper: 5 blocks of 3 with a shortcut each, one before, three after
    [("alexnet", 5), ("resnet20_cifar10", 21), ("jasper5x3", 24)],
)
def test_a_model_is_exported_as_it_was_published(name: str, convolutions: int) -> None:
    assert convolutions == list(exported(SOURCE, name).op_types).count("Conv")
