"""Configurations of transformers models: the default of a family, or one from the Hub."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from younger_hf.errors import ExportError

_BERT_DECODER = {"model_type": "bert", "is_decoder": True, "add_cross_attention": True}
_MUSICGEN = {"text_encoder": {"model_type": "t5"}, "audio_encoder": {"model_type": "encodec"}}

COMPOSED: Mapping[str, Mapping[str, Any]] = {
    "encoder-decoder": {"encoder": {"model_type": "bert"}, "decoder": _BERT_DECODER},
    "speech-encoder-decoder": {"encoder": {"model_type": "wav2vec2"}, "decoder": _BERT_DECODER},
    "vision-encoder-decoder": {"encoder": {"model_type": "vit"}, "decoder": {**_BERT_DECODER, "model_type": "gpt2"}},
    "vision-text-dual-encoder": {"vision_config": {"model_type": "vit"}, "text_config": {"model_type": "bert"}},
    "musicgen": {**_MUSICGEN, "decoder": {"model_type": "musicgen_decoder"}},
    "musicgen_melody": {**_MUSICGEN, "decoder": {"model_type": "musicgen_melody_decoder"}},
}
"""Families that join others and thus lack a default configuration -> their best-known parts."""


_ROPE = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [8, 12, 12], "partial_rotary_factor": 0.5}
_PER_LAYER = ("hidden_size_per_layer_input", "vocab_size_per_layer_input")
_SERIES = {"prediction_length": 24, "num_time_features": 2}

SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "autoformer": _SERIES,
    "aya_vision": {"vision_config": {"model_type": "siglip_vision_model", "num_attention_heads": 16}},
    "beit--AutoModelForSemanticSegmentation": {"out_indices": [3, 5, 7, 11]},
    "blip-2--AutoModelForZeroShotImageClassification": {"qformer_config": {"use_qformer_text_input": True}},
    "colmodernvbert": {"vlm_config": {"model_type": "modernvbert", "vision_config": {"image_size": 512}}},
    "data2vec-vision--AutoModelForSemanticSegmentation": {"out_indices": [3, 5, 7, 11]},
    "dots1": {"n_routed_experts": 128, "n_shared_experts": 2, "num_experts_per_tok": 6},
    "emu3": {
        "vocabulary_map": {
            "<image>": 151851,
            "<|extra_200|>": 151846,
            **{f"<|visual token {number:06}|>": 151854 + number for number in range(32768)},
        }
    },
    "esm": {"vocab_size": 33, "mask_token_id": 32, "pad_token_id": 1},
    "gemma3": {"vision_config": {"image_size": 896, "patch_size": 14}},
    "gemma4_assistant": {
        "text_config": {"model_type": "gemma4_text", **dict.fromkeys(_PER_LAYER, 0)},
    },
    "glm46v": {"text_config": {"model_type": "glm4v_text", "rope_parameters": _ROPE}},
    "glm4v": {"text_config": {"model_type": "glm4v_text", "rope_parameters": _ROPE}},
    "glm4v_text": {"rope_parameters": _ROPE},
    "granite_speech": {"projector_config": {"model_type": "blip_2_qformer", "encoder_hidden_size": 1024}},
    "granite_speech_plus": {"projector_config": {"model_type": "blip_2_qformer", "encoder_hidden_size": 1024}},
    "idefics3": {"vision_config": {"image_size": 364, "patch_size": 14}},
    "informer": _SERIES,
    "instructblipvideo": {"video_token_index": 50265},
    "lw_detr": {"projector_scale_factors": [1.0]},
    "modernvbert": {"vision_config": {"model_type": "siglip_vision_model", "image_size": 512}},
    "perceiver--PerceiverForImageClassificationConvProcessing": {"num_cross_attention_heads": 1, "d_model": 322},
    "perceiver--PerceiverForImageClassificationFourier": {"num_cross_attention_heads": 1, "d_model": 261},
    "shieldgemma2": {"vision_config": {"image_size": 896, "patch_size": 14}},
    "time_series_transformer": _SERIES,
    "ultravbert": {"vision_config": {"model_type": "siglip_vision_model", "image_size": 512}},
    "xmod": {"default_language": "en_XX"},
}
"""Family, or one of its heads -> authors' settings that its default configuration needs."""


