"""Architectures of the installed `transformers`, from their default configurations, without weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from textwrap import shorten
from typing import Any

import onnx
import torch
from torch import Tensor

from younger_hf.errors import ExportError, MissingDependencyError
from younger_hf.export.lazy import LazyWeights
from younger_hf.export.torchscript import export_module

SEQUENCE = 16
"""Tokens of the example input; shapes are static, so it is part of the exported constants."""
SAMPLES = 16_000
"""Audio samples of the example input: one second at 16 kHz."""
REASON = 300
"""Most characters kept of what the library says is wrong; it can list all its models."""


def export_transformers(recipe: Mapping[str, Any]) -> onnx.ModelProto:
    """Export an architecture of `transformers`.

    Args:
        recipe: `model_type`, `auto_class` (as `AutoModel`), `inputs` (one of `INPUTS`) and `overrides` of the default configuration.

    Returns:
        A stripped model.

    Raises:
        ExportError: If the model cannot be built or exported.
        MissingDependencyError: If transformers is not installed.
    """
    try:
        import transformers
    except ModuleNotFoundError as error:
        raise MissingDependencyError("transformers", "sources") from error
    transformers.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    torch.manual_seed(0)
    try:
        config = transformers.CONFIG_MAPPING[recipe["model_type"]](**recipe["overrides"])
        auto_class = getattr(transformers, recipe["auto_class"])
        with LazyWeights():
            module = _build(auto_class, config)
        inputs, extra = INPUTS[recipe["inputs"]](config)
    except Exception as error:  # the library raises anything on a configuration it does not like
        reason = shorten(str(error), REASON, placeholder=" ...")
        raise ExportError(
            f"{recipe['model_type']}: the model cannot be built ({type(error).__name__}: {reason})."
        ) from error
    return export_module(module, inputs, extra)


def _build(auto_class: Any, config: Any) -> torch.nn.Module:
    """Eager attention where the model has it: the others are one opaque call or cannot be traced."""
    if config.architectures is None:
        config.architectures = []  # transformers walks through it where a configuration has more than one model (LeViT)
    try:
        module: torch.nn.Module = auto_class.from_config(config, attn_implementation="eager")
    except (ValueError, TypeError):
        module = auto_class.from_config(config)
    return module


def _tokens() -> dict[str, Tensor]:
    ids = torch.arange(SEQUENCE, dtype=torch.long).unsqueeze(0) + 5
    return {"input_ids": ids, "attention_mask": torch.ones_like(ids)}


def _decoder_tokens() -> dict[str, Tensor]:
    """With a mask: without one, the models look for packed sequences in a way that ONNX cannot say (`aten::diff`)."""
    return {f"decoder_{name}": value for name, value in _tokens().items()}


def _pixels(config: Any) -> Tensor:
    size = getattr(config, "image_size", None) or 224
    height, width = size if isinstance(size, list | tuple) else (size, size)
    return torch.zeros(1, getattr(config, "num_channels", 3), height, width)


def _text(config: Any) -> tuple[dict[str, Tensor], dict[str, Any]]:
    return _tokens(), {"use_cache": False} if hasattr(config, "use_cache") else {}


def _sequence_to_sequence(config: Any) -> tuple[dict[str, Tensor], dict[str, Any]]:
    tokens = _tokens()
    return {**tokens, **_decoder_tokens()}, {"use_cache": False}


def _image(config: Any) -> tuple[dict[str, Tensor], dict[str, Any]]:
    return {"pixel_values": _pixels(config)}, {}


def _audio(config: Any) -> tuple[dict[str, Tensor], dict[str, Any]]:
    return {"input_values": torch.zeros(1, SAMPLES)}, {}


def _spectrogram(config: Any) -> tuple[dict[str, Tensor], dict[str, Any]]:
    frames = 2 * config.max_source_positions
    features = torch.zeros(1, config.num_mel_bins, frames)
    return {"input_features": features, **_decoder_tokens()}, {"use_cache": False}


def _image_and_text(config: Any) -> tuple[dict[str, Tensor], dict[str, Any]]:
    return {**_tokens(), "pixel_values": _pixels(config.vision_config)}, {}


INPUTS: Mapping[str, Callable[[Any], tuple[dict[str, Tensor], dict[str, Any]]]] = {
    "text": _text,
    "sequence_to_sequence": _sequence_to_sequence,
    "image": _image,
    "audio": _audio,
    "spectrogram": _spectrogram,
    "image_and_text": _image_and_text,
}
"""Kind of input -> example inputs by name, and the other arguments of `forward`, for a configuration."""
