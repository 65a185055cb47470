"""Communities of a Dag and their boundaries."""

from __future__ import annotations

import igraph
import numpy as np

from younger_hf.arrays import Int32Array, IntArray
from younger_hf.graph.dag import Dag


def communities(dag: Dag) -> list[IntArray]:
    """Find the Clauset-Newman-Moore communities (greedy modularity) of the undirected simple graph.

    The order of equally good merges depends on the numbering of the nodes, and repeated blocks make
    most merges equally good: the best of a few numberings is taken, the first of equals.

    Returns:
        The node indices of each community, ascending; communities ordered by their smallest node.
    """
    if not dag.num_nodes:
        return []
    edges = _undirected(dag)
    found = [_greedy(edges, order) for order in _orders(dag.num_nodes)]
    membership = max(found, key=lambda item: item[0])[1]
    _, first, community = np.unique(membership, return_index=True, return_inverse=True)
    grouped = np.split(np.argsort(community, kind="stable"), np.cumsum(np.bincount(community))[:-1])
    return [grouped[number] for number in np.argsort(first)]


def _undirected(dag: Dag) -> IntArray:
    """Distinct edges in either direction, int64 [E, 2]; a Dag has no edge from a node to itself."""
    low, high = np.sort(dag.edge_index.astype(np.int64), axis=0)
    keys = np.unique(low * dag.num_nodes + high)
    return np.stack(np.divmod(keys, dag.num_nodes), axis=1)


def _orders(num_nodes: int) -> list[IntArray]:
    """Numberings to try: topological order, the reverse, and a fixed random one."""
    order = np.arange(num_nodes)
    return [order, order[::-1], np.random.default_rng(0).permutation(num_nodes)]


def _greedy(edges: IntArray, order: IntArray) -> tuple[float, IntArray]:
    """Modularity and communities of the nodes under another numbering.

    Node i has number `order[i]`, int64 [N].
    """
    graph = igraph.Graph(n=len(order), edges=order[edges])
    membership = graph.community_fastgreedy().as_clustering().membership
    return graph.modularity(membership), np.asarray(membership)[order]


def boundary(dag: Dag, community: IntArray) -> IntArray:
    """Nodes outside a community with an edge from or into it, ascending."""
    inside = np.zeros(dag.num_nodes, dtype=bool)
    inside[community] = True
    sources, targets = dag.edge_index
    touched = np.zeros(dag.num_nodes, dtype=bool)
    touched[targets[inside[sources]]] = True
    touched[sources[inside[targets]]] = True
    return np.flatnonzero(touched & ~inside)


def induced_edges(dag: Dag, nodes: IntArray) -> Int32Array:
    """Distinct edges among some nodes, int32 [2, E], by source, then target.

    Edges are positions in `nodes`, which is ascending.
    """
    position = np.full(dag.num_nodes, -1, dtype=np.int64)
    position[nodes] = np.arange(len(nodes))
    sources, targets = position[dag.edge_index]
    inside = (sources >= 0) & (targets >= 0)
    keys = np.unique(sources[inside] * len(nodes) + targets[inside])
    return np.stack(np.divmod(keys, max(len(nodes), 1))).astype(np.int32)
