"""Rows of the dataset as networkx graphs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from younger_hf.errors import DatasetError

if TYPE_CHECKING:
    import networkx as nx
    import pyarrow as pa
    from datasets import Dataset

_FEATURES = ("node_feat", "node_feat_w", "node_feat_wo")


def to_networkx(dataset: Dataset | pa.Table | Iterable[Mapping[str, Any]]) -> Iterator[nx.DiGraph[int]]:
    """Convert the rows of a config to directed graphs, one at a time.

    Args:
        dataset: One split from `younger_hf.load(config, split)` or `datasets.load_dataset`,
            streaming or not, an Arrow table, or rows as dictionaries.

    Yields:
        A `networkx.DiGraph` with the nodes 0 to N - 1. Their attributes are the row's class ids
        (`node_feat`, or `node_feat_w` and `node_feat_wo`); the row's other columns are attributes
        of the graph (`graph_id`, `mask_index`, `pair_index`, `y`, ...).

    Raises:
        DatasetError: If a row does not have `edge_index`, or an edge names a node beyond its nodes.
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
    import networkx as nx  # imported here: `import younger_hf` does without it

    features = {name: row[name] for name in _FEATURES if name in row}
    size = int(row.get("num_nodes", max(map(len, features.values()), default=0)))
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.graph.update({name: value for name, value in row.items() if name not in (*features, "edge_index")})
    graph.add_nodes_from(range(size))
    for name, values in features.items():
        nx.set_node_attributes(graph, dict(enumerate(values)), name)
    graph.add_edges_from(zip(*row["edge_index"], strict=True))
    if len(graph) != size:
        raise DatasetError(f"Row {number}: expected edges of the nodes 0 to {size - 1}, found {len(graph)} nodes.")
    return graph
