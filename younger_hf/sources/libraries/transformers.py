"""Every family of the installed transformers with every head it has, from default configurations or from one of the Hub."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from textwrap import shorten
from typing import Any

from younger_hf.errors import ExportError, YoungerError
from younger_hf.sources.candidate import Candidate
from younger_hf.sources.libraries.torchvision_operators import declare_torchvision_operators
from younger_hf.sources.libraries.transformers_models.configuration import configuration
from younger_hf.sources.libraries.transformers_tasks import IMAGE_FEATURES, TASKS
from younger_hf.sources.selection import selected
from younger_hf.sources.source import Query, Source, TorchModel

REASON = 300
"""Most characters kept of what the library says is wrong; it can list all its models."""


def _candidates(query: Query) -> Iterator[Candidate]:
    yield from selected(_listed(), query)


def _listed() -> Iterator[Candidate]:
    """One candidate for each model class of each family, under the most telling auto class that gives it."""
    declare_torchvision_operators()
    import transformers
    from transformers.models.auto import modeling_auto

    auto_classes = {
        name: mapping._model_mapping
        for name, value in vars(modeling_auto).items()
        if inspect.isclass(value) and (mapping := getattr(value, "_model_mapping", None)) is not None
    }
    images = modeling_auto.MODEL_FOR_IMAGE_MAPPING_NAMES
    order = [*(name for name in TASKS if name in auto_classes), *(name for name in auto_classes if name not in TASKS)]
    seen: set[tuple[str, str]] = set()
    for auto_class in order:
        for model_type, classes in auto_classes[auto_class].items():
            names = (classes,) if isinstance(classes, str) else classes
            for number, architecture in enumerate(names):
                if (model_type, architecture) in seen:
                    continue
                seen.add((model_type, architecture))
                model = f"{model_type}--{auto_class}" + (f"--{architecture}" if number else "")
                task = TASKS.get(auto_class, "")
                recipe = {"kind": "transformers", "model_type": model_type, "auto_class": auto_class, "overrides": {}}
                yield Candidate(
                    id=f"transformers--{model}",
                    hub="transformers",
                    model=model,
                    task=IMAGE_FEATURES if auto_class == "AutoModel" and model_type in images else task,
                    family=model_type,
                    licence="Apache-2.0",
                    recipe={**recipe, "architecture": architecture} if number else recipe,
                    revision=transformers.__version__,
                )


def build(recipe: Mapping[str, Any]) -> TorchModel:
    """The model of a recipe, without weights, with inputs for it.

    Args:
        recipe: `auto_class` (as `AutoModel`), and `model_type` with `overrides` of its default configuration, or `config`, the
            path of a `config.json`; `architecture` where the auto class has several for the family.

    Raises:
        ExportError: If the library cannot build it, or an input is required that nothing is known about.
    """
    declare_torchvision_operators()
    import torch
    import transformers

    from younger_hf.sources.libraries.transformers_models.experts import export_experts
    from younger_hf.sources.libraries.transformers_models.inputs import example

    transformers.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    torch.manual_seed(0)
    what = recipe.get("model_type") or recipe.get("config")
    try:
        config, settings = configuration(recipe)
        module = _module(getattr(transformers, recipe["auto_class"]), config)
        experts = export_experts(module)
        inputs, extra = example(module, module.config)
    except YoungerError:
        raise
    except Exception as error:  # the library raises anything on a configuration it does not like
        reason = shorten(str(error), REASON, placeholder=" ...")
        raise ExportError(f"{what}: the model cannot be built ({type(error).__name__}: {reason}).") from error
    notes = {
        "attention": getattr(module.config, "_attn_implementation", None),
        "experts": experts,
        "settings": settings,
    }
    return TorchModel(module, inputs, extra, notes={name: value for name, value in notes.items() if value})


def _module(auto_class: Any, config: Any) -> Any:
    """Eager attention where the model has it: the others are one opaque call or cannot be traced."""
    try:
        module = auto_class.from_config(config, attn_implementation="eager")
    except (ValueError, TypeError):
        module = auto_class.from_config(config)
    return module.eval()


SOURCE = Source(
    name="transformers",
    about="Hugging Face transformers: every model type and head of the installed release, in its default configuration.",
    candidates=_candidates,
    build=build,
    packages=("transformers", "torch"),
    # what every model imports: done once, before a worker is given a model, it is three seconds less for each
    preload=(
        "torch",
        "transformers",
        "transformers.models.auto.modeling_auto",
        "transformers.models.llama.modeling_llama",
    ),
    extra="models",
)
