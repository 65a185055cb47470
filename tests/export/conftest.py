"""A folder of ONNX files to export, and what an export folder holds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnx.parser
import pytest
from onnx import numpy_helper

from younger_hf.retrieve.candidate import Candidate

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


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """A folder with three models."""
    path = tmp_path / "models"
    path.mkdir()
    for activation in ACTIVATIONS:
        write_model(path / f"{activation}.onnx", activation)
    return path


def state(out: Path) -> dict[str, tuple[bytes, int]]:
    """Content and time of every file."""
    return {file.name: (file.read_bytes(), file.stat().st_mtime_ns) for file in out.iterdir()}


def made_of(asked: dict[str, object], name: str) -> Candidate:
    """A candidate of a recipe."""
    return Candidate(name, "transformers", name, "", "", "", asked)
