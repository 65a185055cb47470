"""Export of a PyTorch module through the TorchScript exporter, without copying its weights."""

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
from younger_hf.export.lazy_weights import BIG
from younger_hf.export.skipped_kernels import skip_arithmetic
from younger_hf.export.strip_model import strip
from younger_hf.graph.onnx_types import MAX_ELEMENTS

OPSET = 17
"""Version of the exported default operator set, as in most of the Hub's exports."""

_MERGE = "_jit_pass_onnx_deduplicate_initializers"
_FUSE = "_jit_pass_onnx_eval_peephole"
_INFER = "_jit_pass_onnx_graph_shape_type_inference"
_FOLD = "_jit_pass_onnx_constant_fold"
_LOG = "_jit_onnx_log"

Parameters = dict[str, Any]
"""Name -> value of each initializer of the exporter, mostly tensors."""


class FlatModule(nn.Module):
    """A module that calls another with positional tensors and returns a flat tuple of tensors."""

    def __init__(self, module: nn.Module, names: list[str], extra: Mapping[str, Any], positional: bool) -> None:
        super().__init__()
        self.module = module
        self.names = names
        self.extra = dict(extra)
        self.positional = positional

    def forward(self, *values: Tensor) -> tuple[Tensor, ...]:
        """Return all tensors of the module's result, in order."""
        if self.positional:
            result = self.module(*values, **self.extra)
        else:
            result = self.module(**dict(zip(self.names, values, strict=True)), **self.extra)
        return tuple(_tensors(result))


def export_module(
    module: nn.Module,
    inputs: Mapping[str, Tensor],
    extra: Mapping[str, Any] | None = None,
    positional: bool = False,
    opset: int = OPSET,
    *,
    axes: Mapping[str, Mapping[int, str]] | None = None,
    keep_constants: bool = False,
) -> onnx.ModelProto:
    """Export a module, and drop its weights.

    Args:
        module: The model, built within `LazyWeights` if it is large.
        inputs: Name -> example of each graph input, in the order of `forward`.
        extra: Arguments of `forward` that are not graph inputs.
        positional: Whether `forward` receives the inputs by position instead of by name.
        opset: Version of the default operator set to export.
        axes: Name -> axis -> name of the size, for inputs with dynamic axes.
        keep_constants: Whether the numbers in the module's code keep their values, for a
            transformation that needs them before `drop_weights`.

    Returns:
        A stripped model: parameters are initializers without data.

    Raises:
        ExportError: If the exporter fails.
    """
    names = list(inputs)
    wrapper = FlatModule(module.eval(), names, extra or {}, positional)
    buffer = io.BytesIO()
    try:
        with torch.no_grad(), skip_arithmetic(), _passes_without_weights() as integers, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.onnx.export(
                wrapper,
                tuple(inputs.values()),
                buffer,  # type: ignore[arg-type]  # a file works here, though the signature lacks it
                dynamo=False,
                export_params=False,
                opset_version=opset,
                input_names=names,
                dynamic_axes=axes or None,
            )
    except Exception as error:  # the exporter and the model's own code raise anything
        reason = next(iter(str(error).strip().splitlines()), "")
        raise ExportError(f"The TorchScript exporter failed: {type(error).__name__}: {reason}") from error
    model = strip(onnx.load_model_from_string(buffer.getvalue()), set(names), keep_constants=keep_constants)
    _restore(model, integers)
    return model


@contextmanager
def _passes_without_weights() -> Iterator[dict[str, Tensor]]:
    """Adapt the exporter's passes to weights that all lie in one pool of zeros.

    Shared storage must not make it merge initializers, and no pass may copy or compute weights.
    Folding and shape inference see no weights, so that a weight that is read twice stays one
    weight; the fusion of batch normalisation into convolutions sees only their shapes.

    Yields:
        Name -> value of each small integer initializer, which the exporter drops; filled while it
        runs.
    """
    integers: dict[str, Tensor] = {}
    passes: Any = torch._C

    def merge_nothing(graph: Any, parameters: Parameters, training: bool) -> Parameters:
        integers.update((n, p) for n, p in parameters.items() if isinstance(p, Tensor) and _is_small_integer(p))
        return parameters

    def fuse_by_shapes(graph: Any, parameters: Parameters) -> Parameters:
        shapes = {n: _one_per_channel(p) if _is_weight(p) else p for n, p in parameters.items()}
        kernels = _kernels(graph)
        before = [parameters.get(kernel.debugName()) for kernel in kernels]
        fused: Parameters = original[_FUSE](graph, shapes)
        return _with_kernels(before, _kernels(graph), parameters, fused)

    def infer_without(graph: Any, parameters: Parameters, opset: int) -> None:
        original[_INFER](graph, {n: p for n, p in parameters.items() if not _is_weight(p)}, opset)

    def fold_without(graph: Any, parameters: Parameters, opset: int) -> Parameters:
        weights = {n: p for n, p in parameters.items() if _is_weight(p)}
        folded: Parameters = original[_FOLD](graph, {n: p for n, p in parameters.items() if n not in weights}, opset)
        return weights | folded

    def log_nothing(*messages: Any) -> None:
        """Suppress the graph that torch prints if a model cannot be exported."""

    adapted = {
        _MERGE: merge_nothing,
        _FUSE: fuse_by_shapes,
        _INFER: infer_without,
        _FOLD: fold_without,
        _LOG: log_nothing,
    }
    original = {name: getattr(passes, name) for name in adapted}
    try:
        for name, function in adapted.items():
            setattr(passes, name, function)
        yield integers
    finally:
        for name, function in original.items():
            setattr(passes, name, function)


def _one_per_channel(weight: Tensor) -> Tensor:
    """Return a small stand-in for a weight.

    Fusion loops over the output channels, and reads nothing else.
    """
    return torch.zeros(weight.shape[0], *[1] * (weight.dim() - 1)) if weight.dim() > 1 else torch.zeros(weight.shape)


def _with_kernels(before: list[Any], kernels: list[Any], parameters: Parameters, fused: Parameters) -> Parameters:
    """Return the parameters after fusion: the real ones if unchanged, else tensors of that shape.

    Fusion keeps the convolutions, and replaces the kernels of those followed by a batch
    normalisation by others of the same shape.
    """
    result = {name: parameters.get(name, value) for name, value in fused.items()}
    for old, kernel in zip(before, kernels, strict=True):
        name = kernel.debugName()
        if name in fused and name not in parameters and old is not None:
            result[name] = old.to("meta")
            kernel.inferTypeFrom(result[name])
    return result


def _kernels(graph: Any) -> list[Any]:
    """Return the kernel of every convolution, in the order of the graph."""
    return [list(node.inputs())[1] for node in _nodes(graph) if node.kind() == "onnx::Conv"]


def _nodes(block: Any) -> Iterator[Any]:
    for node in block.nodes():
        yield node
        for inner in node.blocks():
            yield from _nodes(inner)


def _is_weight(value: Any) -> bool:
    return isinstance(value, Tensor) and (value.is_floating_point() or value.is_complex() or value.numel() > BIG)


def _is_small_integer(tensor: Tensor) -> bool:
    whole = not tensor.is_floating_point() and not tensor.is_complex() and tensor.dtype != torch.bool
    return whole and tensor.numel() <= MAX_ELEMENTS


def _restore(model: onnx.ModelProto, integers: Mapping[str, Tensor]) -> None:
    """Restore the values of small integer initializers (shapes, axes, positions).

    They belong to the architecture.
    """
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
