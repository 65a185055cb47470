"""Many directed graphs of node classes as a few flat arrays: what the generation metrics are computed from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from younger_hf.errors import MetricError

IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Graph:
    """One directed graph; not necessarily acyclic.

    Attributes:
        node_feat: Class id of each node, int64 [N].
        edge_index: Sources and targets, int64 [2, E], each in [0, N).
    """

    node_feat: IntArray
    edge_index: IntArray


@dataclass(frozen=True)
class Graphs(Sequence[Graph]):
    """Graphs one after the other.

    Attributes:
        node_feat: Class ids of the nodes of all graphs, int64 [N].
        node_offsets: Graph g has the nodes `node_offsets[g]:node_offsets[g + 1]`, int64 [G + 1].
        edge_index: Sources and targets, numbered within their graph, int64 [2, E].
        edge_offsets: Graph g has the edges `edge_offsets[g]:edge_offsets[g + 1]`, int64 [G + 1].
    """

    node_feat: IntArray
    node_offsets: IntArray
    edge_index: IntArray
    edge_offsets: IntArray

    @classmethod
    def of(cls, rows: Iterable[tuple[npt.ArrayLike, npt.ArrayLike]], name: str = "graphs") -> Graphs:
        """Join graphs, checking each.

        Args:
            rows: Class ids [N], integers in [0, 2**31), N >= 1, and edges [2, E], integers in [0, N), of each graph.
            name: What they are, for messages.

        Raises:
            MetricError: If there are none, or one is not such a pair of arrays.
        """
        nodes: list[IntArray] = []
        edges: list[IntArray] = []
        for number, (node_feat, edge_index) in enumerate(rows):
            where = f"{name}[{number}]"
            nodes.append(_integers(node_feat, f"{where}, node_feat", 2**31))
            if nodes[-1].ndim != 1 or not len(nodes[-1]):
                raise MetricError(
                    f"{where}, node_feat: expected one class id a node, at least one, got shape {nodes[-1].shape}."
                )
            pair = _integers(edge_index, f"{where}, edge_index", len(nodes[-1]))
            if pair.size == 0:
                pair = np.zeros((2, 0), dtype=np.int64)
            if pair.ndim != 2 or len(pair) != 2:
                raise MetricError(f"{where}, edge_index: expected shape [2, E], got {pair.shape}.")
            edges.append(pair)
        if not nodes:
            raise MetricError(f"{name}: expected at least one graph, got none.")
        return cls(
            np.concatenate(nodes),
            _offsets([len(each) for each in nodes]),
            np.concatenate(edges, axis=1),
            _offsets([each.shape[1] for each in edges]),
        )

    def __len__(self) -> int:
        return len(self.node_offsets) - 1

    def __getitem__(self, index: int) -> Graph:  # type: ignore[override]  # no slices: they are not needed
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        index %= len(self)
        start, end = self.node_offsets[index : index + 2]
        first, last = self.edge_offsets[index : index + 2]
        return Graph(self.node_feat[start:end], self.edge_index[:, first:last])

    def __iter__(self) -> Iterator[Graph]:
        return (self[index] for index in range(len(self)))

    @property
    def num_nodes(self) -> IntArray:
        """Nodes of each graph, int64 [G]."""
        return np.diff(self.node_offsets)

    @property
    def num_edges(self) -> IntArray:
        """Edges of each graph, int64 [G]."""
        return np.diff(self.edge_offsets)


def _offsets(lengths: Sequence[int]) -> IntArray:
    return np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)]).astype(np.int64)


def _integers(values: npt.ArrayLike, name: str, limit: int) -> IntArray:
    try:
        array = np.asarray(values)
    except (TypeError, ValueError, OverflowError, RuntimeError) as error:
        raise MetricError(f"{name}: expected an array of integers, got {type(values).__name__} ({error}).") from error
    if array.size and array.dtype.kind not in "iu":
        raise MetricError(f"{name}: expected integers, got dtype {array.dtype}.")
    if array.size and (array.min() < 0 or array.max() >= limit):
        wrong = array.min() if array.min() < 0 else array.max()
        raise MetricError(f"{name}: expected integers from 0 to {limit - 1:,}, got {wrong}.")
    return array.astype(np.int64)
