"""Inputs that the signature and the configuration of a model of transformers do not tell, by family."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from younger_hf.retrieve.transformers_configuration import look_up

GREY = 0.5
"""Value of all pixels; some models take an image of zeros for none."""


@dataclass(frozen=True)
class Subject:
    """A model that inputs are made for.

    Attributes:
        module: The model.
        config: Its configuration.
        names: The parameters of its `forward`.
    """

    module: Any
    config: Any
    names: tuple[str, ...]


Known = Mapping[str, Tensor | None]
"""Input -> example; None if it is to be left out. Of those that a model does not take, nothing is said."""


def image_size(config: Any) -> tuple[int, int]:
    """Height and width that a configuration is for."""
    names = ("image_size", "img_size", "pretrain_image_size", "input_size")
    size = look_up(config, names, ("vision", "image", "visual", "backbone", "encoder")) or 224
    if isinstance(size, Mapping):
        size = tuple(size.values())
    height, width = (size[0], size[-1]) if isinstance(size, list | tuple) else (size, size)
    return int(height), int(width)


def grey(*shape: int) -> Tensor:
    """An image."""
    return torch.full(shape, GREY)


def _ones(*shape: int) -> Tensor:
    return torch.ones(*shape, dtype=torch.long)


def _words(*shape: int) -> Tensor:
    return (torch.arange(int(torch.tensor(shape).prod()), dtype=torch.long) % 16 + 5).reshape(shape)


def _film(subject: Subject) -> Known:
    frames = look_up(subject.config, ("num_frames", "frames_per_clip"), ("vision",)) or 2
    return {"pixel_values": grey(1, int(frames), 3, *image_size(subject.config))}


def _short_film(subject: Subject) -> Known:
    return {"pixel_values": grey(1, 4, 3, *image_size(subject.config)), "qformer_attention_mask": None}


def _pages(subject: Subject) -> Known:
    """One image of possibly many."""
    return {"pixel_values": grey(1, 1, 3, *image_size(subject.config))}


def _tiles_of_pages(subject: Subject) -> Known:
    return {**_pages(subject), "pixel_attention_mask": torch.ones(1, 1, dtype=torch.bool)}


def _tiles(subject: Subject) -> Known:
    """An image twice as wide as high in two tiles, and all of it in a third."""
    height, width = image_size(subject.config)
    return {"pixel_values": grey(1, 3, 3, height, width), "image_sizes": torch.tensor([[height, 2 * width]])}


def _any_size(subject: Subject) -> Known:
    """Of an encoder that takes images of any size, one of sixteen by sixteen patches."""
    side = 16 * int(look_up(subject.config, ("patch_size",), ("vision",)))
    return {"pixel_values": grey(1, 3, side, side), "image_sizes": torch.tensor([[side, side]])}


def _mllama(subject: Subject) -> Known:
    tiles = int(look_up(subject.config, ("max_num_tiles",), ("vision",)))
    return {
        "pixel_values": grey(1, 1, tiles, 3, *image_size(subject.config)),
        "aspect_ratio_ids": _ones(1, 1),
        "aspect_ratio_mask": _ones(1, 1, tiles),
        "cross_attention_mask": _ones(1, 16, 1, tiles),
    }


def _pair(subject: Subject) -> Known:
    return {"pixel_values": grey(1, 2, 3, *image_size(subject.config))}


def _packed_patches(subject: Subject) -> Known:
    """Patches of an image of any shape as a sequence, as in NaFlex."""
    count = int(look_up(subject.config, ("num_patches",), ("vision",)) or 256)
    size, colours = (int(look_up(subject.config, (name,), ("vision",))) for name in ("patch_size", "num_channels"))
    side = int(count**0.5)
    return {
        "pixel_values": grey(1, count, colours * size**2),
        "pixel_attention_mask": _ones(1, count),
        "spatial_shapes": torch.tensor([[side, side]]),
    }


def _glm_image(subject: Subject) -> Known:
    """One image to look at, and the size of the one to make."""
    config = subject.config
    size, colours = (int(look_up(config, (name,), ("vision",))) for name in ("patch_size", "in_channels"))
    return {
        "pixel_values": grey(256, colours * size**2),
        "image_grid_thw": torch.tensor([[1, 16, 16], [1, 16, 16]]),
        "images_per_sample": torch.tensor([2]),
    }


def _whole_patches(subject: Subject) -> Known:
    """Patches that are not flattened, each of as many native ones as one token of the language model gets."""
    merge, size = (int(look_up(subject.config, (name,), ("vision",))) for name in ("spatial_merge_size", "patch_size"))
    side = merge * size
    return {"pixel_values": grey(16, side, side, 3), "image_grid_thw": torch.tensor([[1, 4 * merge, 4 * merge]])}


def _short_clip(subject: Subject) -> Known:
    """The fewest frames: its positions are rotations, so that any number will do."""
    return {"pixel_values_videos": grey(1, 2 * subject.config.tubelet_size, 3, *image_size(subject.config))}


def _bins_first(subject: Subject) -> Known:
    bins, frames = int(look_up(subject.config, ("num_mel_bins",), ("audio",))), 200
    return {"input_features": torch.zeros(1, bins, frames), "input_features_mask": _ones(1, frames)}


def _mono(subject: Subject) -> Known:
    """One second with an axis for its channels."""
    return {"input_values": torch.zeros(1, 1, 16_000)}


def _speecht5(subject: Subject) -> Known:
    config, frames = subject.config, 16
    inside = type(subject.module).__name__ == "SpeechT5Model"  # what the networks before it would give
    bins = config.hidden_size if inside else config.num_mel_bins
    known = {
        "decoder_input_values": torch.zeros(1, frames, bins),
        "speaker_embeddings": None,
        "decoder_attention_mask": None,
    }
    if "decoder_input_ids" in subject.names:
        known["decoder_attention_mask"] = _ones(1, frames)
    if not inside:
        return {**known, "speaker_embeddings": torch.zeros(1, config.speaker_embedding_dim)}
    return {**known, "input_values": torch.zeros(1, frames, bins)}


def _trajectory(subject: Subject) -> Known:
    config, steps = subject.config, 16
    return {
        "states": torch.zeros(1, steps, config.state_dim),
        "actions": torch.zeros(1, steps, config.act_dim),
        "rewards": torch.zeros(1, steps, 1),
        "returns_to_go": torch.zeros(1, steps, 1),
        "timesteps": torch.arange(steps).unsqueeze(0),
        "attention_mask": _ones(1, steps),
    }


def _series(subject: Subject) -> Known:
    config = subject.config
    past, future = config.context_length + max(config.lags_sequence), config.prediction_length
    width = () if config.input_size == 1 else (config.input_size,)
    return {
        "past_values": torch.zeros(1, past, *width),
        "past_time_features": torch.zeros(1, past, config.num_time_features),
        "past_observed_mask": torch.ones(1, past, *width),
        "future_values": torch.zeros(1, future, *width),
        "future_time_features": torch.zeros(1, future, config.num_time_features),
        "decoder_attention_mask": None,
    }


def _channels_of_series(subject: Subject) -> Known:
    return {"past_values": torch.zeros(1, subject.config.context_length, subject.config.num_input_channels)}


def _timesfm(subject: Subject) -> Known:
    length = subject.config.context_length
    return {
        "past_values": torch.zeros(1, length),
        "past_values_padding": torch.zeros(1, length, dtype=torch.long),
        "freq": torch.zeros(1, 1, dtype=torch.long),
    }


def _options(subject: Subject) -> Known:
    """One question with two answers at the end of the prompt."""
    if "marks" not in subject.names:
        return {}
    return {
        "marks": torch.tensor([[16]]),
        "num_options": torch.tensor([[2]]),
        "question_type_ids": torch.zeros(1, 1, dtype=torch.long),
    }


def _oneformer(subject: Subject) -> Known:
    return {"task_inputs": _words(1, subject.config.task_seq_len)}


def _omdet(subject: Subject) -> Known:
    return {
        "classes_input_ids": _words(2, 16),
        "classes_attention_mask": _ones(2, 16),
        "tasks_input_ids": _words(1, 16),
        "tasks_attention_mask": _ones(1, 16),
        "classes_structure": torch.tensor([2]),
    }


def _lxmert(subject: Subject) -> Known:
    return {"visual_feats": torch.zeros(1, 36, subject.config.visual_feat_dim), "visual_pos": torch.zeros(1, 36, 4)}


def _gemma3n_audio(subject: Subject) -> Known:
    bins = subject.config.input_feat_size
    return {"audio_mel": torch.zeros(1, 100, bins), "audio_mel_mask": torch.zeros(1, 100, dtype=torch.bool)}


def _positioned_patches(subject: Subject) -> Known:
    size = look_up(subject.config, ("patch_size",), ("vision",))
    rows, columns = torch.meshgrid(torch.arange(12), torch.arange(12), indexing="ij")
    positions = torch.stack([columns, rows], -1).reshape(1, 144, 2)
    return {
        "pixel_values": grey(1, 144, 3 * size**2),
        "pixel_position_ids": positions,
        "image_position_ids": positions,
    }


def _flattened_patches(subject: Subject) -> Known:
    patches = _ones(1, 256, 2 + 3 * 16 * 16).float()
    return {"flattened_patches": patches, "attention_mask": None, "decoder_attention_mask": _ones(1, 16)}


def _codebooks_as_batch(subject: Subject) -> Known:
    count = look_up(subject.config, ("num_codebooks",), ("decoder",))
    name = "decoder_input_ids" if "decoder_input_ids" in subject.names else "input_ids"
    return {name: _words(int(count), 16), "attention_mask": None, "decoder_attention_mask": None} if count else {}


def _univnet(subject: Subject) -> Known:
    config = subject.config
    return {
        "input_features": torch.zeros(1, 16, config.num_mel_bins),
        "noise_sequence": torch.zeros(1, 16, config.model_in_channels),
    }


def _without_image(subject: Subject) -> Known:
    """In the default configuration there is no vision tower."""
    return (
        {}
        if getattr(subject.config, "vision_config", None) is not None
        else {"pixel_values": None, "input_features": None}
    )


_BY_FUNCTION: Mapping[Callable[[Subject], Known], tuple[str, ...]] = {
    _film: ("timesformer", "videomae", "vivit", "xclip", "tvp"),
    _short_film: ("instructblipvideo",),
    _pages: ("idefics2", "idefics3", "smolvlm", "modernvbert", "ultravbert", "colmodernvbert"),
    _tiles_of_pages: ("granite_docling",),
    _tiles: ("llava_next", "llava_next_video", "llava_onevision", "granite4_vision"),
    _any_size: ("mistral3", "mistral_large4", "lighton_ocr", "pixtral"),
    _glm_image: ("glm_image",),
    _whole_patches: ("inkling2", "inkling2_vision"),
    _short_clip: ("vjepa2",),
    _bins_first: ("qwen3_asr", "qwen3_asr_encoder"),
    _mllama: ("mllama",),
    _pair: ("efficientloftr", "lightglue", "superglue"),
    _packed_patches: ("siglip2", "siglip2_vision_model", "lfm2_vl"),
    _mono: (
        *("dac", "encodec", "mimi", "mimi_encoder", "xcodec", "xcodec2", "neucodec", "pe_audio", "pe_audio_encoder"),
        *(
            "pe_audio_video",
            "pe_audio_video_encoder",
            "pocket_tts_audio_tokenizer",
            "pocket_tts_audio_tokenizer_encoder",
        ),
        *("vibevoice_acoustic_tokenizer", "vibevoice_asr", "vibevoice"),
    ),
    _speecht5: ("speecht5",),
    _trajectory: ("decision_transformer",),
    _series: ("autoformer", "informer", "time_series_transformer"),
    _channels_of_series: ("patchtst", "patchtsmixer"),
    _timesfm: ("timesfm", "timesfm2_5"),
    _options: ("jev", "qwen2", "qwen3_5", "qwen3_5_moe", "qwen3_5_text"),
    _oneformer: ("oneformer",),
    _omdet: ("omdet-turbo",),
    _lxmert: ("lxmert",),
    _gemma3n_audio: ("gemma3n_audio",),
    _positioned_patches: ("gemma4_vision",),
    _flattened_patches: ("pix2struct",),
    _codebooks_as_batch: ("musicgen", "musicgen_melody", "musicgen_decoder", "musicgen_melody_decoder"),
    _univnet: ("univnet",),
    _without_image: ("gemma4", "gemma4_unified", "embedding_gemma2"),
}

FAMILIES: Mapping[str, Callable[[Subject], Known]] = {
    name: function for function, names in _BY_FUNCTION.items() for name in names
}
"""Model type -> what is known about its inputs."""
