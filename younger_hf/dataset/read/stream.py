"""Rows of a streaming dataset as PyG graphs; imports torch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from younger_hf.dataset.read.batches import BatchOrder, loader
from younger_hf.dataset.read.pyg_rows import GraphRows, check_batch_limits, feature_column

if TYPE_CHECKING:
    import datasets
    from torch_geometric.data import Batch, Data

    from younger_hf.graph.vocabulary import Signature

_READ_AHEAD = 256
"""Rows that are read at a time when graphs are requested one by one."""
_SHUFFLED_AT_A_TIME = 10_000
"""Rows that a shuffled stream keeps in memory to draw from."""


class GraphStream(IterableDataset["Data"]):
    """PyG graphs of a streaming dataset, in its order; each is what `GraphRows` makes of the row.

    Args:
        rows: One split of any config but a vocabulary.
        signature: Which classes become `x` if the config holds both.

    Raises:
        DatasetError: If the rows are not graphs; while reading if the stream does not name its
            columns.
    """

    def __init__(self, rows: datasets.IterableDataset, signature: Signature = "w_attrs") -> None:
        if rows.column_names is not None:
            feature_column(rows.column_names, signature)
        self._rows = rows
        self._signature: Signature = signature

    def __repr__(self) -> str:
        return f"GraphStream(graphs with the columns {', '.join(self._rows.column_names or ['not known yet'])})"

    def __iter__(self) -> Iterator[Data]:
        for graphs in _read(self._rows.with_format("arrow"), self._signature, _READ_AHEAD):
            yield from graphs

    def batches(
        self,
        batch_size: int = 512,
        *,
        max_nodes: int | None = None,
        shuffle: bool = False,
        seed: int = 0,
        workers: int = 0,
        pin_memory: bool = False,
    ) -> DataLoader[Batch]:
        """A loader of whole batches; arguments as for `GraphRows.batches`.

        Only rows that are near each other in the stream are shuffled, and at most one worker
        process reads it.
        """
        check_batch_limits(batch_size, max_nodes)
        batches = _StreamedBatches(self._rows, self._signature, batch_size, max_nodes, seed if shuffle else None)
        return loader(batches, None, min(workers, 1), pin_memory)


@dataclass
class _StreamedBatches(IterableDataset["Batch"]):
    rows: datasets.IterableDataset
    signature: Signature
    batch_size: int
    max_nodes: int | None
    seed: int | None
    epoch: int = 0

    def __iter__(self) -> Iterator[Batch]:
        rows = self.rows.with_format("arrow")
        if self.seed is not None:
            rows = rows.shuffle(seed=self.seed, buffer_size=_SHUFFLED_AT_A_TIME)
            rows.set_epoch(self.epoch)
        self.epoch += 1
        for graphs in _read(rows, self.signature, self.batch_size):
            for indices in BatchOrder(graphs.sizes, self.batch_size, self.max_nodes):
                yield graphs.batch(indices.tolist())


def _read(rows: datasets.IterableDataset, signature: Signature, count: int) -> Iterator[GraphRows]:
    """The next `count` rows in Arrow's format; nothing in any worker process but the first."""
    worker = get_worker_info()
    if worker is None or worker.id == 0:
        for table in rows.iter(batch_size=count):
            yield GraphRows(table, signature)
