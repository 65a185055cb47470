"""Every network of the installed diffusers in its default configuration: U-Nets, transformers, autoencoders, ControlNets."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from younger_hf.sources.candidate import Candidate
from younger_hf.sources.libraries.diffusers_inputs import INPUTS, SEQUENCES, VIDEOS, sizes
from younger_hf.sources.libraries.torchvision_operators import import_torchvision
from younger_hf.sources.selection import selected
from younger_hf.sources.source import Query, Source, TorchModel


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
            task="text-to-video"
            if re.search(VIDEOS, name)
            else "text-to-audio"
            if re.search(SEQUENCES, name)
            else "text-to-image",
            family=network.__module__.rpartition(".")[2],
            licence="Apache-2.0",
            recipe={"kind": "diffusers", "name": name},
            revision=diffusers.__version__,
        )


def _is_known(network: Any) -> bool:
    """Whether it is made without arguments, and its inputs are among those below."""
    needed = [name for function in (network.__init__, network.forward) for name in _needed(function)]
    return set(needed) <= set(INPUTS) and "forward" in vars(network)


def _needed(function: Callable[..., Any]) -> list[str]:
    parameters = list(inspect.signature(function).parameters.values())[1:]
    return [p.name for p in parameters if p.default is p.empty and p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]


def _build(recipe: Mapping[str, Any]) -> TorchModel:
    import_torchvision()
    import diffusers

    network = getattr(diffusers.models, recipe["name"])
    module = network().eval()
    taken = inspect.signature(network.forward).parameters
    inputs = {name: make(recipe["name"], module.config) for name, make in INPUTS.items() if name in taken}
    extra = {name: value for name, value in {"return_dict": False, **sizes(recipe["name"])}.items() if name in taken}
    return TorchModel(module, {name: value for name, value in inputs.items() if value is not None}, extra)


SOURCE = Source(
    name="diffusers",
    about="Diffusers: every U-Net, transformer, autoencoder and ControlNet in its default configuration.",
    candidates=_candidates,
    build=_build,
    packages=("diffusers", "torch"),
    preload=("torch", "diffusers"),
    extra="models",
)
