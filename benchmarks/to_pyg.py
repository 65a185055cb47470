"""Rows -> PyG graphs: straight from Arrow against one `torch.load` a sample, which is how the paper's code keeps its samples."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch

from benchmarks.measure import Ratio, compare
from younger_hf import to_pyg
from younger_hf.dataset.schema import schema_of

ROWS = 2000


def run() -> list[Ratio]:
    """Every row of an operator config of 2,000 graphs of 50 nodes."""
    rng = np.random.default_rng(0)
    rows = [
        {
            "graph_id": str(number),
            "num_nodes": 50,
            "node_feat": rng.integers(2, 200, 50),
            "edge_index": list(rng.integers(0, 50, (2, 60))),
            "mask_index": rng.integers(0, 50, 4),
            "y": rng.integers(2, 200, 4),
        }
        for number in range(ROWS)
    ]
    table = pa.Table.from_pylist(rows, schema=schema_of("operator_w_attrs"))
    with tempfile.TemporaryDirectory() as folder:
        for number, graph in enumerate(to_pyg(table)):
            torch.save(graph.to_dict(), Path(folder) / f"{number}.pt")

        def theirs() -> None:
            for number in range(ROWS):
                torch.load(Path(folder) / f"{number}.pt", weights_only=True)

        return [
            compare(
                f"{ROWS:,} rows -> PyG graphs", f"torch.load {torch.__version__}", lambda: list(to_pyg(table)), theirs
            )
        ]
