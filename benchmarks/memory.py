"""Peak memory of reading a model in a process of its own, against `onnx.load`; needs Linux's /proc."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import onnx

from benchmarks.heavy import chain
from benchmarks.measure import Ratio
from benchmarks.sparse import tensor, write_model

PEAK = """
import re, sys
from pathlib import Path
{code}
print(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])
"""
NOTHING = "from younger_hf.graph.read.extract import from_onnx"
OURS = f"{NOTHING}; dag = from_onnx(sys.argv[1])"
THEIRS = "import onnx; model = onnx.load(sys.argv[1])"


def run() -> list[Ratio]:
    """Measure a file with 500 MB of weights, a sparse one of 3 GiB, and importing alone."""
    with tempfile.TemporaryDirectory() as folder:
        heavy, sparse = Path(folder) / "heavy.onnx", Path(folder) / "sparse.onnx"
        onnx.save(chain(500, 1 << 20), heavy)
        write_model(sparse, [tensor("w0", 3 << 30)])
        theirs, imports = _peak(THEIRS, heavy), _peak(NOTHING, heavy)
        figures = {
            "importing younger_hf.graph alone": imports,
            "500 tensors of 1 MB": _peak(OURS, heavy),
            "one tensor of 3 GiB (a sparse file)": _peak(OURS, sparse),
        }
    peer = f"onnx.load {onnx.__version__} of 500 tensors of 1 MB"
    return [Ratio(f"peak memory, {name}", peer, ours, theirs, theirs / ours, "MB") for name, ours in figures.items()]


def _peak(code: str, path: Path) -> float:
    """Most memory that a fresh process had, in 10^6 bytes."""
    command = [sys.executable, "-c", PEAK.format(code=code), str(path)]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout) * 1024 / 1e6
