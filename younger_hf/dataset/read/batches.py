"""Whole PyG batches gathered from flat columns, without a graph object for each row; and loaders of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from torch.utils.data import DataLoader
    from torch_geometric.data import Batch

Ints = npt.NDArray[np.integer[Any]]
INDEX = "index"
"""What the name of a tensor of node positions contains: a batch shifts it by the nodes before."""


@dataclass(frozen=True)
class Column:
    """A column of int lists, or of [2, E] lists of lists, as one flat array with the bounds of each row.

    Attributes:
        values: All values, row after row; of a [2, E] list the sources, then the targets.
        bounds: Where each row begins, and where the last ends, int64 [rows + 1].
        pairs: Whether rows are [2, E].
    """

    values: Ints
    bounds: npt.NDArray[np.int64]
    pairs: bool

    def row(self, index: int) -> npt.NDArray[np.int64]:
        """One row: int64 [L] or [2, E]."""
        values = self.values[self.bounds[index] : self.bounds[index + 1]].astype(np.int64)
        return values.reshape(2, -1) if self.pairs else values

    def rows(self, indices: Ints) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Some rows behind each other, int64 [L] or [2, E], and the length of each."""
        starts = self.bounds[indices]
        lengths = self.bounds[indices + 1] - starts
        if not self.pairs:
            return self.values[_spans(starts, lengths)].astype(np.int64), lengths
        lengths = lengths // 2
        sources = _spans(starts, lengths)
        places = np.stack([sources, sources + np.repeat(lengths, lengths)])
        return self.values[places].astype(np.int64), lengths


def gather(columns: Mapping[str, Column], indices: Ints) -> Batch:
    """Some rows as one PyG `Batch`: what PyG's collation of their graphs gives.

    Args:
        columns: Tensor name -> column; `x` holds the classes of the nodes.
        indices: Rows, in the order of the batch; not empty.

    Returns:
        A batch with `batch` int64 [N], `ptr` int64 [rows + 1], and each column's tensor, node positions shifted; `batch[i]` and
        `to_data_list()` give the graphs again.
    """
    import torch
    from torch_geometric.data import Batch, Data

    feats, sizes = columns["x"].rows(indices)
    ptr = _bounds(sizes)
    batch = Batch(_base_cls=Data)
    slices: dict[str, Any] = {}
    shifts: dict[str, Any] = {}
    for name, column in columns.items():
        values, lengths = (feats, sizes) if name == "x" else column.rows(indices)
        shift = ptr[:-1] if INDEX in name else np.zeros(len(indices), np.int64)
        if INDEX in name:
            values += np.repeat(shift, lengths)
        batch[name] = torch.from_numpy(values)
        slices[name] = torch.from_numpy(_bounds(lengths))
        shifts[name] = torch.from_numpy(shift.copy())
    batch.batch = torch.from_numpy(np.repeat(np.arange(len(indices)), sizes))
    batch.ptr = torch.from_numpy(ptr)
    batch.num_nodes = int(ptr[-1])
    batch._num_graphs = len(indices)
    batch._slice_dict = slices
    batch._inc_dict = shifts
    batch._store._num_nodes = sizes.tolist()
    return batch


@dataclass
class Order:
    """Which rows go into which batch; another order in each epoch if they are shuffled.

    Attributes:
        sizes: Nodes of each row.
        batch_size: Most rows of a batch.
        max_nodes: Most nodes of a batch, None for any number; a larger graph is a batch of its own.
        shuffle: Whether the rows are shuffled.
        seed: Decides how.
        epoch: Number of the next epoch.
    """

    sizes: npt.NDArray[np.int64]
    batch_size: int
    max_nodes: int | None = None
    shuffle: bool = False
    seed: int = 0
    epoch: int = 0

    def __iter__(self) -> Iterator[Ints]:
        batches = self._batches(self.epoch)
        self.epoch += 1
        return iter(batches)

    def __len__(self) -> int:
        return len(self._batches(self.epoch))

    def _batches(self, epoch: int) -> list[Ints]:
        rows = np.arange(len(self.sizes))
        if self.shuffle:
            np.random.default_rng((self.seed, epoch)).shuffle(rows)
        if self.max_nodes is None:
            return [rows[start : start + self.batch_size] for start in range(0, len(rows), self.batch_size)]
        batches: list[Ints] = []
        start = nodes = 0
        for place, size in enumerate(self.sizes[rows].tolist()):
            if place > start and (nodes + size > self.max_nodes or place - start == self.batch_size):
                batches.append(rows[start:place])
                start, nodes = place, 0
            nodes += size
        return [*batches, rows[start:]] if len(rows) else []


@dataclass(frozen=True)
class Gathered:
    """Rows -> batch, as a `DataLoader` takes it: its items are asked for by many rows at once."""

    columns: Mapping[str, Column]

    def __getitem__(self, indices: Ints) -> Batch:
        return gather(self.columns, indices)


def loader(columns: Mapping[str, Column], order: Order, workers: int, pin_memory: bool) -> DataLoader[Batch]:
    """A `torch.utils.data.DataLoader` of whole batches.

    Args:
        columns: Tensor name -> column.
        order: Which rows go into which batch.
        workers: Processes that gather; 0 for none.
        pin_memory: Whether batches are copied into pinned memory.
    """
    from torch.utils.data import DataLoader

    return DataLoader(
        Gathered(columns),  # type: ignore[arg-type]  # whatever has __getitem__ is a dataset
        sampler=order,
        batch_size=None,
        num_workers=workers,
        pin_memory=pin_memory,
        persistent_workers=workers > 0,
        collate_fn=_as_it_is,
    )


def _as_it_is(batch: Batch) -> Batch:
    return batch


def _bounds(lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(lengths)])


def _spans(starts: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The positions of all spans [start, start + length), behind each other."""
    before = np.cumsum(lengths) - lengths
    places: npt.NDArray[np.int64] = np.arange(lengths.sum()) + np.repeat(starts - before, lengths)
    return places
