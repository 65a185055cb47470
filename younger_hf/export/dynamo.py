"""Export of a PyTorch module through `torch.export`, without reading or writing its weights."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from functools import partial
from inspect import Parameter, Signature
from io import StringIO
from textwrap import shorten
from typing import Any

import onnx
import onnx_ir
import torch
from torch import Tensor, nn
from torch.export import ExportedProgram

from younger_hf.errors import ExportError
from younger_hf.export.lazy_weights import BIG
from younger_hf.export.placeholder_arrays import placeholder_array
from younger_hf.export.strip_model import strip
from younger_hf.export.torchscript import FlatModule
from younger_hf.graph.onnx_types import MAX_ELEMENTS

DYNAMO_OPSET = 20
"""Version of the exported default operator set: the default of torch 2.13, as its users get."""

REASON = 300
"""Most characters kept of the reason why an export failed."""

_KIND = "pkg.torch.export.graph_signature.InputSpec.kind"
_PERSISTENT = "pkg.torch.export.graph_signature.InputSpec.persistent"


def export_program(
    module: nn.Module, inputs: Mapping[str, Tensor], extra: Mapping[str, Any] | None = None, positional: bool = False
) -> onnx.ModelProto:
    """Export a module as `torch.onnx.export(dynamo=True)` does, and drop its weights.

    `torch.export` itself runs the module on tensors without data and does not touch the weights.
    The optimiser after it reads them, so it gets placeholders instead.

    Args:
        module: The model, built within `LazyWeights` if it is large.
        inputs: Name -> example of each graph input, in the order of `forward`.
        extra: Arguments of `forward` that are not graph inputs.
        positional: Whether `forward` receives the inputs by position instead of by name.

    Returns:
        A stripped model: parameters are initializers without data.

    Raises:
        ExportError: If the exporter fails.
    """
    names = list(inputs)
    wrapper = _with_signature(FlatModule(module.eval(), names, extra or {}, positional))
    try:
        with torch.no_grad(), _silent():
            program: Any = torch.onnx.export(
                _capture(wrapper, inputs),
                dynamo=True,
                optimize=False,
                verbose=False,
                opset_version=DYNAMO_OPSET,
                input_names=names,
            )
            _forget_weights(program.model)
            program.optimize()
            _adopt_constants(program.model)
            model = _to_proto(program.model)
    except Exception as error:  # the exporter and the model's own code raise anything
        raise ExportError(f"The torch.export exporter failed: {_reason(error)}") from error
    return strip(model, set(names))


def _capture(wrapper: FlatModule, inputs: Mapping[str, Tensor]) -> ExportedProgram:
    """Trace the module by running its code on tensors without data.

    `torch.onnx.export` would also try to analyse the code (`strict=True`) where that fails.
    KOSMOS-2 fails either way, in 12 s and 3.8 GB with it and in 4 s and 0.5 GB without; the 24
    models that were tried both ways and do not fail have the same graph.
    """
    # created within `LazyWeights` they would be views, and the exporter would look at the
    # tensors that they view
    examples = tuple(value.clone() for value in inputs.values())
    with torch.fx.experimental._config.patch(backed_size_oblivious=True):  # type: ignore[attr-defined]  # as torch.onnx.export has it
        return torch.export.export(wrapper, examples, strict=False)


def _with_signature(wrapper: FlatModule) -> FlatModule:
    """Create a module whose `forward` has one parameter per input.

    With `*values`, `torch.export` loses its conditions on the shapes of the inputs.
    """
    forward: Any = partial(FlatModule.forward, wrapper)
    parameters = [Parameter(f"input_{i}", Parameter.POSITIONAL_OR_KEYWORD) for i in range(len(wrapper.names))]
    forward.__signature__ = Signature(parameters)
    vars(wrapper)["forward"] = forward
    return wrapper


def _forget_weights(model: onnx_ir.Model) -> None:
    """Replace the values of weights by placeholders; a weight with two names stays one weight."""
    numbers: dict[int, int] = {}
    for value in model.graph.initializers.values():
        tensor: Any = value.const_value
        if _is_weight(value):
            number = numbers.setdefault(id(tensor.raw), len(numbers))
            array = placeholder_array(tuple(tensor.shape.numpy()), tensor.dtype.numpy(), number)
            value.const_value = onnx_ir.Tensor(array, dtype=tensor.dtype, name=value.name)


def _is_weight(initializer: Any) -> bool:
    """Return whether training would change the values."""
    tensor = initializer.const_value
    if tensor is None or not tensor.dtype.is_floating_point():
        return False
    saved = (
        initializer.metadata_props.get(_KIND) == "PARAMETER" or initializer.metadata_props.get(_PERSISTENT) == "True"
    )
    return saved or int(tensor.size) > BIG


def _adopt_constants(model: onnx_ir.Model) -> None:
    """Register the constants that nodes read as initializers of the graph.

    The optimiser of onnxscript 0.7 omits those of a `Clip` that it makes from `Min` and `Max`.
    """
    known = model.graph.initializers
    for node in model.graph.all_nodes():
        for value in node.inputs:
            if value is None or value.const_value is None or value.producer() is not None or value.graph is not None:
                continue
            name, number = value.name or "constant", 0
            while value.name is None or value.name in known:
                value.name, number = f"{name}_{number}", number + 1
            model.graph.register_initializer(value)


def _to_proto(model: onnx_ir.Model) -> onnx.ModelProto:
    """Convert the model to a message; only the data of small integer initializers are read."""
    for value in model.graph.initializers.values():
        tensor = value.const_value
        if tensor is not None and (tensor.size > MAX_ELEMENTS or not tensor.dtype.is_integer()):
            bare = onnx.TensorProto(name=value.name, data_type=tensor.dtype.value, dims=tensor.shape.numpy())
            value.const_value = onnx_ir.TensorProtoTensor(bare)
    return onnx_ir.to_proto(model)


@contextmanager
def _silent() -> Iterator[None]:
    """Suppress output during the context.

    Torch and onnxscript warn about what is intended here, and print whole graphs when they fail.
    """
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _reason(error: BaseException) -> str:
    """Return the first line of the original error.

    Errors raised from it only announce the failure and give advice.
    """
    while error.__cause__ is not None:
        error = error.__cause__
    line = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    return shorten(f"{type(error).__name__}: {line}", REASON, placeholder=" ...")
