"""Identifiers, licences and variants, derived from the names that hubs use."""

from __future__ import annotations

import doctest
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from younger_hf.sources import identifier as identifier_module
from younger_hf.sources import licence as licence_module
from younger_hf.sources.hubs import huggingface_config as config_module
from younger_hf.sources.hubs import onnx_variant as variant_module
from younger_hf.sources.hubs.onnx_variant import name_variant
from younger_hf.sources.identifier import LONGEST, identifier
from younger_hf.sources.licence import spdx

NAMES = st.lists(st.text("abA0-_./ é\0", min_size=1, max_size=8), min_size=1, max_size=3)


@pytest.mark.parametrize("module", [config_module, identifier_module, licence_module, variant_module])
def test_docstring_examples_are_correct(module: object) -> None:
    result = doctest.testmod(module)  # type: ignore[arg-type]
    assert result.attempted
    assert not result.failed


@given(NAMES, NAMES)
def test_identifiers_are_plain_and_distinct(first: list[str], second: list[str]) -> None:
    for names in (first, second):
        assert re.fullmatch(r"[A-Za-z0-9._-]+", identifier("hub", *names))
    if [name.replace("/", "\1") for name in first] != [name.replace("/", "\1") for name in second]:
        same = "/".join(first) == "/".join(second)  # "a/b" and ("a", "b") are the same place
        assert same or identifier("hub", *first) != identifier("hub", *second)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (("a b",), ("a_b",)),
        (("é",), ("è",)),
        (("a--b",), ("a", "b")),
        (("a--b",), ("a/b",)),
        (("a-", "b"), ("a", "-b")),
        (("a/", "b"), ("a", "/b")),
        (("",), ("/",)),
    ],
)
def test_names_that_look_alike_stay_distinct(first: tuple[str, ...], second: tuple[str, ...]) -> None:
    assert identifier("hub", *first) != identifier("hub", *second)


def test_a_long_name_stays_distinct_and_short() -> None:
    names = [identifier("hub", "x" * 300 + end) for end in "ab"]
    assert names[0] != names[1]
    assert all(len(name) <= LONGEST for name in names)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        *(("gpl-3.0", "GPL-3.0-only"), ("agpl-3.0", "AGPL-3.0-only"), ("cc-by-nc-sa-4.0", "CC-BY-NC-SA-4.0")),
        *(("bigscience-bloom-rail-1.0", "LicenseRef-bigscience-bloom-rail-1.0"), ("other", ""), (None, ""), (5, "")),
        *(
            (["apache-2.0", "mit"], "Apache-2.0 OR MIT"),
            ("MIT License", "MIT"),
            ("my own <b>licence</b>", "LicenseRef-my-own-b-licence-b"),
        ),
    ],
)
def test_licences_get_their_spdx_name(name: object, expected: str) -> None:
    assert expected == spdx(name)


@pytest.mark.parametrize(
    ("file", "repo", "expected"),
    [
        ("model.onnx", "facebook/opt-125m", ""),
        ("model.onnx", "open-o1/o1", ""),
        ("model.onnx", "org/bert-int8", "int8"),
        ("int4/model.onnx", "org/bert", "int4"),
        ("cpu_and_mobile/cpu-int4-rtn-block-32/phi3.onnx", "", "int4"),
        ("onnx/model_bnb4.onnx", "", "int4"),
        ("onnx/model_uint8.onnx", "", "int8"),
        ("model_optimized_quantized.onnx", "", "quantized-ort-fused"),
        ("onnx/decoder_with_past_model.onnx", "", ""),
        ("resnet50.onnx", "half/org", "fp16"),
    ],
)
def test_variants_are_recognised_by_file_names(file: str, repo: str, expected: str) -> None:
    assert expected == name_variant(file, repo)
