"""The networks of diffusers."""

from __future__ import annotations

import pytest

from tests.sources.library_checks import check_listing, exported
from younger_hf.sources.libraries.diffusers import SOURCE

pytestmark = pytest.mark.models


def test_networks_of_each_kind_are_listed() -> None:
    names = {candidate.model for candidate in check_listing(SOURCE)}
    assert {"UNet2DConditionModel", "AutoencoderKL", "FluxTransformer2DModel", "ControlNetModel"} <= names
    assert "MultiControlNetModel" not in names  # it is made of others


def test_an_autoencoder_has_an_encoder_and_a_decoder() -> None:
    found = list(exported(SOURCE, "AutoencoderKL").op_types)
    assert {"Conv", "InstanceNormalization", "Softmax"} <= set(found)


@pytest.mark.slow
def test_the_conditional_u_net_attends_to_itself_and_to_the_prompt() -> None:
    """The default has 16 transformer blocks: two per level down, three per level up, one between.

    Each of them attends twice.
    """
    found = list(exported(SOURCE, "UNet2DConditionModel").op_types)
    assert 32 == found.count("Softmax")
