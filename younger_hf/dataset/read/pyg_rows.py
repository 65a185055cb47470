"""A sequence of PyG graphs, cut straight out of Arrow's buffers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from younger_hf.arrays import FloatArray, IntArray, Ragged
from younger_hf.dataset.read.batches import INDEX, BatchOrder, Columns, GatheredRows, gather, loader, tensor_of
from younger_hf.dataset.read.list_columns import integer_lists, integer_pairs
from younger_hf.errors import DatasetError, MissingDependencyError
from younger_hf.tasks import PROPERTY

if TYPE_CHECKING:
    from torch.utils.data import DataLoader
    from torch_geometric.data import Batch, Data

    from younger_hf.graph.vocabulary import Signature

_FEATURES = {"w_attrs": "node_feat_w", "wo_attrs": "node_feat_wo"}
"""Signature -> column of classes in configs that hold both."""
_LISTS = ("mask_index", "y", "edge_output", "edge_input", "num_outputs")
_PAIRS = ("edge_index", "pair_index")


class GraphRows:
    """A sequence of PyG graphs over the rows of a table, which a PyG `DataLoader` can read.

    Each item is a `Data` with `x` int64 [N] (class ids), `edge_index` int64 [2, E], `num_nodes`,
    and, where the config has them, `mask_index` int64 [M] or `pair_index` int64 [2, P], and `y`
    int64. Batching shifts every `*_index` by the nodes before it.

    In `architectures` and `prediction` every number of a row is a tensor [1] by the name of its
    column, float64, NaN where the row has none; `y` is the property to predict. The edges of
    `architectures` carry `edge_output` and `edge_input` int64 [E].

    Args:
        table: Rows of any config but a vocabulary.
        signature: Which classes become `x` if the config holds both.

    Raises:
        DatasetError: If the rows are not graphs.
        MissingDependencyError: If torch or torch_geometric is not installed.
    """

    def __init__(self, table: pa.Table, signature: Signature = "w_attrs") -> None:
        try:
            import torch  # noqa: F401
            import torch_geometric  # noqa: F401
        except ModuleNotFoundError as error:
            raise MissingDependencyError(error.name or "torch_geometric", "train") from error
        self._rows: int = table.num_rows
        self._columns = _columns(table, signature)

    def __repr__(self) -> str:
        return f"GraphRows({self._rows:,} graphs: {', '.join(self._columns)})"

    def __len__(self) -> int:
        return self._rows

    @property
    def sizes(self) -> IntArray:
        """Nodes of each graph, int64 [rows]."""
        return self._columns["x"].lengths

    def __getitem__(self, index: int) -> Data:
        from torch_geometric.data import Data

        if not -self._rows <= index < self._rows:
            raise IndexError(f"row {index} is out of range: there are {self._rows} rows")
        tensors = {name: tensor_of(column[index]) for name, column in self._columns.items()}
        return Data(**tensors, num_nodes=len(tensors["x"]))

    def __iter__(self) -> Iterator[Data]:
        return (self[index] for index in range(self._rows))

    def batch(self, indices: Sequence[int]) -> Batch:
        """Collect some rows in one PyG `Batch`, equal to `Batch.from_data_list` of their graphs.

        Raises:
            IndexError: If a row is out of range, or no row is named.
        """
        rows = np.asarray(indices, dtype=np.int64)
        if not len(rows) or rows.min() < -self._rows or rows.max() >= self._rows:
            raise IndexError(f"expected at least one row from 0 to {self._rows - 1} for a batch, got {rows.tolist()}")
        return gather(self._columns, rows % self._rows)

    def batches(
        self,
        batch_size: int = 512,
        *,
        max_nodes: int | None = None,
        shuffle: bool = False,
        seed: int | None = 0,
        workers: int = 0,
        pin_memory: bool = False,
    ) -> DataLoader[Batch]:
        """A loader of whole batches, gathered from Arrow's buffers at once: faster than by graph.

        Args:
            batch_size: Most graphs in a batch.
            max_nodes: Most nodes in a batch, None for no limit; a larger graph is a batch by
                itself.
            shuffle: Whether to shuffle the rows, differently in each epoch.
            seed: Seed of the shuffling; None draws the order from torch's generator, as a plain
                `DataLoader` does.
            workers: Number of worker processes; 0 to gather in this one.
            pin_memory: Whether to copy batches into pinned memory.

        Raises:
            DatasetError: If a batch would be empty.
        """
        check_batch_limits(batch_size, max_nodes)
        order = BatchOrder(self.sizes, batch_size, max_nodes, shuffle, seed)
        return loader(GatheredRows(self._columns), order, workers, pin_memory)


def feature_column(names: Sequence[str], signature: Signature) -> str:
    """The column of the nodes' classes.

    Args:
        names: Columns of the rows.
        signature: Which classes to take if there are both.

    Raises:
        DatasetError: If rows with these columns are not graphs, or the signature does not exist.
    """
    if signature not in _FEATURES:
        raise DatasetError(f"Expected the signature {' or '.join(_FEATURES)}, got {signature!r}.")
    feature = _FEATURES[signature] if _FEATURES[signature] in names else "node_feat"
    for name in (feature, "edge_index"):
        if name not in names:
            raise DatasetError(
                f"Rows without a column {name!r} cannot become graphs; found: {', '.join(names)}.",
                "Load any config but a vocabulary: operator_*, dataflow_*, generation_*, prediction, architectures.",
            )
    return feature


def check_batch_limits(batch_size: int, max_nodes: int | None) -> None:
    """Raise DatasetError if batches would be empty."""
    if batch_size < 1 or (max_nodes is not None and max_nodes < 1):
        raise DatasetError(f"Expected batches of at least one graph and node, got {batch_size} and {max_nodes}.")


def _columns(table: pa.Table, signature: Signature) -> Columns:
    columns: dict[str, Ragged[Any]] = {"x": integer_lists(table, feature_column(table.column_names, signature))}
    for name in (*_PAIRS, *_LISTS):
        if name in table.column_names:
            columns[name] = integer_pairs(table, name) if name in _PAIRS else integer_lists(table, name)
    for field in table.schema:
        is_number = pa.types.is_integer(field.type) or pa.types.is_floating(field.type)
        if is_number and field.name != "num_nodes" and INDEX not in field.name:
            columns[field.name] = _numbers(table[field.name])
    if "y" not in columns and PROPERTY in columns:
        columns["y"] = columns[PROPERTY]
    return columns


def _numbers(column: pa.ChunkedArray) -> Ragged[np.float64]:
    """One number a row, NaN for null."""
    values: FloatArray = column.cast(pa.float64()).to_numpy()
    return Ragged(values, np.arange(len(values) + 1))
