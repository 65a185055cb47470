"""Export of a PyTorch model by whichever of torch's exporters succeeds."""

from __future__ import annotations

import onnx

from younger_hf.errors import ExportError
from younger_hf.export.exported import Exported
from younger_hf.export.strip_model import drop_weights
from younger_hf.export.torchscript import OPSET, export_module
from younger_hf.sources.source import TorchModel


def export_torch(model: TorchModel) -> Exported:
    """Export by TorchScript, whose graphs are closest to those on hubs, or else by `torch.export`.

    The latter only exports static graphs of one call of the module.

    Raises:
        ExportError: If both fail, with both reasons.
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
    """Return the export and the version of its operator set, raised where an operator needs it."""
    from younger_hf.export.symbolics import ALWAYS, SYMBOLICS, extra_symbolics, needed_opset

    opset, symbolics = model.opset or OPSET, ALWAYS
    while True:
        try:
            with extra_symbolics(opset, symbolics):
                exported = export_module(
                    model.module,
                    model.inputs,
                    model.extra,
                    model.positional,
                    opset,
                    axes=model.axes,
                    keep_constants=model.then is not None,
                )
            return exported, opset
        except ExportError as error:
            needed = needed_opset(error.message, opset)
            if needed is None or (needed == opset and symbolics is SYMBOLICS):
                raise
            opset, symbolics = needed, SYMBOLICS
