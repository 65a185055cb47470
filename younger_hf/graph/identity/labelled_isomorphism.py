"""Exact isomorphism of labelled directed graphs, with the node that each node becomes."""

from __future__ import annotations

import igraph

from younger_hf.dataset.audit.public_view import Graph, pairs_of
from younger_hf.graph.identity.wl import weisfeiler_lehman_hash


def graph_hash(graph: Graph) -> str:
    """WL hash of a graph with class ids, equal for isomorphic graphs."""
    classes, edge_index = graph
    return weisfeiler_lehman_hash(edge_index, [str(label) for label in classes.tolist()])


def isomorphism(first: Graph, second: Graph) -> list[int] | None:
    """The node of `second` that each node of `first` becomes; None if they differ in more than their numbering (BLISS)."""
    if sorted(first[0].tolist()) != sorted(second[0].tolist()):
        return None
    if first[0].tolist() == second[0].tolist() and pairs_of(first[1]) == pairs_of(second[1]):
        return list(range(len(first[0])))  # BLISS could find another automorphism
    one, colours = _undirected(first)
    other, other_colours = _undirected(second)
    if len(colours) != len(other_colours):
        return None
    same, to_second, _ = one.isomorphic_bliss(other, return_mapping_12=True, color1=colours, color2=other_colours)
    return [int(node) for node in to_second[: len(first[0])]] if same else None


def _undirected(graph: Graph) -> tuple[igraph.Graph, list[int]]:
    """Each edge as a path over two coloured nodes: BLISS knows no directions."""
    classes, edge_index = graph
    edges = sorted(pairs_of(edge_index))
    tails, heads = len(classes), len(classes) + len(edges)
    paths = [
        pair
        for number, (source, target) in enumerate(edges)
        for pair in ((source, tails + number), (tails + number, heads + number), (heads + number, target))
    ]
    colours = [label + 2 for label in classes.tolist()] + [0] * len(edges) + [1] * len(edges)
    return igraph.Graph(n=heads + len(edges), edges=paths), colours
