"""Rows to PyG straight from Arrow, against `torch.load` per sample and PyG's loader over graphs in memory.

`python -m benchmarks.to_pyg FOLDER [CONFIG]` takes the training rows of a dataset repo instead of generated ones.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
import torch_geometric
from torch_geometric.data import Batch, Data, InMemoryDataset
from torch_geometric.loader import DataLoader

from benchmarks.measure import Ratio, compare
from younger_hf import to_pyg
from younger_hf.cli.console import show_table
from younger_hf.dataset.read.release import open_release
from younger_hf.dataset.schema import schema_of

ROWS = 2048
BATCH = 512


def run(table: pa.Table | None = None) -> list[Ratio]:
    """Measure a table; by default an operator config of 2,048 graphs of 50 nodes."""
    table = _generated() if table is None else table
    count = table.num_rows
    with tempfile.TemporaryDirectory() as folder:
        for number, graph in enumerate(to_pyg(table)):
            torch.save(graph.to_dict(), Path(folder) / f"{number}.pt")

        def loaded() -> list[Data]:
            return [Data(**torch.load(Path(folder) / f"{number}.pt", weights_only=True)) for number in range(count)]

        def batched(graphs: list[Data]) -> list[Batch]:
            return [Batch.from_data_list(graphs[start : start + BATCH]) for start in range(0, count, BATCH)]

        memory = InMemory(loaded())
        way = f"{count:,} rows -> batches of {BATCH}"
        return [
            compare(
                f"{count:,} rows -> PyG graphs", f"torch.load {torch.__version__}", lambda: list(to_pyg(table)), loaded
            ),
            compare(
                way,
                f"torch.load {torch.__version__}",
                lambda: list(to_pyg(table).batches(BATCH)),
                lambda: batched(loaded()),
            ),
            compare(
                way,
                f"InMemoryDataset, PyG {torch_geometric.__version__}",
                lambda: list(to_pyg(table).batches(BATCH)),
                lambda: list(DataLoader(memory, BATCH)),
            ),
        ]


def _generated() -> pa.Table:
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
    return pa.Table.from_pylist(rows, schema=schema_of("operator_w_attrs"))


class InMemory(InMemoryDataset):
    """Graphs in PyG's own in-memory format."""

    def __init__(self, graphs: list[Data]) -> None:
        super().__init__(None)
        self.data, self.slices = self.collate(graphs)


if __name__ == "__main__":
    folder, config = (*sys.argv[1:], "operator_w_attrs")[:2]
    found = run(open_release(folder).table(config, "train"))
    show_table(
        f"{config}: how many times faster",
        ["what", "peer", "ours", "peer's", "ratio", "unit"],
        [list(asdict(r).values()) for r in found],
    )
