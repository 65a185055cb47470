"""The model that inputs are made for, and building blocks of inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from younger_hf.sources.libraries.transformers_models.configuration import look_up

GREY = 0.5
"""Value of all pixels; some models treat an image of zeros as absent."""


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
"""Input -> example, or None to leave it out; inputs that a model does not take are ignored."""


def image_size(config: Any) -> tuple[int, int]:
    """Return the height and width of a configuration's images."""
    names = ("image_size", "img_size", "pretrain_image_size", "input_size")
    size = look_up(config, names, ("vision", "image", "visual", "backbone", "encoder")) or 224
    if isinstance(size, Mapping):
        size = tuple(size.values())
    height, width = (size[0], size[-1]) if isinstance(size, list | tuple) else (size, size)
    return int(height), int(width)


def grey(*shape: int) -> Tensor:
    """Return a grey image."""
    return torch.full(shape, GREY)


def ones(*shape: int) -> Tensor:
    """Return a mask that covers everything."""
    return torch.ones(*shape, dtype=torch.long)


def words(*shape: int) -> Tensor:
    """Return sixteen words, repeated."""
    return (torch.arange(int(torch.tensor(shape).prod()), dtype=torch.long) % 16 + 5).reshape(shape)
