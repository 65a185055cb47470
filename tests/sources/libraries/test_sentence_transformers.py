"""Sentence encoders of sentence-transformers."""

from __future__ import annotations

import pytest

from tests.sources.library_checks import check_listing, exported
from younger_hf.sources.libraries.sentence_transformers import SOURCE

pytestmark = pytest.mark.models


def test_every_head_of_every_family_is_listed() -> None:
    names = {candidate.model for candidate in check_listing(SOURCE)}
    assert {"bert--mean", "bert--cls--normalize", "t5--mean--dense--normalize", "qwen3--lasttoken--normalize"} <= names


@pytest.mark.slow
def test_a_head_adds_its_pooling_and_what_follows() -> None:
    mean, normalized = (list(exported(SOURCE, f"distilbert--{head}").op_types) for head in ("mean", "mean--normalize"))
    assert mean.count("MatMul") + mean.count("Gemm") == normalized.count("MatMul") + normalized.count("Gemm")
    assert "ReduceL2" not in mean
    assert 1 == normalized.count("ReduceL2")
