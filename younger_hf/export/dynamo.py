"""A PyTorch module to ONNX through `torch.export`, without reading, copying or writing its weights."""

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
from younger_hf.export.placeholder_arrays import unknown_array
from younger_hf.export.strip_model import strip
from younger_hf.export.torchscript import Named
from younger_hf.graph.onnx_types import MAX_ELEMENTS

DYNAMO_OPSET = 20
"""Version of the default operator set that is exported: the default of torch 2.13, so that graphs are what its users get."""

REASON = 300
"""Most characters kept of why an export failed."""

_KIND = "pkg.torch.export.graph_signature.InputSpec.kind"
_PERSISTENT = "pkg.torch.export.graph_signature.InputSpec.persistent"


def export_program(
    module: nn.Module, inputs: Mapping[str, Tensor], extra: Mapping[str, Any] | None = None, positional: bool = False
) -> onnx.ModelProto:
    """Export a module as `torch.onnx.export(dynamo=True)` does, and drop its weights.

    `torch.export` itself runs the module on tensors without data, so the weights stay untouched where they are. The optimiser
    after it reads them; it is given values that stand for weights of any value.

    Args:
        module: The model, built within `LazyWeights` if it is large.
        inputs: Name -> example of each graph input, in the order in which `forward` is to get them by name.
        extra: Arguments of `forward` that are no graph inputs.
        positional: Whether `forward` gets the inputs by position, not by name.

    Returns:
        A stripped model: parameters are initializers without data.

    Raises:
        ExportError: If the exporter cannot do it.
    """
    names = list(inputs)
    wrapper = _with_signature(Named(module.eval(), names, extra or {}, positional))
    try:
        with torch.no_grad(), _silence():
            program: Any = torch.onnx.export(
                _captured(wrapper, inputs),
                dynamo=True,
                optimize=False,
                verbose=False,
                opset_version=DYNAMO_OPSET,
                input_names=names,
            )
            _forget_weights(program.model)
            program.optimize()
            _own_constants(program.model)
            model = _without_data(program.model)
    except Exception as error:  # the exporter and the model's own code raise anything
        raise ExportError(f"The torch.export exporter failed: {_reason(error)}") from error
    return strip(model, set(names))


def _captured(wrapper: Named, inputs: Mapping[str, Tensor]) -> ExportedProgram:
    """The module as `torch.export` sees it when it runs its code on tensors without data.

    `torch.onnx.export` would also try to read the code (`strict=True`) where that fails: KOSMOS-2 fails either way, in 12 s and 3.8 GB
    with it and in 4 s and 0.5 GB without; the 24 models that were tried both ways and do not fail have the same graph.
    """
    # made within `LazyWeights` they would be views, and the exported program would look at what they are views of
    examples = tuple(value.clone() for value in inputs.values())
    with torch.fx.experimental._config.patch(backed_size_oblivious=True):  # type: ignore[attr-defined]  # as torch.onnx.export has it
        return torch.export.export(wrapper, examples, strict=False)


def _with_signature(wrapper: Named) -> Named:
    """Let `forward` say how many arguments it takes: the conditions that `torch.export` finds on their shapes are lost on `*values`."""
    forward: Any = partial(Named.forward, wrapper)
    parameters = [Parameter(f"input_{i}", Parameter.POSITIONAL_OR_KEYWORD) for i in range(len(wrapper.names))]
    forward.__signature__ = Signature(parameters)
    vars(wrapper)["forward"] = forward
    return wrapper


def _forget_weights(model: onnx_ir.Model) -> None:
    """Replace the values of weights by some that need no memory; a weight that is read under two names stays one."""
    numbers: dict[int, int] = {}
    for value in model.graph.initializers.values():
        tensor: Any = value.const_value
        if _is_weight(value):
            number = numbers.setdefault(id(tensor.raw), len(numbers))
            array = unknown_array(tuple(tensor.shape.numpy()), tensor.dtype.numpy(), number)
            value.const_value = onnx_ir.Tensor(array, dtype=tensor.dtype, name=value.name)


def _is_weight(initializer: Any) -> bool:
    """Whether a model that was trained would have other values there."""
    tensor = initializer.const_value
    if tensor is None or not tensor.dtype.is_floating_point():
        return False
    saved = (
        initializer.metadata_props.get(_KIND) == "PARAMETER" or initializer.metadata_props.get(_PERSISTENT) == "True"
    )
    return saved or int(tensor.size) > BIG


def _own_constants(model: onnx_ir.Model) -> None:
    """Give the graph the constants that its nodes read.

    The optimiser of onnxscript 0.7 forgets those of a `Clip` that it makes from `Min` and `Max`.
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


def _without_data(model: onnx_ir.Model) -> onnx.ModelProto:
    """The model as a message, for which no initializer's data is read but that of small integer ones."""
    for value in model.graph.initializers.values():
        tensor = value.const_value
        if tensor is not None and (tensor.size > MAX_ELEMENTS or not tensor.dtype.is_integer()):
            bare = onnx.TensorProto(name=value.name, data_type=tensor.dtype.value, dims=tensor.shape.numpy())
            value.const_value = onnx_ir.TensorProtoTensor(bare)
    return onnx_ir.to_proto(model)


@contextmanager
def _silence() -> Iterator[None]:
    """Else torch and onnxscript warn of what is meant here, and print whole graphs where they fail."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings(), redirect_stdout(StringIO()), redirect_stderr(StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _reason(error: BaseException) -> str:
    """The first line of what was raised first: what is raised over it says that something failed, and advises."""
    while error.__cause__ is not None:
        error = error.__cause__
    line = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    return shorten(f"{type(error).__name__}: {line}", REASON, placeholder=" ...")
