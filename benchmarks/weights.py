"""Reading a file with 500 MB of weights, against the same file without them and `onnx.load`."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import onnx

from benchmarks.heavy import chain, real, without_weights
from benchmarks.measure import Ratio, compare
from younger_hf import from_onnx

FILES: dict[str, Callable[[], onnx.ModelProto]] = {
    "60 tensors of 8 MB": lambda: chain(60, 8 << 20),
    "500 tensors of 1 MB": lambda: chain(500, 1 << 20),
    "5,000 tensors of 100 KB": lambda: chain(5_000, 100 << 10),
    "500 Constant nodes of 1 MB": lambda: chain(500, 1 << 20, "constants"),
    "500 tensors of 1 MB as packed floats": lambda: chain(500, 1 << 20, "floats"),
    "VGG-19 (574 MB)": lambda: real("vgg19"),
}


def run() -> list[Ratio]:
    """Each file against its twin; the first two also against loading them whole. A ratio of 0.67 is 1.5 times the twin's time."""
    return [ratio for name, make in FILES.items() for ratio in _of(name, make)]


def _of(name: str, make: Callable[[], onnx.ModelProto]) -> list[Ratio]:
    with tempfile.TemporaryDirectory() as folder:
        heavy, twin = Path(folder) / "heavy.onnx", Path(folder) / "twin.onnx"
        model = make()
        onnx.save(model, heavy)
        onnx.save(without_weights(model), twin)
        del model
        rounds = 21
        ratios = [
            compare(
                f"from_onnx, {name}", "its stripped twin", lambda: from_onnx(heavy), lambda: from_onnx(twin), rounds
            )
        ]
        if "tensors of" in name and "packed" not in name:
            peer = f"onnx.load {onnx.__version__}"
            ratios.append(compare(f"from_onnx, {name}", peer, lambda: from_onnx(heavy), lambda: onnx.load(heavy), 3))
        return ratios
