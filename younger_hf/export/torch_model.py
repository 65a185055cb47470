"""A PyTorch model to ONNX by whichever of torch's exporters can do it."""

from __future__ import annotations

import onnx

from younger_hf.errors import ExportError
from younger_hf.export.exported import Exported
from younger_hf.export.strip_model import drop_weights
from younger_hf.export.torchscript import OPSET, export_module
from younger_hf.sources.source import TorchModel


def export_torch(model: TorchModel) -> Exported:
    """Export by TorchScript, whose graphs are closest to those on hubs; if it cannot, by `torch.export`.

    The second makes static graphs of one call of the module, nothing else.

    Raises:
        ExportError: If neither can; it says why both could not.
    """
    notes = {"axes": "static", **model.notes}
    try:
        exported, opset = _by_torchscript(model)
        if model.then is not None:
            exported = drop_weights(model.then(exported))
        return Exported(exported, "torchscript", opset, notes)
    except ExportError as first:
        if model.then is not None or model.axes:
            raise
        from younger_hf.export.dynamo import DYNAMO_OPSET, export_program

        try:
            exported = export_program(model.module, model.inputs, model.extra, model.positional)
        except ExportError as second:
            raise ExportError(f"{first.message} {second.message}") from second
        return Exported(exported, "dynamo", DYNAMO_OPSET, {**notes, "torchscript": first.message})


def _by_torchscript(model: TorchModel) -> tuple[onnx.ModelProto, int]:
    """The export and the version of its operator set: a later one where an operator needs it."""
    from younger_hf.export.symbolics import AT_ONCE, lacking, more_symbolics

    given = (model.module, model.inputs, model.extra, model.positional)
    keep, first = model.then is not None, model.opset or OPSET
    try:
        with more_symbolics(first, AT_ONCE):
            return export_module(*given, first, axes=model.axes, keep_constants=keep), first
    except ExportError as error:
        opset = lacking(error.message, first)
        if opset is None:
            raise
    while True:
        try:
            with more_symbolics(opset):
                return export_module(*given, opset, axes=model.axes, keep_constants=keep), opset
        except ExportError as error:
            later = lacking(error.message, opset)
            if later is None or later == opset:
                raise
            opset = later