def load_configuration(recipe: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Return the configuration of a recipe, and the settings changed so that its parts fit.

    Args:
        recipe: `model_type` and `overrides` of its defaults; or `config`, the path of a
            `config.json`.

    Raises:
        ExportError: If the file is missing, or the installed transformers does not know its family.
    """
    import transformers

    overrides = dict(recipe.get("overrides", {}))
    given: dict[str, Any] = {}
    settings: dict[str, Any] = {}
    if "config" in recipe:
        given = _read(Path(recipe["config"]))
        model_type = given.pop("model_type", recipe.get("model_type"))
    else:
        model_type = recipe["model_type"]
        given = deepcopy(dict(COMPOSED.get(model_type, {})))
        for part in ("", f"--{recipe['auto_class']}", f"--{recipe.get('architecture')}"):
            name = model_type + part
            settings |= {n: v for n, v in SETTINGS.get(name, {}).items() if n not in overrides}
    if model_type not in transformers.CONFIG_MAPPING:
        raise ExportError(f"transformers {transformers.__version__} has no model type {model_type!r}.")
    config_class = transformers.CONFIG_MAPPING[model_type]
    given |= settings | overrides
    config = config_class.from_dict(given) if "config" in recipe else config_class(**given)
    if recipe.get("architecture"):
        config.architectures = [recipe["architecture"]]
    elif config.architectures is None:
        config.architectures = []  # transformers iterates over it if a configuration has several models
    if recipe["auto_class"] == "AutoModelForCausalLM" and getattr(config, "is_decoder", None) is False:
        config.is_decoder = True  # else the language model of an encoder would see the words that it predicts
    for _, part in parts(config):
        if vars(part).get("use_cache"):
            part.use_cache = False
    return config, settings | _fit_parts(config)


def _fit_parts(config: Any) -> dict[str, Any]:
    """Make the parts of a configuration fit together, and return the changes.

    The parts of a few default configurations do not fit together.
    """
    changed: dict[str, Any] = {}
    for path, part in parts(config):
        width, heads = vars(part).get("hidden_size"), vars(part).get("num_attention_heads")
        if isinstance(vars(part).get("hidden_sizes"), tuple):
            part.hidden_sizes = list(part.hidden_sizes)  # as in a file: some models append a list to it
        if vars(part).get("head_dim", 0) is None and isinstance(width, int) and isinstance(heads, int):
            part.head_dim = changed[f"{path}.head_dim".strip(".")] = width // heads
        if vars(part).get("num_key_value_heads", 0) is None and isinstance(heads, int):
            part.num_key_value_heads = changed[f"{path}.num_key_value_heads".strip(".")] = heads
    text, vision = (vars(config).get(f"{name}_config") for name in ("text", "vision"))
    width = getattr(text, "hidden_size", None)
    if isinstance(width, int) and vars(vision or object).get("out_hidden_size", width) != width:
        vision.out_hidden_size = changed["vision_config.out_hidden_size"] = width
    return changed


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ExportError(f"{path}: expected the config.json of a model ({type(error).__name__}: {error}).") from error
    if not isinstance(found, dict):
        raise ExportError(f"{path}: expected a JSON object, found {type(found).__name__}.")
    # settings of the weights (precision, packing) would change or prevent the export
    for name in ("quantization_config", "torch_dtype", "dtype", "auto_map"):
        found.pop(name, None)
    return found


def parts(config: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield a configuration and those inside it, outer ones first, each with its path of names."""
    level = [(path, config)]
    while level:
        yield from level
        level = [
            (f"{path}.{name}", value)
            for path, part in level
            for name, value in vars(part).items()
            if hasattr(value, "model_type") and hasattr(value, "to_dict")
        ]


def look_up(config: Any, names: tuple[str, ...], kinds: tuple[str, ...] = ()) -> Any:
    """Return the first setting of one of these names that is not None.

    Args:
        config: The configuration; those inside it are searched too.
        names: Names of the setting, the best first.
        kinds: Words in the paths of the inner configurations to prefer, such as `vision`.
    """
    found = list(parts(config))
    preferred = [part for path, part in found if not path or any(kind in path for kind in kinds)]
    for part in [*preferred, *(part for _, part in found)]:
        for name in names:
            value = getattr(part, name, None)
            if value is not None:
                return value
    return None
