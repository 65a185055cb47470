"""Every pair of model type and task that optimum-onnx exports.

As in the Hub's ONNX files, models have dynamic axes and caches and may come in parts.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from copy import deepcopy
from importlib import import_module
from textwrap import shorten
from typing import Any

from younger_hf.errors import ExportError
from younger_hf.sources.candidate import Candidate
from younger_hf.sources.libraries.library import library_model, library_source
from younger_hf.sources.libraries.torchvision_operators import declare_torchvision_operators
from younger_hf.sources.libraries.transformers_models.configuration import COMPOSED
from younger_hf.sources.source import TorchModel

WITH_PAST = "-with-past"
"""Ending of the names of tasks whose graphs have a cache of keys and values."""

_REASON = 300

_DECODERS = ("decoder_model", "decoder_with_past_model")
_PARTS: Mapping[str, tuple[str, ...]] = {
    "musicgen": ("text_encoder", "encodec_decode", *_DECODERS, "build_delay_pattern_mask"),
    "sam": ("vision_encoder", "prompt_encoder_mask_decoder"),
}
"""Families that optimum splits into parts of their own."""


def _models() -> Iterator[Candidate]:
    """Yield one candidate for each file that optimum would write of each pair.

    The encoder of a pair with a cache equals that of the pair without. Model types that
    transformers itself does not know need code from the Hub, or are parts of others: they are left
    out.
    """
    tasks = _tasks_manager()
    import transformers

    for model_type, exporters in tasks._LIBRARY_TO_SUPPORTED_MODEL_TYPES["transformers"].items():
        if model_type not in transformers.CONFIG_MAPPING:
            continue
        for pair, make in exporters.get("onnx", {}).items():
            for part in _parts(model_type, pair, make.func):
                yield library_model(
                    "optimum",
                    f"{model_type}--{pair}" + (f"--{part}" if part else ""),
                    {"model_type": model_type, "pair": pair, "part": part},
                    task=pair.removesuffix(WITH_PAST),
                    family=model_type,
                    licence="Apache-2.0",
                    version=transformers.__version__,
                )


def _parts(model_type: str, pair: str, config_class: Any) -> tuple[str, ...]:
    """Return the names of the files that a pair is exported as; `""` is the whole model."""
    from optimum.exporters.onnx.base import OnnxSeq2SeqConfigWithPast

    if model_type in _PARTS:
        return _PARTS[model_type]
    if issubclass(config_class, OnnxSeq2SeqConfigWithPast) and pair.startswith(_tasks_manager()._ENCODER_DECODER_TASKS):
        return _DECODERS if pair.endswith(WITH_PAST) else ("encoder_model", "decoder_model")
    return ("",)


def _tasks_manager() -> Any:
    """Return optimum's registry of tasks, which the second import fills."""
    declare_torchvision_operators()
    from optimum.exporters.tasks import TasksManager

    import_module("optimum.exporters.onnx.model_configs")
    return TasksManager


def _build(recipe: Mapping[str, Any]) -> TorchModel:
    import torch
    import transformers

    transformers.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    torch.manual_seed(0)
    try:
        return _exportable(recipe["model_type"], recipe["pair"], recipe["part"])
    except Exception as error:  # the libraries raise anything on a pair that does not fit their versions
        pair = f"{recipe['model_type']}, {recipe['pair']}"
        reason = shorten(str(error), _REASON, placeholder=" ...")
        raise ExportError(f"{pair}: the model cannot be built ({type(error).__name__}: {reason}).") from error


def _exportable(model_type: str, pair: str, part: str) -> TorchModel:
    """Return one part of a model with optimum's patches, inputs and axes.

    The patches stay: this process works on no other model.
    """
    tasks = _tasks_manager()
    import transformers
    from optimum.exporters.utils import _get_submodels_and_export_configs

    from younger_hf.sources.libraries.transformers_models.nested import Flattened

    config = transformers.CONFIG_MAPPING[model_type](**deepcopy(COMPOSED.get(model_type, {})))
    if getattr(config, "pad_token_id", 0) is None:
        config.pad_token_id = 0  # sequence classifiers refuse batches of two without it
    if hasattr(config, "use_pretrained_backbone"):
        config.use_pretrained_backbone = False  # the library would fetch its weights
    model_class = tasks.get_model_class_for_task(pair, model_type=model_type)
    make = getattr(model_class, "from_config", None) or model_class._from_config
    module = make(config).eval()
    module.config.return_dict = True
    _, parts = _get_submodels_and_export_configs(module, pair, False, {}, False, "default", "transformers")
    if part and part not in parts:
        raise ExportError(f"{model_type}, {pair}: expected one of the parts {', '.join(parts)}, found {part!r}.")
    module, settings = parts[part] if part else next(iter(parts.values()))
    for name, value in (settings.values_override or {}).items():
        setattr(module.config, name, value)
    arguments = settings.rename_ambiguous_inputs(settings.generate_dummy_inputs(framework="pt"))
    all_logits = {"logits_to_keep": 0} if "logits_to_keep" in inspect.signature(module.forward).parameters else {}
    settings.patch_model_for_export(module, model_kwargs=all_logits).__enter__()
    axes = settings.ordered_inputs(module)
    flattened = Flattened(module, arguments)
    if len(axes) != len(flattened.tensors):
        raise ExportError(
            f"{model_type}, {pair}: optimum names {len(axes)} inputs but creates {len(flattened.tensors)}."
        )
    return TorchModel(
        flattened,
        dict(zip(axes, flattened.tensors, strict=True)),
        positional=True,
        axes=axes,
        opset=settings.DEFAULT_ONNX_OPSET,
        notes={"axes": "dynamic", "style": "optimum", "attention": module.config._attn_implementation},
    )


SOURCE = library_source(
    "optimum",
    "optimum-onnx: every pair of model type and task as the Hub's ONNX files have them; needs its own environment.",
    _models,
    _build,
    packages=("optimum-onnx", "transformers", "torch"),
    preload=("torch", "transformers", "optimum.exporters.onnx.model_configs"),
    extra="optimum",
)
