"""A PyTorch module to ONNX through the TorchScript exporter, without copying or writing its weights."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import onnx
import torch
from torch import Tensor, nn

from younger_hf.errors import ExportError
from younger_hf.export.lazy import BIG
from younger_hf.export.strip import strip
from younger_hf.graph.types import MAX_ELEMENTS

OPSET = 17
"""Version of the default operator set that is exported; what most of the Hub's exports use."""

_MERGE = "_jit_pass_onnx_deduplicate_initializers"
_FUSE = "_jit_pass_onnx_eval_peephole"
_INFER = "_jit_pass_onnx_graph_shape_type_inference"
_FOLD = "_jit_pass_onnx_constant_fold"
_LOG = "_jit_onnx_log"

Parameters = dict[str, Any]
"""Name -> value of what the exporter takes for initializers: mostly tensors."""


class _Named(nn.Module):
    """Calls a module with keyword arguments, and returns its tensors in a flat tuple."""

    def __init__(self, module: nn.Module, names: list[str], extra: Mapping[str, Any]) -> None:
        super().__init__()
        self.module = module
        self.names = names
        self.extra = dict(extra)

    def forward(self, *values: Tensor) -> tuple[Tensor, ...]:
        """All tensors of the module's result, in order."""
        result = self.module(**dict(zip(self.names, values, strict=True)), **self.extra)
        return tuple(_tensors(result))


def export_module(
    module: nn.Module, inputs: Mapping[str, Tensor], extra: Mapping[str, Any] | None = None
) -> onnx.ModelProto:
    """Export a module, and drop its weights.

    Args:
        module: The model, built within `LazyWeights` if it is large.
        inputs: Name -> example of each graph input, in the order in which `forward` is to get them by name.
        extra: Arguments of `forward` that are no graph inputs.

    Returns:
        A stripped model: parameters are initializers without data.

    Raises:
        ExportError: If the exporter cannot do it.
    """
    names = list(inputs)
    wrapper = _Named(module.eval(), names, extra or {})
    buffer = io.BytesIO()
    try:
        with torch.no_grad(), _without_weights() as integers, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                wrapper,
                tuple(inputs.values()),
                buffer,  # type: ignore[arg-type]  # a file works here, though the signature does not say so
                dynamo=False,
                export_params=False,
                opset_version=OPSET,
                input_names=names,
            )
    except Exception as error:  # the exporter and the model's own code raise anything
        reason = next(iter(str(error).strip().splitlines()), "")
        raise ExportError(f"The TorchScript exporter failed: {type(error).__name__}: {reason}") from error
    model = strip(onnx.load_model_from_string(buffer.getvalue()), set(names))
    _restore(model, integers)
    return model


@contextmanager
def _without_weights() -> Iterator[dict[str, Tensor]]:
    """Tame the exporter's passes over weights that all lie in one pool of zeros.

    Shared storage must not make it merge initializers, and no pass may copy or compute weights: folding and shape inference
    see none, so that they stay what they are (one weight that is read twice stays one), and the fusion of batch
    normalisation into convolutions sees their shapes only.

    Yields:
        Name -> value of each small integer initializer, filled while the exporter runs: it will leave them without values.
    """
    integers: dict[str, Tensor] = {}
    passes: Any = torch._C

    def merge_none(graph: Any, parameters: Parameters, training: bool) -> Parameters:
        integers.update((n, p) for n, p in parameters.items() if isinstance(p, Tensor) and _is_small_integer(p))
        return parameters

    def fuse_shapes(graph: Any, parameters: Parameters) -> Parameters:
        shapes = {n: p.to("meta") if _is_weight(p) else p for n, p in parameters.items()}
        fused: Parameters = original[_FUSE](graph, shapes)
        return fused

    def infer_without(graph: Any, parameters: Parameters, opset: int) -> None:
        original[_INFER](graph, {n: p for n, p in parameters.items() if not _is_weight(p)}, opset)

    def fold_without(graph: Any, parameters: Parameters, opset: int) -> Parameters:
        weights = {n: p for n, p in parameters.items() if _is_weight(p)}
        folded: Parameters = original[_FOLD](graph, {n: p for n, p in parameters.items() if n not in weights}, opset)
        return weights | folded

    def say_nothing(*words: Any) -> None:
        """Else the whole graph of a model that cannot be exported goes to standard output."""

    tamed = {_MERGE: merge_none, _FUSE: fuse_shapes, _INFER: infer_without, _FOLD: fold_without, _LOG: say_nothing}
    original = {name: getattr(passes, name) for name in tamed}
    try:
        for name, function in tamed.items():
            setattr(passes, name, function)
        yield integers
    finally:
        for name, function in original.items():
            setattr(passes, name, function)


def _is_weight(value: Any) -> bool:
    return isinstance(value, Tensor) and (value.is_floating_point() or value.is_complex() or value.numel() > BIG)


def _is_small_integer(tensor: Tensor) -> bool:
    whole = not tensor.is_floating_point() and not tensor.is_complex() and tensor.dtype != torch.bool
    return whole and tensor.numel() <= MAX_ELEMENTS


def _restore(model: onnx.ModelProto, integers: Mapping[str, Tensor]) -> None:
    """Give small integer initializers (shapes, axes, positions) their values back: they belong to the architecture."""
    for tensor in model.graph.initializer:
        if tensor.name in integers:
            tensor.CopyFrom(onnx.numpy_helper.from_array(integers[tensor.name].cpu().numpy(), tensor.name))


def _tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _tensors(item)
    elif isinstance(value, tuple | list):
        for item in value:
            yield from _tensors(item)
