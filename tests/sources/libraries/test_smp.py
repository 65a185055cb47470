"""The architectures and encoders of segmentation-models-pytorch."""

from __future__ import annotations

from fnmatch import fnmatchcase

import pytest

from tests.sources.library_checks import check_listing, exported
from younger_hf.export.lazy_weights import LazyWeights
from younger_hf.sources.libraries import smp
from younger_hf.sources.libraries.smp import SOURCE
from younger_hf.sources.libraries.torchvision_operators import declare_torchvision_operators

pytestmark = pytest.mark.models


def test_every_architecture_is_listed_on_many_encoders() -> None:
    candidates = check_listing(SOURCE)
    import segmentation_models_pytorch as library

    families = [candidate.family for candidate in candidates]
    assert set(library.MODEL_ARCHITECTURES_MAPPING) == set(families)
    assert len(library.encoders.encoders) == families.count("unet")
    assert all(families.count(family) > 50 for family in families)


@pytest.mark.slow
def test_pairs_that_are_left_out_are_those_that_the_library_refuses() -> None:
    declare_torchvision_operators()
    import segmentation_models_pytorch as library

    for architecture, patterns in smp._REFUSED.items():
        if architecture in smp._TRANSFORMERS:
            continue
        for encoder in library.encoders.encoders:
            refused = any(fnmatchcase(encoder, pattern) for pattern in patterns)
            try:
                with LazyWeights():
                    library.create_model(architecture, encoder, encoder_weights=None)
            except ValueError:
                assert refused, f"{architecture}/{encoder} is listed, but refused"
            else:
                assert not refused, f"{architecture}/{encoder} is left out, but can be built"


def test_the_u_net_has_a_decoder_of_five_steps() -> None:
    """20 convolutions of the encoder, two in each step, one for the mask."""
    found = list(exported(SOURCE, "unet/resnet18").op_types)
    assert (5, 31) == (found.count("Resize"), found.count("Conv"))


def test_pyramids_of_pools_can_be_exported() -> None:
    assert "AveragePool" in set(exported(SOURCE, "pspnet/resnet18").op_types)
