"""Numerical descriptors of many graphs: size, depth, degrees, operators and spectrum.

Repeated edges count once everywhere. Nothing here depends on the numbering of nodes or the order of
edges, and cycles are allowed, because generated graphs may have them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from younger_hf.arrays import FloatArray, IntArray, positions
from younger_hf.errors import MetricError
from younger_hf.graph.labelled_graphs import Graphs

SPECTRUM_BINS = 200
"""Bins of the spectrum over [0, 2], as in GRAN (Liao et al.

2019) and SPECTRE (Martinkus et al. 2022).
"""
LARGEST_SPECTRUM = 5_000
"""Maximum nodes of a graph whose eigenvalues are computed.

Time grows with their third power, memory with their second.
"""

_DIGITS = 10**9
"""Eigenvalues are rounded to nine digits before they are binned.

Otherwise rounding errors, which depend on the
numbering of nodes, would decide the bin of the many eigenvalues that lie between two bins, such as
1."""


@dataclass(frozen=True)
class Histograms:
    """One distribution per graph, over values that all graphs share.

    Attributes:
        values: The possible values, strictly ascending, float64 [K].
        shares: Share of each value in each graph, float64 [G, K]; rows sum to 1.
        ground: `line` if the distance of two values is their difference, `discrete` if it is 1 for
            any two distinct values.
    """

    values: FloatArray
    shares: FloatArray
    ground: Literal["line", "discrete"] = "line"

    def __len__(self) -> int:
        return len(self.shares)


@dataclass(frozen=True)
class Descriptors:
    """All descriptors of a set of graphs.

    Attributes:
        size: Number of nodes.
        depth: Nodes on the longest path; see `depths` for graphs with cycles.
        in_degree: Share of nodes of each in-degree.
        out_degree: Share of nodes of each out-degree.
        operator: Share of nodes of each class id, on a discrete ground.
        spectral: Share of the normalised Laplacian's eigenvalues in each of 200 bins, represented
            by their centres.
    """

    size: Histograms
    depth: Histograms
    in_degree: Histograms
    out_degree: Histograms
    operator: Histograms
    spectral: Histograms

    def __len__(self) -> int:
        return len(self.size)


def describe(graphs: Graphs) -> Descriptors:
    """Compute all descriptors of graphs.

    Args:
        graphs: The graphs; cycles, self-loops, repeated edges and several components are allowed.

    Raises:
        MetricError: If a graph has more than 5,000 nodes.
    """
    node_graph = graphs.nodes.row_of_value()
    sources, targets = simple_edges(graphs)
    num_nodes = len(graphs.nodes.values)
    return Descriptors(
        _points(graphs.nodes.lengths),
        _points(depths(graphs)),
        _histograms(np.bincount(targets, minlength=num_nodes), node_graph, graphs.nodes.lengths),
        _histograms(np.bincount(sources, minlength=num_nodes), node_graph, graphs.nodes.lengths),
        _histograms(graphs.nodes.values, node_graph, graphs.nodes.lengths, "discrete"),
        spectra(graphs),
    )


def simple_edges(graphs: Graphs) -> tuple[IntArray, IntArray]:
    """List the edges of all graphs, each once, with nodes numbered consecutively across graphs.

    Returns:
        Sources and targets, int64 [E] each, sorted by source, then target.
    """
    num_nodes = len(graphs.nodes.values)
    sources, targets = graphs.joined_edges()
    keys = np.unique(sources * num_nodes + targets)
    return keys // num_nodes, keys % num_nodes


def depths(graphs: Graphs) -> IntArray:
    """Compute the number of nodes on each graph's longest path, int64 [G], at least 1.

    Each strongly connected component counts as one node: paths are those of the condensation. For
    acyclic graphs that is the usual longest path.
    """
    sources, targets = simple_edges(graphs)
    levels = topological_levels(sources, targets, len(graphs.nodes.values))
    if levels.min() < 0:
        import igraph

        # The condensation of all graphs at once: components never span graphs.
        union = igraph.Graph(n=len(levels), edges=np.stack([sources, targets], axis=1), directed=True)
        component = np.asarray(union.connected_components(mode="strong").membership, dtype=np.int64)
        sources, targets = component[sources], component[targets]
        between = sources != targets
        keys = np.unique(sources[between] * len(levels) + targets[between])
        found = topological_levels(keys // len(levels), keys % len(levels), int(component.max()) + 1)
        levels = found[component]
    deepest: IntArray = np.maximum.reduceat(levels, graphs.nodes.offsets[:-1]) + 1
    return deepest


def topological_levels(sources: IntArray, targets: IntArray, num_nodes: int) -> IntArray:
    """Count the edges on the longest path to each node, int64 [N].

    -1 for nodes on a cycle or after one.

    All sources are removed at once, then the nodes that became sources by that, and so on (Kahn
    1962).

    Args:
        sources: Source of each edge, int64 [E], ascending.
        targets: Target of each edge, int64 [E]; no edge occurs twice.
        num_nodes: N.
    """
    missing = np.bincount(targets, minlength=num_nodes)
    starts = np.searchsorted(sources, np.arange(num_nodes + 1))
    levels = np.full(num_nodes, -1, dtype=np.int64)
    front = np.flatnonzero(missing == 0)
    level = 0
    while len(front):
        levels[front] = level
        counts = starts[front + 1] - starts[front]
        edges = positions(starts[front], counts)
        reached, times = np.unique(targets[edges], return_counts=True)
        missing[reached] -= times
        front = reached[missing[reached] == 0]
        level += 1
    return levels


def spectra(graphs: Graphs) -> Histograms:
    """Bin the eigenvalues of each graph's normalised Laplacian in 200 equal bins over [0, 2].

    The Laplacian is I - D^(-1/2) A D^(-1/2) of the underlying undirected simple graph: an edge in
    either direction connects, self-loops do not count, and a node without neighbours has the
    eigenvalue 0 (Chung 1997, section 1.2).

    Raises:
        MetricError: If a graph has more than 5,000 nodes.
    """
    from threadpoolctl import threadpool_limits

    largest = int(graphs.nodes.lengths.max())
    if largest > LARGEST_SPECTRUM:
        raise MetricError(
            f"Graph {int(graphs.nodes.lengths.argmax())} has {largest:,} nodes, expected at most {LARGEST_SPECTRUM:,} for its spectrum.",
            "Leave it out: the generation task is about graphs of up to 300 nodes.",
        )
    shares = np.empty((len(graphs), SPECTRUM_BINS))
    # Threads gain nothing on matrices this small, and on busy cores they wait for each other: 20
    # times slower.
    with threadpool_limits(1, "blas"):
        for row, graph in enumerate(graphs):
            values = laplacian_eigenvalues(len(graph.node_feat), graph.edge_index)
            bins = np.rint(values * _DIGITS).astype(np.int64) // (2 * _DIGITS // SPECTRUM_BINS)
            counts = np.bincount(np.clip(bins, 0, SPECTRUM_BINS - 1), minlength=SPECTRUM_BINS)
            shares[row] = counts / len(values)
    centres = np.linspace(0, 2, 2 * SPECTRUM_BINS + 1, dtype=np.float64)[1::2]
    return Histograms(centres, shares)


def laplacian_eigenvalues(num_nodes: int, edge_index: IntArray) -> FloatArray:
    """Compute the normalised Laplacian's eigenvalues, ascending, float64 [N], in [0, 2]."""
    adjacent = np.zeros((num_nodes, num_nodes))
    adjacent[edge_index[0], edge_index[1]] = adjacent[edge_index[1], edge_index[0]] = 1
    np.fill_diagonal(adjacent, 0)
    degrees = adjacent.sum(axis=1)
    scale = 1 / np.sqrt(np.maximum(degrees, 1))
    laplacian = np.diag((degrees > 0).astype(np.float64)) - scale[:, None] * adjacent * scale
    eigenvalues: FloatArray = np.clip(np.linalg.eigvalsh(laplacian), 0, 2)
    return eigenvalues


def _points(numbers: IntArray) -> Histograms:
    """Histograms of a single value per graph."""
    return _histograms(numbers, np.arange(len(numbers)), np.ones(len(numbers), dtype=np.int64))


def _histograms(
    values: IntArray, owners: IntArray, totals: IntArray, ground: Literal["line", "discrete"] = "line"
) -> Histograms:
    """Share of each value [N] among the `totals[g]` values of graph g, which `owners` [N] names."""
    distinct, positions = np.unique(values, return_inverse=True)
    cells = np.bincount(owners * len(distinct) + positions, minlength=len(totals) * len(distinct))
    shares = cells.reshape(len(totals), len(distinct)) / totals[:, None]
    return Histograms(distinct.astype(np.float64), shares, ground)
