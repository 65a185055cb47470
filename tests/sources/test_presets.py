"""Named sets of models."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest
import transformers

from younger_hf.errors import SourceError
from younger_hf.sources.candidate import Candidate
from younger_hf.sources.presets import preset

MINI = preset("mini")
FROM_TRANSFORMERS = [candidate for candidate in MINI if candidate.hub == "transformers"]


def test_mini_is_large_and_varied_enough() -> None:
    assert 45 <= len(MINI)
    assert 25 <= len({candidate.family for candidate in MINI})
    assert {"onnx", "transformers"} == {candidate.hub for candidate in MINI}
    assert all(candidate.task and candidate.family for candidate in MINI)
    assert {"Apache-2.0"} == {candidate.licence for candidate in MINI}


def test_identifiers_are_unique_sorted_and_safe_as_file_names() -> None:
    identifiers = [candidate.id for candidate in MINI]
    assert sorted(set(identifiers)) == identifiers
    assert all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{1,100}", name) for name in identifiers)
    assert len(identifiers) == len({name.lower() for name in identifiers})  # some file systems do not tell case apart


def test_the_same_preset_is_the_same_every_time() -> None:
    assert MINI == preset("mini")


def test_light_models_are_in_the_installed_onnx_package() -> None:
    """There are eight in every release of onnx so far."""
    light = [candidate for candidate in MINI if candidate.hub == "onnx"]
    assert 8 <= len(light)
    assert all(Path(candidate.recipe["path"]).is_file() for candidate in light)
    assert {"resnet", "squeezenet", "vgg"} <= {candidate.family for candidate in light}


@pytest.mark.heavy
@pytest.mark.parametrize("candidate", FROM_TRANSFORMERS, ids=lambda candidate: candidate.model)
def test_the_installed_transformers_has_the_class_for_every_recipe(candidate: Candidate) -> None:
    recipe = candidate.recipe
    config = transformers.CONFIG_MAPPING[recipe["model_type"]]
    assert config in getattr(transformers, recipe["auto_class"])._model_mapping


def test_no_recipe_shrinks_a_model_and_all_are_json() -> None:
    for candidate in FROM_TRANSFORMERS:
        assert {} == candidate.recipe["overrides"]
        assert candidate.recipe == json.loads(json.dumps(candidate.recipe))


def test_no_architecture_is_in_it_twice() -> None:
    counted = Counter((c.recipe["model_type"], c.recipe["auto_class"]) for c in FROM_TRANSFORMERS)
    assert {1} == set(counted.values())


def test_an_unknown_preset_is_named_with_the_known_ones() -> None:
    with pytest.raises(SourceError, match=r"Unknown preset 'maxi'; expected one of: mini\."):
        preset("maxi")
