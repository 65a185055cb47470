"""Rows of the dataset as PyG graphs, sliced straight out of Arrow's buffers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from younger_hf.errors import DatasetError, MissingDependencyError

if TYPE_CHECKING:
    from datasets import Dataset
    from torch_geometric.data import Data

_NAMES = {"node_feat": "x"}
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
        lists = [name for name in table.column_names if pa.types.is_list(table.schema.field(name).type)]
        self._columns = {_NAMES.get(name, name): _Lists(table[name], pairs=name in _PAIRS) for name in lists}

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


class _Lists:
    """A column of int lists, or of [2, E] lists of lists, as one flat array with offsets."""

    def __init__(self, column: pa.ChunkedArray, *, pairs: bool) -> None:
        array: Any = column.combine_chunks()
        if isinstance(array, pa.ChunkedArray):  # an empty column has no chunk to combine
            array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], column.type)
        self._pairs = pairs
        self._offsets: npt.NDArray[np.int64] = array.offsets.to_numpy().astype(np.int64)
        inner = array.values
        if pairs:
            self._inner: npt.NDArray[np.int64] = inner.offsets.to_numpy().astype(np.int64)
            inner = inner.values
        self._values: npt.NDArray[np.generic] = inner.to_numpy(zero_copy_only=False)

    def row(self, index: int) -> npt.NDArray[np.int64]:
        start, stop = self._offsets[index], self._offsets[index + 1]
        if not self._pairs:
            return self._values[start:stop].astype(np.int64)
        if stop - start != 2:
            raise DatasetError(
                f"Row {index}: expected a [2, E] list of sources and targets, found {stop - start} lists."
            )
        return self._values[self._inner[start] : self._inner[stop]].astype(np.int64).reshape(2, -1)


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
    if isinstance(dataset, dict) or not hasattr(dataset, "with_format"):
        raise DatasetError(
            f"Expected the rows of one split, got {type(dataset).__name__}.", "Name the split: load(config, 'train')."
        )
    return GraphRows(dataset.with_format("arrow")[:])
