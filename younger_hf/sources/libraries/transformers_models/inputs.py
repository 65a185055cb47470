"""Example inputs of a transformers model, derived from its signature and configuration."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from younger_hf.errors import ExportError
from younger_hf.sources.libraries.transformers_models.configuration import look_up
from younger_hf.sources.libraries.transformers_models.families import FAMILIES
from younger_hf.sources.libraries.transformers_models.placeholders import insert_placeholders
from younger_hf.sources.libraries.transformers_models.subject import Subject, grey, image_size

SEQUENCE = 16
"""Tokens of the example input, which become part of the static shapes."""
SAMPLES = 16_000
"""Audio samples of the example input: one second at 16 kHz."""
FRAMES = 96
"""Default frames of a spectrogram, about one second; encoders halve them up to five times."""
CHOICES = 2
"""Answers of a multiple-choice question."""

_VISION = ("vision", "image", "visual", "backbone", "encoder")
_AUDIO = ("audio", "speech", "encoder")
_ALWAYS = (
    *("input_ids", "attention_mask", "decoder_input_ids", "decoder_attention_mask", "bbox"),
    *("pixel_values", "image_grid_thw", "input_values", "input_features"),
)
"""Inputs that are passed whenever the signature has them."""
_MAIN: Mapping[str, tuple[str, ...]] = {
    "pixel_values_videos": ("pixel_values",),
    "inputs": ("input_ids", "pixel_values", "input_values"),
}
"""Inputs that are passed unless the signature has one of these."""


def make_inputs(module: Any, config: Any) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Make the inputs for one call of a model.

    Args:
        module: The model.
        config: Its configuration.

    Returns:
        Name -> tensor of each graph input in the order of the signature, and the other arguments of
        `forward`.

    Raises:
        ExportError: If a required input lacks an example.
    """
    parameters = inspect.signature(module.forward).parameters
    named = {n: p for n, p in parameters.items() if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)}
    subject = Subject(module, config, tuple(named))
    family = FAMILIES.get(config.model_type)
    known = dict(family(subject)) if family is not None else {}

    def provide(name: str) -> Tensor | None:
        if name in known:
            return known[name]
        return _PROVIDERS[name](subject) if name in _PROVIDERS else None

    required = [n for n, p in named.items() if p.default is p.empty]
    main = [name for name in _MAIN if name in named and not any(better in named for better in _MAIN[name])]
    found = {name: provide(name) for name in (*required, *known, *main, *_ALWAYS) if name in named}
    inputs = {name: value for name, value in found.items() if value is not None}
    for name in required:
        if name not in inputs:
            raise ExportError(f"{type(module).__name__}: the required input {name!r} lacks an example.")
    if "attention_mask" not in (*required, *known) and "input_ids" not in inputs:
        inputs.pop("attention_mask", None)  # it would cover samples or patches
    inputs = insert_placeholders(subject, inputs, provide)
    extra = {"use_cache": False} if "use_cache" in named else {}
    return {name: inputs[name] for name in named if name in inputs}, extra


def _tokens(subject: Subject) -> Tensor:
    """Make words and an end of the sequence, which some heads look for."""
    vocabulary = look_up(subject.config, ("vocab_size",), ("text", "decoder")) or SEQUENCE + 5
    ids = (torch.arange(SEQUENCE, dtype=torch.long) + 5) % vocabulary
    end = look_up(subject.config, ("eos_token_id",), ("text",))
    if isinstance(end, int) and 0 <= end < vocabulary:
        ids[ids == end] = 4
        ids[-1] = end
    ids = ids.unsqueeze(0)
    if "ForMultipleChoice" in type(subject.module).__name__:
        ids = ids.unsqueeze(1).expand(1, CHOICES, SEQUENCE).contiguous()
    return ids


def _mask(subject: Subject) -> Tensor:
    return torch.ones_like(_tokens(subject))


def _decoder_tokens(subject: Subject) -> Tensor:
    vocabulary = look_up(subject.config, ("vocab_size",), ("decoder", "text")) or SEQUENCE + 5
    return ((torch.arange(SEQUENCE, dtype=torch.long) + 5) % vocabulary).unsqueeze(0)


