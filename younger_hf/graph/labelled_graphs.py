"""Many directed graphs of node classes as a few flat arrays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from younger_hf.arrays import IntArray, Ragged
from younger_hf.errors import MetricError


@dataclass(frozen=True)
class Graph:
    """One directed graph; it may have cycles.

    Attributes:
        node_feat: Class id of each node, int64 [N].
        edge_index: Sources and targets, int64 [2, E], each in [0, N).
    """

    node_feat: IntArray
    edge_index: IntArray


@dataclass(frozen=True)
class Graphs(Sequence[Graph]):
    """A sequence of graphs.

    Attributes:
        nodes: Class ids of each graph's nodes, int64.
        edges: Sources and targets of each graph's edges, numbered within the graph, int64 [2, E].
    """

    nodes: Ragged[np.int64]
    edges: Ragged[np.int64]

    @classmethod
    def of(cls, rows: Iterable[tuple[npt.ArrayLike, npt.ArrayLike]], name: str = "graphs") -> Graphs:
        """Join graphs and check each.

        Args:
            rows: Class ids [N], integers in [0, 2**31), N >= 1, and edges [2, E], integers in [0,
                N), of each graph.
            name: What they are, for messages.

        Raises:
            MetricError: If no graph is given, or a row is not such a pair of arrays.
        """
        nodes: list[IntArray] = []
        edges: list[IntArray] = []
        for number, (node_feat, edge_index) in enumerate(rows):
            where = f"{name}[{number}]"
            nodes.append(_integers(node_feat, f"{where}, node_feat", 2**31))
            if nodes[-1].ndim != 1 or not len(nodes[-1]):
                raise MetricError(
                    f"{where}, node_feat: expected one class id per node, at least one, got shape {nodes[-1].shape}."
                )
            pair = _integers(edge_index, f"{where}, edge_index", len(nodes[-1]))
            if pair.size == 0:
                pair = np.zeros((2, 0), dtype=np.int64)
            if pair.ndim != 2 or len(pair) != 2:
                raise MetricError(f"{where}, edge_index: expected shape [2, E], got {pair.shape}.")
            edges.append(pair)
        if not nodes:
            raise MetricError(f"{name}: expected at least one graph, got none.")
        return cls(Ragged.of(nodes), Ragged.of(edges))

    def __len__(self) -> int:
        return len(self.nodes)

    def __getitem__(self, index: int) -> Graph:  # type: ignore[override]  # slices are not needed
        return Graph(self.nodes[index], self.edges[index])

    def __iter__(self) -> Iterator[Graph]:
        return map(Graph, self.nodes, self.edges)

    def joined_edges(self) -> IntArray:
        """All edges, with nodes numbered consecutively across graphs, int64 [2, E]."""
        return self.edges.values + self.nodes.offsets[self.edges.row_of_value()]


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
