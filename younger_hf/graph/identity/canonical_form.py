"""Exact isomorphism of directed graphs with coloured nodes, by canonical forms.

Colours are first refined (Weisfeiler-Lehman). Where all edges from one colour to another exist,
they carry no further information and are removed; the rest falls into components, which are treated
one by one. That settles most operator graphs, because every node gets a colour of its own. What
remains is left to BLISS (Junttila & Kaski 2007). BLISS alone takes time exponential in the number
of components that refinement cannot distinguish, such as rings of different lengths.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from younger_hf.arrays import IntArray, Ragged, offsets_of
from younger_hf.graph.identity.wl import fingerprints, simple_neighbours

_ROUNDS = 4
"""Rounds of refinement between two checks of whether it has finished."""


def canonical_form(colours: npt.ArrayLike, edge_index: npt.ArrayLike) -> bytes:
    """Compute bytes that are equal for isomorphic directed graphs and differ for all others.

    Equal forms always mean isomorphic graphs, whatever refinement and BLISS do: a form is the graph
    itself with its nodes renumbered.

    Args:
        colours: Colour of each node, integers, [N].
        edge_index: Sources and targets, integers [2, E]; repeated edges count once, and self-loops
            are edges like any other.
    """
    nodes = np.asarray(colours, dtype=np.int64)
    return _form(nodes, *_unique_edges(len(nodes), edge_index))


def canonical_numbers(colours: npt.ArrayLike, edge_index: npt.ArrayLike) -> IntArray:
    """Number the nodes from 0 to N - 1 such that isomorphic graphs become the same graph.

    Args:
        colours: As for `canonical_form`.
        edge_index: As for `canonical_form`.

    Returns:
        New number of each node, int64 [N]. Symmetric nodes may have theirs exchanged.
    """
    nodes = np.asarray(colours, dtype=np.int64)
    if not len(nodes):
        return nodes
    sources, targets = _unique_edges(len(nodes), edge_index)
    ranks = _refine(nodes, sources, targets)
    return ranks if ranks.max() == len(nodes) - 1 else _number_by_bliss(ranks, sources, targets)


def literal_form(colours: npt.ArrayLike, edge_index: npt.ArrayLike) -> bytes:
    """Write a graph as bytes, equal for equal graphs with the same numbering.

    Arguments as for `canonical_form`.
    """
    nodes = np.asarray(colours, dtype=np.int64)
    return _literal(nodes, *_unique_edges(len(nodes), edge_index))


def find_isomorphism(
    first: tuple[npt.ArrayLike, npt.ArrayLike], second: tuple[npt.ArrayLike, npt.ArrayLike]
) -> list[int] | None:
    """Map the nodes of one graph to those of an isomorphic one.

    Args:
        first: Colours and edges, as for `canonical_form`.
        second: Likewise.

    Returns:
        The node of `second` that each node of `first` corresponds to; None if the graphs are not
        isomorphic. Of several such maps any may be returned; for equal graphs it is the identity.
    """
    numbers = [canonical_numbers(*graph) for graph in (first, second)]
    forms = [
        _renumbered(number, np.asarray(colours, dtype=np.int64), *np.asarray(edge_index, dtype=np.int64))
        for number, (colours, edge_index) in zip(numbers, (first, second), strict=True)
    ]
    return np.argsort(numbers[1])[numbers[0]].tolist() if forms[0] == forms[1] else None


def _form(colours: IntArray, sources: IntArray, targets: IntArray) -> bytes:
    if not len(colours):
        return _literal(colours, sources, targets)
    ranks = _refine(colours, sources, targets)
    sizes = np.bincount(ranks)
    if len(sizes) == len(ranks):
        return _renumbered(ranks, colours, sources, targets)
    pairs = ranks[sources] * len(sizes) + ranks[targets]
    present, positions, counts = np.unique(pairs, return_inverse=True, return_counts=True)
    tails, heads = present // len(sizes), present % len(sizes)
    loops = np.bincount(ranks[sources[sources == targets]], minlength=len(sizes))
    without_loops = (tails == heads) & (loops[tails] == 0) & (counts == sizes[tails] * (sizes[tails] - 1))
    complete = (counts == sizes[tails] * sizes[heads]) | without_loops
    kept = ~complete[positions]
    components = _components(ranks, sources[kept], targets[kept])
    if kept.all() and len(components) == 1 and len(components[0][0]) == len(ranks):
        return _renumbered(_number_by_bliss(ranks, sources, targets), colours, sources, targets)
    colour_of_rank = np.empty_like(sizes)
    colour_of_rank[ranks] = colours
    known: dict[bytes, bytes] = {}
    forms = []
    for component in components:
        literal = _literal(*component)
        if literal not in known:
            known[literal] = _form(*component)
        forms.append(known[literal])
    forms.sort()
    # Nodes outside of every component need not be listed: they are what is left of each colour.
    head = [
        [len(sizes), np.count_nonzero(complete), len(forms)],
        colour_of_rank,
        sizes,
        present[complete],
        counts[complete],
        [len(form) for form in forms],
    ]
    return b"".join([np.concatenate(head).astype("<i8").tobytes(), *forms])


def _components(ranks: IntArray, sources: IntArray, targets: IntArray) -> list[tuple[IntArray, IntArray, IntArray]]:
    """Ranks, sources and targets of each weakly connected component that has edges."""
    import igraph

    members, edges = np.unique(np.concatenate([sources, targets]), return_inverse=True)
    if not len(members):
        return []
    sources, targets = np.split(edges, 2)
    graph = igraph.Graph(n=len(members), edges=np.stack([sources, targets], axis=1))
    component = np.asarray(graph.connected_components(mode="weak").membership, dtype=np.int64)
    order = np.argsort(component, kind="stable")
    nodes = Ragged(ranks[members[order]], offsets_of(np.bincount(component)))
    within = np.empty_like(order)
    within[order] = np.arange(len(order)) - nodes.offsets[nodes.row_of_value()]
    edge_order = np.argsort(component[sources], kind="stable")
    edge_offsets = offsets_of(np.bincount(component[sources], minlength=len(nodes)))
    starts, ends = (Ragged(within[side[edge_order]], edge_offsets) for side in (sources, targets))
    return list(zip(nodes, starts, ends, strict=True))


def _refine(colours: IntArray, sources: IntArray, targets: IntArray) -> IntArray:
    """Rank the nodes by colour and surroundings, independently of their numbering."""
    ranks: IntArray = np.unique(colours, return_inverse=True)[1]
    neighbours = simple_neighbours(np.stack([sources, targets]).astype(np.int32), len(colours))
    while True:
        marks = fingerprints(ranks.astype(np.uint64), *neighbours, _ROUNDS)[-1]
        order = np.lexsort((marks, ranks))
        new = (np.diff(ranks[order]) != 0) | (marks[order[1:]] != marks[order[:-1]])
        finer = np.empty_like(ranks)
        finer[order] = np.concatenate([[0], np.cumsum(new)])
        if finer.max() in (ranks.max(), len(ranks) - 1):
            return finer
        ranks = finer


def _number_by_bliss(ranks: IntArray, sources: IntArray, targets: IntArray) -> IntArray:
    """Number the nodes independently of their numbering, up to symmetries.

    BLISS handles undirected graphs only. So every node gets two companions, one for the edges that
    leave it and one for those that enter it, and each edge connects the leaving companion of its
    source with the entering companion of its target.
    """
    import igraph

    size = len(ranks)
    own = np.arange(size)
    first = np.concatenate([own, own, sources + size])
    second = np.concatenate([own + size, own + 2 * size, targets + 2 * size])
    tripled = igraph.Graph(n=3 * size, edges=np.stack([first, second], axis=1))
    colours = np.concatenate([ranks, np.repeat([size, size + 1], size)])
    # The new order is read off the renumbered graph, because igraph versions differ in the
    # direction of the permutation that they return.
    tripled.vs["node"] = range(3 * size)
    renumbered = tripled.permute_vertices(tripled.canonical_permutation(color=colours.tolist()))
    order = np.asarray(renumbered.vs["node"], dtype=np.int64)
    numbers = np.empty(size, dtype=np.int64)
    numbers[order[order < size]] = own
    return numbers


def _renumbered(numbers: IntArray, colours: IntArray, sources: IntArray, targets: IntArray) -> bytes:
    """Write the graph with new numbers for its nodes as bytes."""
    moved = np.empty_like(colours)
    moved[numbers] = colours
    return literal_form(moved, np.stack([numbers[sources], numbers[targets]]))


def _literal(colours: IntArray, sources: IntArray, targets: IntArray) -> bytes:
    # -1 distinguishes these bytes from a form of several components, which starts with a count.
    return np.concatenate([[-1, len(colours)], colours, sources, targets]).astype("<i8").tobytes()


def _unique_edges(size: int, edge_index: npt.ArrayLike) -> tuple[IntArray, IntArray]:
    """Each edge once, sorted by source, then target."""
    sources, targets = np.asarray(edge_index, dtype=np.int64)
    keys = np.unique(sources * size + targets)
    return keys // max(size, 1), keys % max(size, 1)
