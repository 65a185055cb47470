"""Every family and head of transformers, and inputs for them."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch

from younger_hf.errors import ExportError
from younger_hf.export.lazy_weights import LazyWeights
from younger_hf.export.torchscript import export_module
from younger_hf.graph.read.extract import extract
from younger_hf.sources.candidate import Candidate
from younger_hf.sources.libraries.transformers import SOURCE, build
from younger_hf.sources.libraries.transformers_models.configuration import (
    COMPOSED,
    SETTINGS,
    load_configuration,
    look_up,
)
from younger_hf.sources.libraries.transformers_models.families import FAMILIES
from younger_hf.sources.source import Query, TorchModel
from younger_hf.sources.transformers_tasks import TASKS

transformers = pytest.importorskip("transformers")

_TOWER = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}


def recipe_of(model_type: str, auto_class: str, **overrides: Any) -> dict[str, Any]:
    return {"kind": "transformers", "model_type": model_type, "auto_class": auto_class, "overrides": overrides}


def built(recipe: dict[str, Any]) -> TorchModel:
    with LazyWeights():
        return build(recipe)


@pytest.fixture(scope="module")
def listed() -> list[Candidate]:
    return list(SOURCE.candidates(Query()))


def test_every_family_and_head_is_listed_once(listed: list[Candidate]) -> None:
    """1,569 in transformers 5.23; a class of several auto classes of one family counts once."""
    assert 1_000 < len(listed)
    families = {candidate.family for candidate in listed}
    assert families <= set(transformers.CONFIG_MAPPING)
    assert {"bert", "vit", "whisper", "llava", "t5", "encoder-decoder"} <= families
    bert = {c.recipe["auto_class"] for c in listed if c.family == "bert"}
    assert {"AutoModel", "AutoModelForMaskedLM", "AutoModelForCausalLM", "AutoModelForMultipleChoice"} <= bert
    assert "AutoModelForTextEncoding" not in bert  # the same model as AutoModel


def test_identifiers_are_unique_and_safe_as_file_names(listed: list[Candidate]) -> None:
    counted = Counter(candidate.id.lower() for candidate in listed)
    assert {1} == set(counted.values())
    assert all(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{1,120}", name) for name in counted)


def test_every_candidate_has_a_task_and_a_json_recipe(listed: list[Candidate]) -> None:
    for candidate in listed:
        assert candidate.task or candidate.recipe["auto_class"] == "AutoModelForPreTraining"
        assert Candidate.from_record(json.loads(json.dumps(candidate.to_record()))) == candidate
    assert set(TASKS) >= {candidate.recipe["auto_class"] for candidate in listed}


def test_a_head_with_several_classes_is_several_candidates() -> None:
    found = [c.recipe.get("architecture") for c in SOURCE.candidates(Query(only=("deit--AutoModelForImage*",)))]
    assert [None, "DeiTForImageClassificationWithTeacher"] == found


def test_a_query_narrows_the_list() -> None:
    found = list(SOURCE.candidates(Query(only=("bert--*",), tasks=("fill-mask",))))
    assert ["bert--AutoModelForMaskedLM"] == [candidate.model for candidate in found]


def test_the_tables_name_families_of_the_library() -> None:
    known = set(transformers.CONFIG_MAPPING)
    assert {name.split("--")[0] for name in (*SETTINGS, *COMPOSED, *FAMILIES)} <= known


@pytest.mark.parametrize(
    ("recipe", "shapes"),
    [
        (
            recipe_of("bert", "AutoModelForMultipleChoice", **_TOWER),
            {"input_ids": (1, 2, 16), "attention_mask": (1, 2, 16)},
        ),
        (
            recipe_of("siglip2_vision_model", "AutoModel", **_TOWER, num_patches=16, patch_size=4),
            {"pixel_values": (1, 16, 48), "pixel_attention_mask": (1, 16), "spatial_shapes": (1, 2)},
        ),
        (
            recipe_of("decision_transformer", "AutoModel", n_layer=1, hidden_size=32, n_head=2),
            {
                "states": (1, 16, 17),
                "actions": (1, 16, 4),
                "rewards": (1, 16, 1),
                "returns_to_go": (1, 16, 1),
                "timesteps": (1, 16),
                "attention_mask": (1, 16),
            },
        ),
        (
            recipe_of(
                "patchtst", "AutoModel", context_length=32, num_input_channels=3, d_model=32, num_hidden_layers=1
            ),
            {"past_values": (1, 32, 3)},
        ),
        (
            recipe_of("vivit", "AutoModel", **_TOWER, image_size=32, num_frames=4, tubelet_size=[2, 16, 16]),
            {"pixel_values": (1, 4, 3, 32, 32)},
        ),
    ],
    ids=lambda value: value.get("model_type", ""),
)
def test_a_model_runs_on_its_example_inputs(recipe: dict[str, Any], shapes: dict[str, tuple[int, ...]]) -> None:
    model = built(recipe)
    assert shapes == {name: tuple(value.shape) for name, value in model.inputs.items()}
    with torch.no_grad():
        model.module(**model.inputs, **model.extra)


LLAVA = recipe_of(
    "llava",
    "AutoModelForImageTextToText",
    text_config={"model_type": "llama", **_TOWER, "num_key_value_heads": 2, "vocab_size": 100},
    vision_config={"model_type": "clip_vision_model", **_TOWER, "image_size": 32, "patch_size": 8},
)


def test_text_has_a_placeholder_for_every_feature_of_an_image() -> None:
    """An image has 16 patches; the default placeholder, 32000, exceeds so small a vocabulary."""
    model = built(LLAVA)
    token = model.module.config.image_token_id
    assert 99 == token
    assert 16 == int((model.inputs["input_ids"] == token).sum())
    with torch.no_grad():
        logits = model.module(**model.inputs, **model.extra).logits
    assert (1, 32, 100) == tuple(logits.shape)


MIXTRAL = recipe_of(
    "mixtral",
    "AutoModelForCausalLM",
    **_TOWER,
    num_key_value_heads=2,
    vocab_size=100,
    num_local_experts=64,
    head_dim=16,
)


def test_experts_are_one_gather_however_many_there_are() -> None:
    few, many = (
        extract(_exported({**MIXTRAL, "overrides": {**MIXTRAL["overrides"], "num_local_experts": count}}))
        for count in (8, 64)
    )
    assert few.op_types == many.op_types
    assert "batched_mm" == built(MIXTRAL).notes["experts"]


def test_gathering_is_as_before_after_a_mixture_of_experts_was_run() -> None:
    model = built(MIXTRAL)
    with torch.no_grad():
        model.module(**model.inputs, **model.extra)
    table = torch.arange(6.0).reshape(3, 2)
    assert [[4.0, 5.0], [0.0, 1.0]] == table[torch.tensor([2, 0])].tolist()


def _exported(recipe: dict[str, Any]) -> Any:
    model = built(recipe)
    return export_module(model.module, model.inputs, model.extra)


def test_a_configuration_of_the_hub_is_read_from_its_file(tmp_path: Path) -> None:
    """Settings of the weights are dropped: precision and packing are not architecture."""
    file = tmp_path / "config.json"
    file.write_text(
        json.dumps({"model_type": "bert", **_TOWER, "dtype": "bfloat16", "quantization_config": {"bits": 4}})
    )
    model = built({"kind": "transformers", "auto_class": "AutoModelForMaskedLM", "config": str(file)})
    assert 1 == model.module.config.num_hidden_layers
    assert {torch.float32} == {parameter.dtype for parameter in model.module.parameters()}


@pytest.mark.parametrize("content", ["[]", "{", '{"model_type": "no_such_model"}'])
def test_an_invalid_configuration_file_is_refused(tmp_path: Path, content: str) -> None:
    file = tmp_path / "config.json"
    file.write_text(content)
    with pytest.raises(ExportError):
        load_configuration({"auto_class": "AutoModel", "config": str(file)})


def test_what_a_default_configuration_lacked_is_noted() -> None:
    """ESM has no default vocabulary; the library's default Mixtral lacks the size of a head."""
    _, settings = load_configuration(recipe_of("esm", "AutoModel"))
    assert {"vocab_size": 33, "mask_token_id": 32, "pad_token_id": 1} == settings
    assert {"head_dim": 128} == load_configuration(recipe_of("mixtral", "AutoModel"))[1]
    assert {} == load_configuration(recipe_of("bert", "AutoModel"))[1]


def test_an_encoder_is_a_decoder_as_a_causal_language_model() -> None:
    assert load_configuration(recipe_of("bert", "AutoModelForCausalLM"))[0].is_decoder
    assert not load_configuration(recipe_of("bert", "AutoModelForMaskedLM"))[0].is_decoder


def test_settings_are_looked_up_in_the_right_part() -> None:
    config = load_configuration(recipe_of("clip", "AutoModel", vision_config={"hidden_size": 48}))[0]
    assert 48 == look_up(config, ("hidden_size",), ("vision",))
    assert 512 == look_up(config, ("hidden_size",), ("text",))
    assert None is look_up(config, ("no_such_setting",))
