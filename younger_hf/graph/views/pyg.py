"""A Dag as a PyG graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

from younger_hf.errors import MissingDependencyError

if TYPE_CHECKING:
    from torch_geometric.data import Data

    from younger_hf.graph.dag import Dag
    from younger_hf.graph.vocabulary import Vocabulary


def dag_to_pyg(dag: Dag, vocabulary: Vocabulary) -> Data:
    """Return a `Data` with `x` = class ids int64 [N] and `edge_index` int64 [2, E].

    Raises:
        MissingDependencyError: If torch or torch_geometric is not installed.
    """
    try:
        import torch
        from torch_geometric.data import Data
    except ModuleNotFoundError as error:
        raise MissingDependencyError(error.name or "torch_geometric", "train") from error
    classes = vocabulary.encode(dag.signatures(vocabulary.signature))
    return Data(
        x=torch.from_numpy(classes.astype("int64")),
        edge_index=torch.from_numpy(dag.edge_index.astype("int64")),
        num_nodes=dag.num_nodes,
    )
