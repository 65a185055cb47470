"""Rows of the dataset as PyG graphs, sliced straight out of Arrow's buffers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from younger_hf.dataset.read.batches import Column, Order, gather, loader
from younger_hf.errors import DatasetError, MissingDependencyError

if TYPE_CHECKING:
    from datasets import Dataset
    from torch.utils.data import DataLoader
    from torch_geometric.data import Batch, Data

_NAMES = {
    "node_feat": "x",
    "edge_index": "edge_index",
    "mask_index": "mask_index",
    "pair_index": "pair_index",
    "y": "y",
}
"""Columns that become tensors, and the names they get."""
_PAIRS = ("edge_index", "pair_index")


class GraphRows:
    """A sequence of PyG graphs over the rows of a table, as a PyG `DataLoader` takes it.

    Each item is a `Data` with `x` int64 [N] (class ids), `edge_index` int64 [2, E], `num_nodes`, and, where the
    config has them, `mask_index` int64 [M] or `pair_index` int64 [2, P], and `y` int64. Batching shifts every
    `*_index` by the nodes before it.
    """

    def __init__(self, table: pa.Table) -> None:
        try:
            import torch  # noqa: F401
            import torch_geometric  # noqa: F401
        except ModuleNotFoundError as error:
            raise MissingDependencyError(error.name or "torch_geometric", "train") from error
        for name in ("node_feat", "edge_index"):
            if name not in table.column_names:
                raise DatasetError(
                    f"Rows without a column {name!r} cannot become graphs; found: {', '.join(table.column_names)}.",
                    "Load an operator_*, dataflow_* or generation_* config.",
                )
        self._rows: int = table.num_rows
        self._columns = {
            tensor: _pairs(name, table[name]) if name in _PAIRS else _lists(name, table[name])
            for name, tensor in _NAMES.items()
            if name in table.column_names
        }

    def __len__(self) -> int:
        return self._rows

    def __getitem__(self, index: int) -> Data:
        import torch
        from torch_geometric.data import Data

        if not -self._rows <= index < self._rows:
            raise IndexError(f"row {index} is out of range: there are {self._rows} rows")
        row = index % self._rows
        tensors = {name: torch.from_numpy(column.row(row)) for name, column in self._columns.items()}
        return Data(**tensors, num_nodes=len(tensors["x"]))

    def __iter__(self) -> Iterator[Data]:
        return (self[index] for index in range(self._rows))

    def batch(self, indices: Sequence[int]) -> Batch:
        """Some rows as one PyG `Batch`, equal to `Batch.from_data_list` of their graphs.

        Raises:
            IndexError: If a row is out of range, or there are none.
        """
        rows = np.asarray(indices, dtype=np.int64)
        if not len(rows) or rows.min() < -self._rows or rows.max() >= self._rows:
            raise IndexError(
                f"a batch of at least one row from 0 to {self._rows - 1} was expected, got {rows.tolist()}"
            )
        return gather(self._columns, rows % self._rows)

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
        """A loader of whole batches: gathered from Arrow's buffers at once, much faster than graph by graph.

        Args:
            batch_size: Most graphs of a batch.
            max_nodes: Most nodes of a batch; a larger graph is a batch of its own. None for any number.
            shuffle: Whether the rows come in another order in each epoch.
            seed: Decides in which.
            workers: Processes that gather; 0 for none.
            pin_memory: Whether batches are copied into pinned memory.

        Raises:
            DatasetError: If a batch were empty.
        """
        if batch_size < 1 or (max_nodes is not None and max_nodes < 1):
            raise DatasetError(f"Expected batches of at least one graph and node, got {batch_size} and {max_nodes}.")
        sizes = np.diff(self._columns["x"].bounds)
        return loader(self._columns, Order(sizes, batch_size, max_nodes, shuffle, seed), workers, pin_memory)


def _lists(name: str, column: pa.ChunkedArray) -> Column:
    expected = "a list of integers"
    bounds, values = _flat(name, _rows(name, column, expected), expected)
    return Column(_integers(name, values), bounds, pairs=False)


def _pairs(name: str, column: pa.ChunkedArray) -> Column:
    expected = "a [2, E] list of sources and targets"
    outer, lists = _flat(name, _rows(name, column, expected), expected)
    inner, values = _flat(name, lists, expected)
    lengths = np.diff(inner)
    wrong = np.diff(outer) != 2
    if not wrong.any():
        wrong = lengths[outer[:-1]] != lengths[outer[:-1] + 1]
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        found = lengths[outer[row] : outer[row + 1]].tolist()
        raise DatasetError(f"Row {row}, {name!r}: expected {expected}, found lists of the lengths {found}.")
    return Column(_integers(name, values), inner[outer], pairs=True)


def _rows(name: str, column: pa.ChunkedArray, expected: str) -> pa.Array:
    """A column in one piece."""
    if column.null_count:
        row = column.is_null().index(True).as_py()
        raise DatasetError(f"Row {row}, {name!r}: expected {expected}, found nothing.")
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)


def _flat(name: str, array: pa.Array, expected: str) -> tuple[npt.NDArray[np.int64], pa.Array]:
    """Bounds and values of a list array."""
    if not (pa.types.is_list(array.type) or pa.types.is_large_list(array.type)):
        raise DatasetError(f"Column {name!r}: expected {expected} in every row, found {array.type}.")
    return array.offsets.to_numpy().astype(np.int64), array.values


def _integers(name: str, values: pa.Array) -> npt.NDArray[np.integer[Any]]:
    if not pa.types.is_integer(values.type) or values.null_count:
        found = "empty ones" if pa.types.is_integer(values.type) else str(values.type)
        raise DatasetError(f"Column {name!r}: expected lists of integers, found {found}.")
    flat: npt.NDArray[np.integer[Any]] = values.to_numpy()
    return flat


def to_pyg(dataset: Dataset | pa.Table) -> GraphRows:
    """The rows of an `operator_*`, `dataflow_*` or `generation_*` config as PyG graphs.

    Args:
        dataset: What `younger_hf.load(config, split)` or `datasets.load_dataset` returned for one split, or an Arrow
            table.

    Raises:
        DatasetError: If it has no graphs, or is a dictionary of splits.
        MissingDependencyError: If torch_geometric is not installed.
    """
    if isinstance(dataset, pa.Table):
        return GraphRows(dataset)
    import datasets  # imported here: it takes longer than the whole of younger_hf

    if not isinstance(dataset, datasets.Dataset):
        raise DatasetError(
            f"Expected the rows of one split, got {type(dataset).__name__}.",
            "Name the split, and do not stream: load(config, 'train').",
        )
    return GraphRows(dataset.with_format("arrow")[:])
