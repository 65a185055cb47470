"""Whole PyG batches gathered from ragged columns, without a graph object for each row."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from younger_hf.arrays import IntArray, Ragged

if TYPE_CHECKING:
    from torch import Tensor
    from torch.utils.data import DataLoader
    from torch_geometric.data import Batch

Columns = Mapping[str, Ragged[Any]]
"""Tensor name -> the values of all rows; `x` holds the classes of the nodes."""
INDEX = "index"
"""Part of the name of every tensor of node numbers: a batch shifts it by the nodes before."""


def tensor_of(values: npt.NDArray[Any]) -> Tensor:
    """Copy an array into an int64 or float64 tensor."""
    import torch

    return torch.from_numpy(values.astype(np.float64 if values.dtype.kind == "f" else np.int64))


def gather(columns: Columns, indices: npt.ArrayLike) -> Batch:
    """Collect some rows in one PyG `Batch`, equal to PyG's own collation of their graphs.

    Args:
        columns: The values of all rows.
        indices: Row numbers, in the order of the batch; at least one.

    Returns:
        A batch with `batch` int64 [N], `ptr` int64 [rows + 1], and each column's tensor, node
        numbers shifted; `batch[i]` and `to_data_list()` restore the graphs.
    """
    import torch
    from torch_geometric.data import Batch, Data

    rows = {name: column.take(indices) for name, column in columns.items()}
    ptr, sizes = rows["x"].offsets, rows["x"].lengths
    batch = Batch(_base_cls=Data)
    slices: dict[str, Any] = {}
    shifts: dict[str, Any] = {}
    for name, column in rows.items():
        shift = ptr[:-1] if INDEX in name else np.zeros(len(sizes), np.int64)
        batch[name] = tensor_of(column.values)
        if INDEX in name:
            batch[name] += torch.from_numpy(np.repeat(shift, column.lengths))
        slices[name] = torch.from_numpy(column.offsets)
        shifts[name] = torch.from_numpy(shift.copy())
    batch.batch = torch.from_numpy(rows["x"].row_of_value())
    batch.ptr = torch.from_numpy(ptr)
    batch.num_nodes = int(ptr[-1])
    batch._num_graphs = len(sizes)
    batch._slice_dict = slices
    batch._inc_dict = shifts
    batch._store._num_nodes = sizes.tolist()
    return batch


@dataclass
class BatchOrder:
    """The rows of each batch; shuffled differently in each epoch.

    Attributes:
        sizes: Nodes of each row.
        batch_size: Most rows in a batch.
        max_nodes: Most nodes in a batch, None for no limit; a larger graph is a batch by itself.
        shuffle: Whether to shuffle the rows.
        seed: Seed of the shuffling; None draws the order from torch's generator, as a plain
            `DataLoader` does.
        epoch: Number of the next epoch.
    """

    sizes: IntArray
    batch_size: int
    max_nodes: int | None = None
    shuffle: bool = False
    seed: int | None = 0
    epoch: int = 0

    def __iter__(self) -> Iterator[IntArray]:
        batches = self._batches(self.epoch)
        self.epoch += 1
        yield from batches

    def __len__(self) -> int:
        if self.max_nodes is None:
            return -(-len(self.sizes) // self.batch_size)
        return len(self._batches(self.epoch))

    def _batches(self, epoch: int) -> list[IntArray]:
        rows = self._shuffled(epoch) if self.shuffle else np.arange(len(self.sizes))
        if self.max_nodes is None:
            return [rows[start : start + self.batch_size] for start in range(0, len(rows), self.batch_size)]
        batches: list[IntArray] = []
        start = nodes = 0
        for place, size in enumerate(self.sizes[rows].tolist()):
            if place > start and (nodes + size > self.max_nodes or place - start == self.batch_size):
                batches.append(rows[start:place])
                start, nodes = place, 0
            nodes += size
        return [*batches, rows[start:]] if len(rows) else []

    def _shuffled(self, epoch: int) -> IntArray:
        if self.seed is not None:
            return np.random.default_rng((self.seed, epoch)).permutation(len(self.sizes))
        import torch

        generator = torch.Generator().manual_seed(int(torch.empty((), dtype=torch.int64).random_()))
        order: IntArray = torch.randperm(len(self.sizes), generator=generator).numpy()
        return order


@dataclass(frozen=True)
class GatheredRows:
    """A map from many row numbers to their batch, as a `DataLoader` reads it."""

    columns: Columns

    def __getitem__(self, indices: IntArray) -> Batch:
        return gather(self.columns, indices)


def loader(batches: Any, order: BatchOrder | None, workers: int, pin_memory: bool) -> DataLoader[Batch]:
    """A `torch.utils.data.DataLoader` of whole batches.

    Args:
        batches: `GatheredRows`, or an iterable of batches.
        order: The rows of each batch; None for an iterable.
        workers: Number of worker processes; 0 to gather in this one.
        pin_memory: Whether to copy batches into pinned memory.
    """
    from torch.utils.data import DataLoader

    return DataLoader(
        batches,
        sampler=order,
        batch_size=None,
        num_workers=workers,
        pin_memory=pin_memory,
        persistent_workers=workers > 0,
        collate_fn=_as_it_is,
    )


def _as_it_is(batch: Batch) -> Batch:
    return batch
