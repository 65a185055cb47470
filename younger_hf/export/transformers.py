"""One architecture of the installed `transformers` from its recipe, as a stripped ONNX model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import onnx

from younger_hf.errors import MissingDependencyError
from younger_hf.export.lazy import LazyWeights
from younger_hf.export.torchscript import export_module
from younger_hf.retrieve.transformers import build


def export_transformers(recipe: Mapping[str, Any]) -> onnx.ModelProto:
    """Export an architecture of `transformers` with the TorchScript exporter.

    Args:
        recipe: As the source `transformers` writes it: `model_type`, `auto_class` (as `AutoModel`) and `overrides` of the default
            configuration, or `config`, the path of a `config.json`.

    Returns:
        A stripped model.

    Raises:
        ExportError: If the model cannot be built or exported.
        MissingDependencyError: If transformers is not installed.
    """
    try:
        import transformers  # noqa: F401
    except ModuleNotFoundError as error:
        raise MissingDependencyError("transformers", "sources") from error
    with LazyWeights():
        model = build(recipe)
    return export_module(model.module, model.inputs, model.extra, model.positional)
