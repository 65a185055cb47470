"""Rows -> PyG: straight from Arrow against one `torch.load` a sample, the paper's way, and against PyG's loader over graphs in memory."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import torch
import torch_geometric
from torch_geometric.data import Batch, Data, InMemoryDataset
from torch_geometric.loader import DataLoader

from benchmarks.measure import Ratio, compare
from younger_hf import to_pyg
from younger_hf.dataset.schema import schema_of

ROWS = 2048
BATCH = 512


def run() -> list[Ratio]:
    """Every row of an operator config of 2,048 graphs of 50 nodes."""
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

        def loaded() -> list[Data]:
            return [Data(**torch.load(Path(folder) / f"{number}.pt", weights_only=True)) for number in range(ROWS)]

        def batched(graphs: list[Data]) -> list[Batch]:
            return [Batch.from_data_list(graphs[start : start + BATCH]) for start in range(0, ROWS, BATCH)]

        memory = InMemory(loaded())
        way = f"{ROWS:,} rows -> batches of {BATCH}"
        return [
            compare(
                f"{ROWS:,} rows -> PyG graphs", f"torch.load {torch.__version__}", lambda: list(to_pyg(table)), loaded
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


class InMemory(InMemoryDataset):
    """Graphs as PyG keeps them in memory."""

    def __init__(self, graphs: list[Data]) -> None:
        super().__init__(None)
        self.data, self.slices = self.collate(graphs)
