"""ONNX files to work on, and a run over a workspace."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
import onnx
import onnx.parser
from onnx import numpy_helper

from younger_hf.collect.export_job import ExportResult
from younger_hf.collect.local_engine import run_local
from younger_hf.collect.run import Selection, export_pending, modules_to_preload
from younger_hf.collect.workspace import Workspace
from younger_hf.containment.limits import Limits

ACTIVATIONS = ("Relu", "Tanh", "Sigmoid")


def write_model(path: Path, activation: str) -> None:
    """An ONNX file with 400 KB of weights in two tensors, one large and one small."""
    model = onnx.parser.parse_model(
        f"""<ir_version: 8, opset_import: ["" : 17]>
        g (float[1,100] x) => (float[1,1000] y) {{ z = MatMul(x, w)  b = Add(z, v)  y = {activation}(b) }}"""
    )
    model.graph.initializer.append(numpy_helper.from_array(np.ones(1, np.float32), "v"))
    model.graph.initializer.append(numpy_helper.from_array(np.ones((100, 1000), np.float32), "w"))
    onnx.save(model, path)


def write_models(path: Path) -> Path:
    """A folder with three models."""
    path.mkdir()
    for activation in ACTIVATIONS:
        write_model(path / f"{activation}.onnx", activation)
    return path


def run(
    workspace: Workspace, selection: Selection | None = None, limits: Limits | None = None, workers: int = 2
) -> list[ExportResult]:
    """Export everything that is pending, and return the results in order of arrival."""
    results: list[ExportResult] = []
    meant, allowed = selection or Selection(), limits or Limits()
    preload = modules_to_preload(workspace, meant)
    export_pending(
        workspace,
        meant,
        lambda jobs: run_local(jobs, workspace.running, allowed, workers=workers, preload=preload),
        results.append,
    )
    return results


def contents(workspace: Workspace) -> dict[str, tuple[object, ...]]:
    """The contents of a workspace without durations; object names are checked, too."""
    found: dict[str, tuple[object, ...]] = {}
    for candidate, result, model, dag in workspace.results():
        stable = replace(result, seconds=0, peak=0, bytes_read=0, bytes_written=0)
        found[candidate.id] = (candidate, stable, model, dag)
        for name in filter(None, (model, dag)):
            assert name == sha256(workspace.path(name).read_bytes()).hexdigest()
    return found
