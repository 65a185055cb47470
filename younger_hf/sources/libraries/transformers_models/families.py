"""Inputs by family that do not follow from a transformers model's signature and configuration."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch

from younger_hf.sources.libraries.transformers_models import sequences
from younger_hf.sources.libraries.transformers_models.configuration import look_up
from younger_hf.sources.libraries.transformers_models.subject import Known, Subject, grey, image_size, ones, words


def _video(subject: Subject) -> Known:
    frames = look_up(subject.config, ("num_frames", "frames_per_clip"), ("vision",)) or 2
    return {"pixel_values": grey(1, int(frames), 3, *image_size(subject.config))}


def _short_video(subject: Subject) -> Known:
    return {"pixel_values": grey(1, 4, 3, *image_size(subject.config)), "qformer_attention_mask": None}


def _pages(subject: Subject) -> Known:
    """Make one image in a sequence of images."""
    return {"pixel_values": grey(1, 1, 3, *image_size(subject.config))}


def _tiles_of_pages(subject: Subject) -> Known:
    return {**_pages(subject), "pixel_attention_mask": torch.ones(1, 1, dtype=torch.bool)}


def _tiles(subject: Subject) -> Known:
    """Make an image twice as wide as high, in two tiles and a third with all of it."""
    height, width = image_size(subject.config)
    return {"pixel_values": grey(1, 3, 3, height, width), "image_sizes": torch.tensor([[height, 2 * width]])}


def _any_size(subject: Subject) -> Known:
    """Make an image of sixteen by sixteen patches for an encoder of images of any size."""
    side = 16 * int(look_up(subject.config, ("patch_size",), ("vision",)))
    return {"pixel_values": grey(1, 3, side, side), "image_sizes": torch.tensor([[side, side]])}


def _mllama(subject: Subject) -> Known:
    tiles = int(look_up(subject.config, ("max_num_tiles",), ("vision",)))
    return {
        "pixel_values": grey(1, 1, tiles, 3, *image_size(subject.config)),
        "aspect_ratio_ids": ones(1, 1),
        "aspect_ratio_mask": ones(1, 1, tiles),
        "cross_attention_mask": ones(1, 16, 1, tiles),
    }


def _pair(subject: Subject) -> Known:
    return {"pixel_values": grey(1, 2, 3, *image_size(subject.config))}


def _packed_patches(subject: Subject) -> Known:
    """Make the patches of an image of any shape as a sequence, as in NaFlex."""
    count = int(look_up(subject.config, ("num_patches",), ("vision",)) or 256)
    size, colours = (int(look_up(subject.config, (name,), ("vision",))) for name in ("patch_size", "num_channels"))
    side = int(count**0.5)
    return {
        "pixel_values": grey(1, count, colours * size**2),
        "pixel_attention_mask": ones(1, count),
        "spatial_shapes": torch.tensor([[side, side]]),
    }


def _glm_image(subject: Subject) -> Known:
    """Make one input image, and the size of the output image."""
    config = subject.config
    size, colours = (int(look_up(config, (name,), ("vision",))) for name in ("patch_size", "in_channels"))
    return {
        "pixel_values": grey(256, colours * size**2),
        "image_grid_thw": torch.tensor([[1, 16, 16], [1, 16, 16]]),
        "images_per_sample": torch.tensor([2]),
    }


def _whole_patches(subject: Subject) -> Known:
    """Make unflattened patches, each as large as those behind one token of the language model."""
    merge, size = (int(look_up(subject.config, (name,), ("vision",))) for name in ("spatial_merge_size", "patch_size"))
    side = merge * size
    return {"pixel_values": grey(16, side, side, 3), "image_grid_thw": torch.tensor([[1, 4, 4]])}


def _fuyu(subject: Subject) -> Known:
    config = subject.config
    return {"pixel_values": grey(1, 16, config.num_channels * config.patch_size**2)}


def _short_clip(subject: Subject) -> Known:
    """Make the fewest frames, since rotary positions accept any number."""
    return {"pixel_values_videos": grey(1, 2 * subject.config.tubelet_size, 3, *image_size(subject.config))}


def _oneformer(subject: Subject) -> Known:
    return {"task_inputs": words(1, subject.config.task_seq_len)}


def _omdet(subject: Subject) -> Known:
    return {
        "classes_input_ids": words(2, 16),
        "classes_attention_mask": ones(2, 16),
        "tasks_input_ids": words(1, 16),
        "tasks_attention_mask": ones(1, 16),
        "classes_structure": torch.tensor([2]),
    }


def _lxmert(subject: Subject) -> Known:
    return {"visual_feats": torch.zeros(1, 36, subject.config.visual_feat_dim), "visual_pos": torch.zeros(1, 36, 4)}


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
    patches = ones(1, 256, 2 + 3 * 16 * 16).float()
    return {"flattened_patches": patches, "attention_mask": None, "decoder_attention_mask": ones(1, 16)}


def _without_image(subject: Subject) -> Known:
    """Leave out images and sounds in the default configuration, which lacks a vision tower."""
    has_vision = getattr(subject.config, "vision_config", None) is not None
    return {} if has_vision else {"pixel_values": None, "input_features": None}


_BY_FUNCTION: Mapping[Callable[[Subject], Known], tuple[str, ...]] = {
    _video: ("timesformer", "videomae", "vivit", "xclip", "tvp"),
    _short_video: ("instructblipvideo",),
    _pages: ("idefics2", "idefics3", "smolvlm", "modernvbert", "ultravbert", "colmodernvbert"),
    _tiles_of_pages: ("granite_docling",),
    _tiles: ("llava_next", "llava_next_video", "llava_onevision", "granite4_vision"),
    _any_size: ("mistral3", "mistral_large4", "lighton_ocr", "pixtral"),
    _glm_image: ("glm_image",),
    _whole_patches: ("inkling2", "inkling2_vision"),
    _fuyu: ("fuyu",),
    _short_clip: ("vjepa2",),
    sequences.bins_first: ("qwen3_asr", "qwen3_asr_encoder"),
    _mllama: ("mllama",),
    _pair: ("efficientloftr", "lightglue", "superglue"),
    _packed_patches: ("siglip2", "siglip2_vision_model", "lfm2_vl"),
    sequences.mono: (
        *("dac", "encodec", "mimi", "mimi_encoder", "xcodec", "xcodec2", "neucodec", "pe_audio", "pe_audio_encoder"),
        *("pe_audio_video", "pe_audio_video_encoder", "pocket_tts_audio_tokenizer"),
        *("pocket_tts_audio_tokenizer_encoder", "vibevoice_acoustic_tokenizer", "vibevoice_asr", "vibevoice"),
    ),
    sequences.frames_first: ("audio-spectrogram-transformer",),
    sequences.one_of_two_sounds: ("speech-encoder-decoder",),
    sequences.speecht5: ("speecht5",),
    sequences.trajectory: ("decision_transformer",),
    sequences.series: ("autoformer", "informer", "time_series_transformer"),
    sequences.channels_of_series: ("patchtst", "patchtsmixer"),
    sequences.timesfm: ("timesfm", "timesfm2_5"),
    sequences.options: ("jev", "qwen2", "qwen3_5", "qwen3_5_moe", "qwen3_5_text"),
    _oneformer: ("oneformer",),
    _omdet: ("omdet-turbo",),
    _lxmert: ("lxmert",),
    sequences.gemma3n_audio: ("gemma3n_audio",),
    _positioned_patches: ("gemma4_vision",),
    _flattened_patches: ("pix2struct",),
    sequences.codebooks_as_batch: ("musicgen", "musicgen_melody", "musicgen_decoder", "musicgen_melody_decoder"),
    sequences.univnet: ("univnet",),
    _without_image: ("gemma4", "gemma4_unified", "embedding_gemma2"),
}

FAMILIES: Mapping[str, Callable[[Subject], Known]] = {
    name: function for function, names in _BY_FUNCTION.items() for name in names
}
"""Model type -> function that makes its special inputs."""
