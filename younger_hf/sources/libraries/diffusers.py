"""Every network of the installed diffusers in its default configuration.

These are U-Nets, transformers, autoencoders and ControlNets.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from younger_hf.sources.candidate import Candidate
from younger_hf.sources.libraries.diffusers_inputs import AUDIO, INPUTS, VIDEO, patch_layout
from younger_hf.sources.libraries.library import library_model, library_source
from younger_hf.sources.libraries.torchvision_operators import import_torchvision
from younger_hf.sources.source import TorchModel


def _models() -> Iterator[Candidate]:
    import_torchvision()
    import diffusers

    for name in sorted(dir(diffusers.models)):
        network = getattr(diffusers.models, name)
        if isinstance(network, type) and issubclass(network, diffusers.ModelMixin) and _can_build(network):
            media = "video" if re.search(VIDEO, name) else "audio" if re.search(AUDIO, name) else "image"
            yield library_model(
                "diffusers",
                name,
                {"name": name},
                task=f"text-to-{media}",
                family=network.__module__.rpartition(".")[2],
                licence="Apache-2.0",
                version=diffusers.__version__,
            )


def _can_build(network: Any) -> bool:
    """Return whether a class needs no arguments to construct and only inputs in `INPUTS` to run."""
    required = [name for function in (network.__init__, network.forward) for name in _required(function)]
    return set(required) <= set(INPUTS) and "forward" in vars(network)


def _required(function: Callable[..., Any]) -> list[str]:
    parameters = list(inspect.signature(function).parameters.values())[1:]
    return [p.name for p in parameters if p.default is p.empty and p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]


def _build(recipe: Mapping[str, Any]) -> TorchModel:
    import_torchvision()
    import diffusers

    name = recipe["name"]
    network = getattr(diffusers.models, name)
    module = network().eval()
    accepted = inspect.signature(network.forward).parameters
    inputs = {key: make(name, module.config) for key, make in INPUTS.items() if key in accepted}
    extra = {key: value for key, value in {"return_dict": False, **patch_layout(name)}.items() if key in accepted}
    return TorchModel(module, {key: value for key, value in inputs.items() if value is not None}, extra)


SOURCE = library_source(
    "diffusers",
    "Diffusers: every U-Net, transformer, autoencoder and ControlNet in its default configuration.",
    _models,
    _build,
    packages=("diffusers", "torch"),
    preload=("torch", "diffusers"),
)
