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
from younger_hf.graph.operators import MAX_ELEMENTS

OPSET = 17
"""Version of the default operator set that is exported; what most of the Hub's exports use."""
EXPORTER = "torchscript"


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

    Shared storage must not make it merge initializers, and neither folding nor shape inference may copy big ones.

    Yields:
        Name -> value of each small integer initializer, filled while the exporter runs: it will leave them without values.
    """
    integers: dict[str, Tensor] = {}
    passes: Any = torch._C
    merge, infer, fold = (
        passes._jit_pass_onnx_deduplicate_initializers,
        passes._jit_pass_onnx_graph_shape_type_inference,
        passes._jit_pass_onnx_constant_fold,
    )

    def small(parameters: dict[str, Any]) -> dict[str, Any]:
        return {n: p for n, p in parameters.items() if not isinstance(p, Tensor) or p.numel() <= BIG}

    def keep_all(graph: Any, parameters: dict[str, Any], training: bool) -> dict[str, Any]:
        integers.update((n, p) for n, p in parameters.items() if isinstance(p, Tensor) and _is_small_integer(p))
        return parameters

    def fold_small(graph: Any, parameters: dict[str, Any], opset: int) -> dict[str, Any]:
        kept = small(parameters)
        folded = fold(graph, kept, opset)
        return {**{n: p for n, p in parameters.items() if n not in kept}, **folded}

    try:
        passes._jit_pass_onnx_deduplicate_initializers = keep_all
        passes._jit_pass_onnx_graph_shape_type_inference = lambda graph, parameters, opset: infer(
            graph, small(parameters), opset
        )
        passes._jit_pass_onnx_constant_fold = fold_small
        yield integers
    finally:
        passes._jit_pass_onnx_deduplicate_initializers = merge
        passes._jit_pass_onnx_graph_shape_type_inference = infer
        passes._jit_pass_onnx_constant_fold = fold


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
