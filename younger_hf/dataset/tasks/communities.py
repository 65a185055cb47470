"""Communities of a Dag and their boundaries."""

from __future__ import annotations

import igraph
import numpy as np
import numpy.typing as npt

from younger_hf.graph.dag import Dag


def communities(dag: Dag) -> list[npt.NDArray[np.int64]]:
    """Clauset-Newman-Moore communities (greedy modularity) of the undirected simple graph.

    Returns:
        The node indices of each community, ascending; communities ordered by their smallest node.
    """
    if not dag.num_nodes:
        return []
    graph = igraph.Graph(n=dag.num_nodes, edges=dag.edge_index.T.tolist()).simplify()
    membership = np.asarray(graph.community_fastgreedy().as_clustering().membership)
    _, first = np.unique(membership, return_index=True)
    return [np.flatnonzero(membership == membership[node]) for node in np.sort(first)]


def boundary(dag: Dag, community: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Nodes outside a community with an edge from or into it, ascending."""
    inside = np.zeros(dag.num_nodes, dtype=bool)
    inside[community] = True
    sources, targets = dag.edge_index
    touched = np.zeros(dag.num_nodes, dtype=bool)
    touched[targets[inside[sources]]] = True
    touched[sources[inside[targets]]] = True
    return np.flatnonzero(touched & ~inside)


def induced_edges(dag: Dag, nodes: npt.NDArray[np.int64]) -> npt.NDArray[np.int32]:
    """Distinct edges among some nodes, as positions in `nodes` (ascending); int32 [2, E], by source, then target."""
    position = np.full(dag.num_nodes, -1, dtype=np.int64)
    position[nodes] = np.arange(len(nodes))
    edges = position[dag.edge_index]
    edges = edges[:, (edges >= 0).all(axis=0)]
    return np.unique(edges, axis=1).astype(np.int32).reshape(2, -1)
