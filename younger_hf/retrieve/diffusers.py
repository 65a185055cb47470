"""Every network of the installed diffusers in its default configuration: U-Nets, transformers, autoencoders, ControlNets."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from younger_hf.retrieve.candidate import Candidate
from younger_hf.retrieve.selection import selected
from younger_hf.retrieve.source import Query, Source, TorchModel
from younger_hf.torchvision_operators import import_torchvision

TOKENS = 77
"""Tokens of the prompt, as CLIP has them."""

FRAMES = 9
"""Frames of a latent video: a multiple of 4 and one more, which causal autoencoders take."""

_SEQUENCES = "Audio|1D|Oobleck|SAME"
_VIDEOS = "3D|Video|CogVideoX|Allegro|Cosmos|LTX|Magvit|MiniMaxH3|Mochi|QwenImage|VidTok|Wan|Refiner|UNetMotion|SpatioTemporal|I2VGen"
_FRAMES_FIRST = "CogVideoXT|ConsisID|SpatioTemporal"
_PACKED = "Bria|Chroma|Flux|LongCatImage|Ovis|QwenImage.*T|QwenImageC|LTXVideoT|LongCatAudioDiT|AceStep|StableAudio3|Flux2"
_TEXT = ("joint_attention_dim", "cross_attention_dim", "caption_channels", "text_embed_dim", "text_dim", "text_in_dim")
_TEXT += ("encoder_hid_dim", "cap_feat_dim", "in_channels_text", "cross_attention_input_dim", "embedding_dim", "context_in_dim")
"""Patterns of class names, and names of settings, that tell the shapes of inputs."""


def _candidates(query: Query) -> Iterator[Candidate]:
    yield from selected(_all(), query)


def _all() -> Iterator[Candidate]:
    import_torchvision()
    import diffusers

    for name in sorted(dir(diffusers.models)):
        network = getattr(diffusers.models, name)
        if not isinstance(network, type) or not issubclass(network, diffusers.ModelMixin) or not _is_known(network):
            continue
        yield Candidate(
            id=f"diffusers--{name}",
            hub="diffusers",
            model=name,
            task="text-to-video" if re.search(_VIDEOS, name) else "text-to-audio" if re.search(_SEQUENCES, name) else "text-to-image",
            family=network.__module__.rpartition(".")[2],
            licence="Apache-2.0",
            recipe={"kind": "diffusers", "name": name},
            revision=diffusers.__version__,
        )


def _is_known(network: type) -> bool:
    """Whether it is made without arguments, and its inputs are among those below."""
    needed = [name for function in (network.__init__, network.forward) for name in _needed(function)]
    return set(needed) <= set(_INPUTS) and "forward" in vars(network)


def _needed(function: Callable[..., Any]) -> list[str]:
    parameters = list(inspect.signature(function).parameters.values())[1:]
    return [p.name for p in parameters if p.default is p.empty and p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]


def _build(recipe: Mapping[str, Any]) -> TorchModel:
    import_torchvision()
    import diffusers

    network = getattr(diffusers.models, recipe["name"])
    module = network().eval()
    taken = inspect.signature(network.forward).parameters
    inputs = {name: make(recipe["name"], module.config) for name, make in _INPUTS.items() if name in taken}
    extra = {name: value for name, value in {"return_dict": False, **_sizes(recipe["name"])}.items() if name in taken}
    return TorchModel(module, {name: value for name, value in inputs.items() if value is not None}, extra)


def _latent(name: str, config: Any) -> Any:
    """What is denoised or encoded: sound, images, clips, or their patches in a row."""
    import torch

    channels = config.get("in_channels") or config.get("audio_channels") or config.get("latent_channels") or 3
    side = 256 if "Autoencoder" in name or "VAE" in name or "VQ" in name else 32
    if re.search(_PACKED, name):
        return torch.zeros(1, 1024 if "LTX" not in name else FRAMES * 64, channels)
    if re.search(_VIDEOS, name):
        size = (FRAMES, channels, side, side) if re.search(_FRAMES_FIRST, name) else (channels, FRAMES, side, side)
        return torch.zeros(1, *size)
    if re.search(_SEQUENCES, name):
        return torch.zeros(1, channels, config.get("sample_size") or 2048)
    size = config.get("sample_size") if "Autoencoder" not in name else None
    height, width = size if isinstance(size, list | tuple) else (size or side, size or side)
    return torch.zeros(1, channels, height, width)


def _prompt(name: str, config: Any) -> Any:
    import torch

    width = next((config[key] for key in _TEXT if config.get(key)), None)
    width = width[-1] if isinstance(width, list | tuple) else width
    return torch.zeros(1, TOKENS, width) if width else None


def _sizes(name: str) -> dict[str, Any]:
    if "LTX" in name:
        return {"num_frames": FRAMES, "height": 8, "width": 8}
    return {"img_shapes": [(1, 32, 32)]} if "QwenImage" in name else {}


def _step(name: str, config: Any) -> Any:
    import torch

    return torch.ones(1, dtype=torch.long if "3D" in name or "DiT" in name else torch.float32)


def _vector(*keys: str) -> Callable[[str, Any], Any]:
    def make(name: str, config: Any) -> Any:
        import torch

        width = next((config[key] for key in keys if config.get(key)), None)
        return torch.zeros(1, width) if width else None

    return make


def _whole(*shape: int) -> Callable[[str, Any], Any]:
    def make(name: str, config: Any) -> Any:
        import torch

        return torch.ones(shape, dtype=torch.long)

    return make


def _positions(count: int) -> Callable[[str, Any], Any]:
    def make(name: str, config: Any) -> Any:
        import torch

        return torch.zeros(count, len(config.get("axes_dims_rope") or config.get("axes_dim") or (1, 1, 1)))

    return make


def _condition(name: str, config: Any) -> Any:
    import torch

    if re.search(_PACKED, name) or "SD3" in name or "Sana" in name or "Hunyuan" in name:
        return _latent(name, config)
    return torch.zeros(1, config.get("conditioning_channels") or 3, *((FRAMES,) if "Sparse" in name else ()), 256, 256)


_INPUTS: dict[str, Callable[[str, Any], Any]] = {
    "sample": _latent,
    "hidden_states": _latent,
    "timestep": _step,
    "timestep_r": _step,
    "r_timestep": _step,
    "timesteps": _step,
    "encoder_hidden_states": _prompt,
    "encoder_attention_mask": _whole(1, TOKENS),
    "controlnet_cond": _condition,
    "pooled_projections": _vector("pooled_projection_dim", "pooled_projections_dim", "in_channels_pooled"),
    "class_labels": lambda name, config: _whole(1)(name, config) if "DiTT" in name else None,
    "img_ids": _positions(1024),
    "txt_ids": _positions(TOKENS),
    "guidance": lambda name, config: _step(name, config) if config.get("guidance_embeds") else None,
    "original_size": _whole(1, 2),
    "target_size": _whole(1, 2),
    "crop_coords": _whole(1, 2),
    "fps": _whole(1),
    "image_latents": _latent,
    "added_time_ids": _whole(1, 3),
    "proj_embedding": _vector("embedding_dim"),
}
"""Argument of `forward` -> example of it for a class and its configuration; None if that one does without."""

SOURCE = Source(
    name="diffusers",
    about="Diffusers: every U-Net, transformer, autoencoder and ControlNet in its default configuration.",
    candidates=_candidates,
    build=_build,
    packages=("diffusers", "torch"),
    preload=("torch", "diffusers"),
    extra="models",
)