def _pixels(subject: Subject) -> Tensor:
    if _grid_name(subject):
        return _patches(subject)
    height, width = image_size(subject.config)
    return grey(1, channels(subject.config), height, width)


def channels(config: Any) -> int:
    """Return the number of colour channels of an image."""
    found = look_up(config, ("num_channels", "in_channels", "in_chans"), _VISION) or 3
    return int(found)


def _frames(subject: Subject) -> Tensor:
    frames = look_up(subject.config, ("num_frames", "frames_per_clip"), _VISION) or 2
    return grey(1, int(frames), channels(subject.config), *image_size(subject.config))


def _grid_name(subject: Subject) -> str:
    return next((name for name in ("image_grid_thw", "grid_thw") if name in subject.names), "")


def _grid(subject: Subject) -> Tensor:
    """Make the frames, rows and columns of one image of a few patches."""
    merge = look_up(subject.config, ("spatial_merge_size", "merge_size", "merge_kernel_size"), _VISION) or 2
    merge = max(merge) if isinstance(merge, list | tuple) else merge
    return torch.tensor([[1, 4 * merge, 4 * merge]], dtype=torch.long)


def _patches(subject: Subject) -> Tensor:
    """Make the patches of the image of `_grid`, each a vector of its pixels."""
    config = subject.config
    patch = look_up(config, ("patch_size",), _VISION) or 14
    frames = look_up(config, ("temporal_patch_size",), _VISION) or 1
    count = int(_grid(subject).prod())
    return grey(count, channels(config) * int(frames) * int(patch) ** 2)


def _embedded_patches(subject: Subject) -> Tensor:
    """Make the input that vision towers call hidden states, before their patch embedding."""
    if _grid_name(subject):
        return _patches(subject)
    return torch.zeros(1, SEQUENCE, int(look_up(subject.config, ("hidden_size", "d_model"))))


def _sound(subject: Subject) -> Tensor:
    if look_up(subject.config, ("audio_channels",)) is not None:
        return torch.zeros(1, int(look_up(subject.config, ("audio_channels",))), SAMPLES)
    return torch.zeros(1, SAMPLES)


def _spectrogram(subject: Subject) -> Tensor:
    """Make a spectrogram as long as the encoder's table of positions, or else of one second."""
    config = subject.config
    names = ("num_mel_bins", "feature_size", "input_feat_per_channel", "mel_bins", "feature_projection_input_dim")
    bins = int(look_up(config, names, _AUDIO) or 80) * int(look_up(config, ("num_stacked_frames",), _AUDIO) or 1)
    positions = look_up(config, ("max_source_positions",), _AUDIO)
    if positions is not None:
        return torch.zeros(1, bins, 2 * int(positions))
    return torch.zeros(1, FRAMES, bins)


def _boxes(subject: Subject) -> Tensor:
    return torch.zeros(*_tokens(subject).shape, 4, dtype=torch.long)


_PROVIDERS: Mapping[str, Callable[[Subject], Tensor | None]] = {
    "input_ids": _tokens,
    "attention_mask": _mask,
    "decoder_input_ids": _decoder_tokens,
    # without a mask, models look for packed sequences by `aten::diff`, which is not exported
    "decoder_attention_mask": lambda subject: torch.ones_like(_decoder_tokens(subject)),
    "bbox": _boxes,
    "pixel_values": _pixels,
    "image_grid_thw": _grid,
    "grid_thw": _grid,
    "hidden_states": _embedded_patches,
    "input_values": _sound,
    "input_features": _spectrogram,
    "input_features_mask": lambda subject: torch.ones(1, _spectrogram(subject).shape[1], dtype=torch.long),
    "qformer_input_ids": _tokens,
    "image_sizes": lambda subject: torch.tensor([image_size(subject.config)]),
    "pixel_values_videos": _frames,
    "image_merge_sizes": lambda subject: _grid(subject)[:, 1] // 4,
    "merge_sizes": lambda subject: _grid(subject)[:, 1] // 4,
    "inputs": _tokens,
}
"""Input -> function that makes an example."""
