"""Example inputs of the networks of diffusers, by argument name, class and configuration."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

TOKENS = 77
"""Tokens of the prompt, as in CLIP."""

FRAMES = 9
"""Frames of a latent video: a multiple of 4 plus one, as causal autoencoders require."""

# patterns of class names that determine the shapes of inputs
AUDIO = "Audio|1D|Oobleck|SAME"
VIDEO = (
    "3D|Video|CogVideoX|Allegro|Cosmos|LTX|Magvit|MiniMaxH3|Mochi|QwenImage|VidTok|Wan|Refiner|UNetMotion|"
    "SpatioTemporal|I2VGen"
)
_FRAMES_FIRST = "CogVideoXT|ConsisID|SpatioTemporal"
_PACKED = (
    "^(?!Auto).*(Bria(?!Fibo2)|Chroma|Flux|LongCatImage|Ovis|QwenImage.*T|QwenImageC|LTXVideoT|LongCatAudioDiT|"
    "AceStep|StableAudio3)"
)
_TEXT = (
    *("joint_attention_dim", "cross_attention_dim", "caption_channels", "text_embed_dim", "text_dim", "text_in_dim"),
    *("encoder_hid_dim", "cap_feat_dim", "in_channels_text", "cross_attention_input_dim", "embedding_dim"),
    "context_in_dim",
)
"""Settings that hold the width of the embedded prompt, the best first."""

MakeInput = Callable[[str, Any], Any]
"""Class name and configuration -> example tensor, or None if the class takes no such input."""


def patch_layout(name: str) -> dict[str, Any]:
    """Return the arguments that are not tensors: how a sequence's patches lie in an image."""
    if "LTX" in name:
        return {"num_frames": FRAMES, "height": 8, "width": 8}
    return {"img_shapes": [(1, 32, 32)]} if "QwenImage" in name else {}


def _latent(name: str, config: Any) -> Any:
    """Return what is denoised or encoded: sound, images, clips, or their patches in a sequence."""
    import torch

    channels = config.get("in_channels") or config.get("audio_channels") or config.get("latent_channels") or 3
    side = 64 if re.search("Autoencoder|VAE|VQ", name) else 32
    if re.search(_PACKED, name):
        return torch.zeros(1, 1024 if "LTX" not in name else FRAMES * 64, channels)
    if re.search(VIDEO, name) and "Audio" not in name:
        first = bool(re.search(_FRAMES_FIRST, name))
        return torch.zeros(1, *((FRAMES, channels) if first else (channels, FRAMES)), side, side)
    if re.search(AUDIO, name):
        return torch.zeros(1, channels, config.get("sample_size") or 2048)
    size = config.get("sample_size")
    height, width = size if isinstance(size, list | tuple) else (size or side, size or side)
    return torch.zeros(1, channels, height, width)


def _prompt(name: str, config: Any) -> Any:
    import torch

    width = next((config[key] for key in _TEXT if config.get(key)), None)
    width = width[-1] if isinstance(width, list | tuple) else width
    return torch.zeros(1, config.get("max_text_seq_length") or TOKENS, width) if width else None


def _step(name: str, config: Any) -> Any:
    import torch

    return torch.ones(1, dtype=torch.long if "3D" in name or "DiT" in name else torch.float32)


def _condition(name: str, config: Any) -> Any:
    import torch

    if re.search(_PACKED, name) or "SD3" in name or "Sana" in name or "Hunyuan" in name:
        return _latent(name, config)
    return torch.zeros(1, config.get("conditioning_channels") or 3, *((FRAMES,) if "Sparse" in name else ()), 256, 256)


def _vector(*keys: str) -> MakeInput:
    """Make a vector as wide as the first of these settings that is set."""

    def make(name: str, config: Any) -> Any:
        import torch

        width = next((config[key] for key in keys if config.get(key)), None)
        return torch.zeros(1, width) if width else None

    return make


def _integers(*shape: int) -> MakeInput:
    def make(name: str, config: Any) -> Any:
        import torch

        return torch.ones(shape, dtype=torch.long)

    return make


def _positions(count: int) -> MakeInput:
    def make(name: str, config: Any) -> Any:
        import torch

        return torch.zeros(count, len(config.get("axes_dims_rope") or config.get("axes_dim") or (1, 1, 1)))

    return make


INPUTS: dict[str, MakeInput] = {
    "sample": _latent,
    "hidden_states": _latent,
    "timestep": _step,
    "timestep_r": _step,
    "r_timestep": _step,
    "timesteps": _step,
    "encoder_hidden_states": _prompt,
    "encoder_attention_mask": _integers(1, TOKENS),
    "controlnet_cond": _condition,
    "pooled_projections": _vector("pooled_projection_dim", "pooled_projections_dim", "in_channels_pooled"),
    "class_labels": lambda name, config: _integers(1)(name, config) if "DiTT" in name else None,
    "img_ids": _positions(1024),
    "txt_ids": _positions(TOKENS),
    "guidance": lambda name, config: _step(name, config) if config.get("guidance_embeds") else None,
    "original_size": _integers(1, 2),
    "target_size": _integers(1, 2),
    "crop_coords": _integers(1, 2),
    "fps": _integers(1),
    "image_latents": _latent,
    "added_time_ids": _integers(1, 3),
    "proj_embedding": _vector("embedding_dim"),
}
"""Argument of `forward` -> function that makes an example of it."""
