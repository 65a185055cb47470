"""The source `variants`: quantised models and fused graphs, as hubs also hold them.

Its models are derived from those in a workspace:
`younger-hf retrieve variants --option from=WORKSPACE`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from younger_hf.collect.workspace import Workspace, is_workspace
from younger_hf.errors import ExportError, MissingDependencyError, SourceError
from younger_hf.graph.read.weight_stripper import read_model
from younger_hf.sources.candidate import Candidate
from younger_hf.sources.registry import find_source
from younger_hf.sources.selection import select_candidates
from younger_hf.sources.source import Query, Source, TorchModel

MOST_ELEMENTS = 100_000_000
"""Weight elements of the largest model, since all of them are filled with values."""

PLAIN, VARIANT = "plain.onnx", "variant.onnx"
"""Files in the working directory."""


def _candidates(query: Query) -> Iterator[Candidate]:
    root = Path(query.options.get("from", ""))
    if not query.options.get("from") or not is_workspace(root):
        raise SourceError(
            f"The source 'variants' needs a workspace with models; found {str(root)!r}.",
            "Name the workspace: --option from=WORKSPACE.",
        )
    with closing(Workspace(root)) as workspace:
        done = (
            candidate
            for candidate, result, _, _ in workspace.results()
            if result.exporter == "torchscript" and not candidate.variant
        )
        yield from select_candidates((_variant(candidate, how) for candidate, how in product(done, MAKERS)), query)


def _variant(candidate: Candidate, how: str) -> Candidate:
    return replace(
        candidate,
        id=f"variants--{how}--{candidate.id}",
        hub="variants",
        model=f"{candidate.model} ({how})",
        recipe={"kind": "variants", "how": how, "of": candidate.recipe},
        variant=how,
    )


def _build(recipe: Mapping[str, Any]) -> TorchModel:
    original = recipe["of"]
    source = find_source(original["kind"])
    model = source.build(original) if source.build is not None else None
    if not isinstance(model, TorchModel):
        raise ExportError(f"Variants are derived from PyTorch models; found a model of {source.name!r}.")
    return replace(model, then=lambda exported: _make_variant(exported, MAKERS[recipe["how"]]))


def _make_variant(model: onnx.ModelProto, make: Callable[[], None]) -> onnx.ModelProto:
    """Return the variant of an exported model, using files in the working directory."""
    fill(model)
    onnx.save_model(model, PLAIN)
    try:
        make()
    except ModuleNotFoundError as error:
        raise MissingDependencyError(error.name or "onnxruntime", "models") from error
    except Exception as error:  # onnxruntime raises anything
        raise ExportError(f"{type(error).__name__}: {error}") from error
    return read_model(Path(VARIANT))[0]


def fill(model: onnx.ModelProto) -> None:
    """Fill weights without values with random ones, which an optimiser cannot find redundant.

    Raises:
        ExportError: If they have more than `MOST_ELEMENTS` elements.
    """
    empty = [tensor for tensor in model.graph.initializer if not _has_values(tensor)]
    elements = sum(prod(tensor.dims) for tensor in empty)
    if elements > MOST_ELEMENTS:
        raise ExportError(f"Its weights have {elements:,} elements; expected at most {MOST_ELEMENTS:,} for a variant.")
    rng = np.random.default_rng(0)
    for tensor in empty:
        dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type)
        values = rng.uniform(0.01, 0.1, size=tuple(tensor.dims)).astype(dtype)
        tensor.CopyFrom(onnx.numpy_helper.from_array(values, tensor.name))


def _has_values(tensor: onnx.TensorProto) -> bool:
    fields = ("raw_data", "float_data", "int32_data", "int64_data", "double_data", "uint64_data", "string_data")
    return any(len(getattr(tensor, name)) for name in fields) or not prod(tensor.dims)


def _quantise() -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(PLAIN, VARIANT, weight_type=QuantType.QUInt8)


def _fuse() -> None:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = VARIANT
    options.intra_op_num_threads = 1
    onnxruntime.InferenceSession(PLAIN, options, providers=["CPUExecutionProvider"])


MAKERS: Mapping[str, Callable[[], None]] = {"dynamic-int8": _quantise, "ort-fused": _fuse}
"""Kind of variant -> the function that makes the file `VARIANT` of the file `PLAIN`."""

SOURCE = Source(
    name="variants",
    about="Quantised and fused variants of the models that a workspace has (--option from=WORKSPACE).",
    candidates=_candidates,
    build=_build,
    packages=("onnxruntime", "torch"),
    preload=("onnxruntime.quantization",),
    extra="models",
)
