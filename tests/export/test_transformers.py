"""Architectures of transformers from recipes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.export.tiny import export_transformers, recipe
from younger_hf.errors import ExportError
from younger_hf.graph.read.extract import extract
from younger_hf.sources.libraries.transformers_models.inputs import SAMPLES, SEQUENCE

_LEVIT = {
    "image_size": 32,
    "hidden_sizes": [16, 24],
    "num_attention_heads": [2, 3],
    "depths": [1, 1],
    "key_dim": [8, 8],
    "down_ops": [["Subsample", 8, 2, 4, 2, 2], [""]],
    "mlp_ratio": [2, 2],
    "attention_ratio": [2, 2],
}
_WHISPER = {
    "vocab_size": 200,
    "d_model": 32,
    "encoder_layers": 1,
    "decoder_layers": 1,
    "encoder_attention_heads": 2,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 32,
    "decoder_ffn_dim": 32,
    "max_source_positions": 20,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "decoder_start_token_id": 1,
    "num_mel_bins": 8,
}
_TOWER = {"hidden_size": 32, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
_SPEECH = {"conv_dim": [8, 8], "conv_stride": [5, 64], "conv_kernel": [10, 64], "num_conv_pos_embeddings": 4}


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("model_recipe", "inputs"),
    [
        (
            recipe("whisper", "AutoModelForSpeechSeq2Seq", **_WHISPER),
            {
                "input_features": (1, 8, 40),
                "decoder_input_ids": (1, SEQUENCE),
                "decoder_attention_mask": (1, SEQUENCE),
            },
        ),
        (
            recipe("wav2vec2", "AutoModel", num_feat_extract_layers=2, **_SPEECH, **_TOWER),
            {"input_values": (1, SAMPLES)},
        ),
        (
            recipe(
                "clip",
                "AutoModel",
                text_config={**_TOWER, "vocab_size": 100, "eos_token_id": 20},
                vision_config={**_TOWER, "image_size": 32, "patch_size": 16},
            ),
            {"input_ids": (1, SEQUENCE), "attention_mask": (1, SEQUENCE), "pixel_values": (1, 3, 32, 32)},
        ),
        (
            recipe("levit", "AutoModelForImageClassification", **_LEVIT),
            {"pixel_values": (1, 3, 32, 32)},
        ),
    ],
    ids=lambda value: value.get("model_type", ""),
)
def test_every_kind_of_input_is_passed_by_name(
    model_recipe: dict[str, Any], inputs: dict[str, tuple[int, ...]]
) -> None:
    dag = extract(export_transformers(model_recipe))
    found = {item.name: item.shape for item in dag.inputs if item.kind == "graph_input"}
    assert inputs == found
    assert 20 < dag.num_nodes


def test_overrides_change_the_model() -> None:
    sizes = {"hidden_size": 32, "num_attention_heads": 2, "intermediate_size": 32}
    one, two = (
        extract(export_transformers(recipe("bert", "AutoModel", num_hidden_layers=layers, **sizes)))
        for layers in (1, 2)
    )
    layer = two.num_nodes - one.num_nodes
    assert one.op_types.count("Softmax") + 1 == two.op_types.count("Softmax")
    assert 30 < layer < 50


@pytest.mark.parametrize(
    ("model_recipe", "named"),
    [
        (recipe("bert", "AutoModelForNothing"), "AutoModelForNothing"),
        (recipe("bert", "AutoModelForImageClassification"), "BertConfig"),
        (recipe("bert", "AutoModel", hidden_size=7), "hidden size (7)"),
    ],
)
def test_a_recipe_that_builds_no_model_is_reported_with_the_reason(model_recipe: dict[str, Any], named: str) -> None:
    with pytest.raises(ExportError) as caught:
        export_transformers(model_recipe)
    assert caught.value.message.startswith(f"{model_recipe['model_type']}: the model cannot be built (")
    assert named in caught.value.message
    assert "\n" not in caught.value.message
    assert len(caught.value.message) < 400


def test_a_family_that_the_library_lacks_is_named() -> None:
    with pytest.raises(ExportError, match="has no model type 'no_such_model'"):
        export_transformers(recipe("no_such_model", "AutoModel"))
