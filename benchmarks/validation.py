"""Validating full-size submissions against reading the same files with pyarrow and pandas: time and peak memory.

The peers only read; validation reads, compares every row with the test split and checks every value.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.measure import Ratio, compare
from younger_hf.dataset.build.write_files import write_release
from younger_hf.dataset.read.release import Release, open_release
from younger_hf.dataset.schema import schema_of
from younger_hf.submission import reference_predictions, write_predictions
from younger_hf.submission.check.validate import validate
from younger_hf.tasks import TRACKS, task_of

GRAPHS, PAIRS = 2000, 4000
"""A test split of eight million pairs; 4,000 is the most that the build makes of one architecture."""
TRACK = "dataflow_w_attrs"
MAX_BYTES = 2**30
"""Above the board's limit, which refuses text files of eight million scores."""
SECONDS = 5.0
"""How long validation may take."""

OURS = """
from younger_hf.dataset.read.release import open_release
from younger_hf.submission import validate
import sys
path, root, track = sys.argv[1:]
assert validate(path, None, open_release(root), track=track, max_bytes=2**30).valid
"""
READERS: dict[str, tuple[str, Callable[[Path], object], str]] = {
    ".parquet": (
        f"pyarrow {pa.__version__} read_table",
        pq.read_table,
        "import pyarrow.parquet as pq; pq.read_table(sys.argv[1])",
    ),
    ".csv": (
        f"pandas {pd.__version__} read_csv",
        lambda path: pd.read_csv(path, dtype={"graph_id": str}, converters={1: json.loads}),
        "import json, pandas; pandas.read_csv(sys.argv[1], dtype={'graph_id': str}, converters={1: json.loads})",
    ),
    ".jsonl": (
        f"pandas {pd.__version__} read_json",
        lambda path: pd.read_json(path, lines=True, dtype=False),
        "import pandas; pandas.read_json(sys.argv[1], lines=True, dtype=False)",
    ),
}
"""Format -> the peer's name, the peer, and the same as code for a process of its own."""


def run() -> list[Ratio]:
    """Every track of the release in this folder, and a larger one that is made up; each as Parquet, CSV and JSON lines."""
    with tempfile.TemporaryDirectory() as folder:
        large = _large_release(Path(folder) / "large")
        found = _measured(large, TRACK, Path(folder), f"{GRAPHS:,} graphs of {PAIRS:,} pairs", peak=True)
        public = Path(__file__).parent.parent / "younger"
        if public.is_dir():
            release = open_release(public)
            for track in TRACKS:
                found += _measured(release, track, Path(folder), f"the release's {track}", peak=False)
    slow = [f"{ratio.name}: {ratio.ours:.1f} s" for ratio in found if ratio.unit == "s" and ratio.ours >= SECONDS]
    if slow:
        sys.stderr.write(f"Above {SECONDS:.0f} s: {'; '.join(slow)}\n")
    return found


def _large_release(root: Path) -> Release:
    nodes = list(range(PAIRS + 4))
    row = {
        "num_nodes": len(nodes),
        "node_feat": [2] * len(nodes),
        "edge_index": [nodes[:-1], nodes[1:]],
        "pair_index": [nodes[:PAIRS], nodes[4:]],
        "y": [-1] * PAIRS,
    }
    table = pa.Table.from_pylist([{"graph_id": f"{index:032x}", **row} for index in range(GRAPHS)], schema_of(TRACK))
    return write_release(root, {TRACK: {"test": table}}, "0.0.0")


def _measured(release: Release, track: str, folder: Path, name: str, peak: bool) -> list[Ratio]:
    found = []
    for suffix, (peer, read, code) in READERS.items():
        path = _written(folder / f"predictions{suffix}", release, track)
        what = f"validate {name}, {suffix} of {path.stat().st_size / 1e6:.2f} MB"

        def ours(path: Path = path) -> None:
            if not validate(path, None, release, track=track, max_bytes=MAX_BYTES).valid:
                raise RuntimeError(f"{path.name}: what the benchmark wrote is not valid")

        def theirs(path: Path = path, read: Callable[[Path], object] = read) -> None:
            read(path)

        found.append(compare(what, peer, ours, theirs, rounds=3))
        if peak:
            arguments = [str(path), str(release.root), track]
            here, there = _peak(OURS, arguments), _peak(f"import sys; {code}", arguments)
            found.append(Ratio(f"peak memory, {what}", peer, here, there, there / here, "MB"))
    return found


def _written(path: Path, release: Release, track: str) -> Path:
    """Random scores with six decimals, or random classes, for every graph of the test split."""
    rows = [(graph_id, values.tolist()) for graph_id, values in reference_predictions("uniform", release, track)]
    if task_of(track).name == "dataflow":
        rows = [(graph_id, np.round(values, 6).tolist()) for graph_id, values in rows]
    if path.suffix == ".parquet":
        return write_predictions(path, track, rows)
    column = "scores" if task_of(track).name == "dataflow" else "predictions"
    with path.open("w", encoding="utf-8", newline="") as file:
        if path.suffix == ".csv":
            writer = csv.writer(file)
            writer.writerow(["graph_id", column])
            writer.writerows([graph_id, json.dumps(values)] for graph_id, values in rows)
        else:
            file.writelines(json.dumps({"graph_id": graph_id, column: values}) + "\n" for graph_id, values in rows)
    return path


def _peak(code: str, arguments: list[str]) -> float:
    """Most memory that a fresh process had, in 10^6 bytes, imports included."""
    report = (
        "import pathlib, re; print(re.search(r'VmHWM:\\s+(\\d+)', pathlib.Path('/proc/self/status').read_text())[1])"
    )
    command = [sys.executable, "-c", f"{code}\n{report}", *arguments]
    return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[-1]) * 1024 / 1e6
