"""Rows of the dataset as networkx graphs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import networkx as nx

from younger_hf.errors import DatasetError

if TYPE_CHECKING:
    import pyarrow as pa
    from datasets import Dataset

_FEATS = ("node_feat", "node_feat_w", "node_feat_wo")


def to_networkx(dataset: Dataset | pa.Table | Iterable[Mapping[str, Any]]) -> Iterator[nx.DiGraph[int]]:
    """The rows of a config as directed graphs, one after the other.

    Args:
        dataset: What `younger_hf.load(config, split)` or `datasets.load_dataset` returned for one split, streaming or not, an Arrow table,
            or rows as dictionaries.

    Yields:
        A `networkx.DiGraph` with the nodes 0 to N - 1, whose attributes are the row's class ids (`node_feat`, or `node_feat_w` and
        `node_feat_wo`), and the row's other columns as graph attributes (`graph_id`, `mask_index`, `pair_index`, `y`, ...).

    Raises:
        DatasetError: If a row has no `edge_index`, or edges of nodes that it does not have.
    """
    rows = dataset.to_pylist() if hasattr(dataset, "to_pylist") else dataset
    for number, row in enumerate(rows):
        if not isinstance(row, Mapping) or "edge_index" not in row:
            found = ", ".join(row) if isinstance(row, Mapping) else type(row).__name__
            raise DatasetError(
                f"Row {number}: expected a column 'edge_index', found: {found}.",
                "Load one split of any config but the vocabularies.",
            )
        yield _graph(number, row)


def _graph(number: int, row: Mapping[str, Any]) -> nx.DiGraph[int]:
    feats = {name: row[name] for name in _FEATS if name in row}
    size = int(row.get("num_nodes", max(map(len, feats.values()), default=0)))
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.graph.update({name: value for name, value in row.items() if name not in (*feats, "edge_index")})
    graph.add_nodes_from(range(size))
    for name, values in feats.items():
        nx.set_node_attributes(graph, dict(enumerate(values)), name)
    graph.add_edges_from(zip(*row["edge_index"], strict=True))
    if len(graph) != size:
        raise DatasetError(f"Row {number}: expected edges of the nodes 0 to {size - 1}, found {len(graph)} nodes.")
    return graph
