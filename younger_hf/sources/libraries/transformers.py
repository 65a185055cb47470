"""Every family of the installed transformers with each of its heads.

The configuration is the default one, or one of the Hub.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from textwrap import shorten
from typing import Any

from younger_hf.errors import ExportError, YoungerError
from younger_hf.sources.candidate import Candidate
from younger_hf.sources.libraries.library import library_model, library_source
from younger_hf.sources.libraries.torchvision_operators import declare_torchvision_operators
from younger_hf.sources.libraries.transformers_models.configuration import load_configuration
from younger_hf.sources.source import TorchModel
from younger_hf.sources.transformers_tasks import IMAGE_FEATURES, TASKS

REASON = 300
"""Most characters of an error message that are kept: the library may list all its models."""


def _models() -> Iterator[Candidate]:
    """Yield a candidate for each model class of each family, under its most specific auto class."""
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
            for number, architecture in enumerate((classes,) if isinstance(classes, str) else classes):
                if (model_type, architecture) in seen:
                    continue
                seen.add((model_type, architecture))
                is_image = auto_class == "AutoModel" and model_type in images
                recipe = {"model_type": model_type, "auto_class": auto_class, "overrides": {}}
                yield library_model(
                    "transformers",
                    f"{model_type}--{auto_class}" + (f"--{architecture}" if number else ""),
                    {**recipe, "architecture": architecture} if number else recipe,
                    task=IMAGE_FEATURES if is_image else TASKS.get(auto_class, ""),
                    family=model_type,
                    licence="Apache-2.0",
                    version=transformers.__version__,
                )


def build(recipe: Mapping[str, Any]) -> TorchModel:
    """Return the model of a recipe, without weights, with example inputs.

    Args:
        recipe: `auto_class` (as `AutoModel`), and `model_type` with `overrides` of its default
            configuration, or `config`, the path of a `config.json`; `architecture` where the auto
            class has several for the family.

    Raises:
        ExportError: If the library cannot build it, or a required input lacks an example.
    """
    declare_torchvision_operators()
    import torch
    import transformers

    from younger_hf.sources.libraries.transformers_models.experts import export_experts
    from younger_hf.sources.libraries.transformers_models.inputs import make_inputs

    transformers.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    torch.manual_seed(0)
    subject = recipe.get("model_type") or recipe.get("config")
    try:
        config, settings = load_configuration(recipe)
        module = _module(getattr(transformers, recipe["auto_class"]), config)
        experts = export_experts(module)
        inputs, extra = make_inputs(module, module.config)
    except YoungerError:
        raise
    except Exception as error:  # the library raises anything on a configuration that does not fit
        reason = shorten(str(error), REASON, placeholder=" ...")
        raise ExportError(f"{subject}: the model cannot be built ({type(error).__name__}: {reason}).") from error
    notes = {
        "attention": getattr(module.config, "_attn_implementation", None),
        "experts": experts,
        "settings": settings,
    }
    return TorchModel(module, inputs, extra, notes={name: value for name, value in notes.items() if value})


def _module(auto_class: Any, config: Any) -> Any:
    """Build a model with eager attention if it has it.

    Other implementations are one opaque call or cannot be traced.
    """
    try:
        module = auto_class.from_config(config, attn_implementation="eager")
    except (ValueError, TypeError):
        module = auto_class.from_config(config)
    return module.eval()


SOURCE = library_source(
    "transformers",
    "Hugging Face transformers: every model type and head of the installed release, in its default configuration.",
    _models,
    build,
    packages=("transformers", "torch"),
    # every model imports these: importing them before the first model saves three seconds for each
    preload=(
        "torch",
        "transformers",
        "transformers.models.auto.modeling_auto",
        "transformers.models.llama.modeling_llama",
    ),
    extra="sources",
)
