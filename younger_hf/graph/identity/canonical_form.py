"""Exact isomorphism of directed graphs with coloured nodes, by canonical forms: equal for isomorphic graphs, and for no others.

Colours are refined first (Weisfeiler-Lehman). Where every edge from one colour to another is there, these edges say nothing more and go;
what is left falls into components, each of which is treated alike by itself. Most graphs of operators are done then, since every node has
its own colour; the rest is for BLISS (Junttila & Kaski 2007). BLISS alone takes time exponential in the number of components that
refinement cannot tell apart, as a few rings of different lengths.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from younger_hf.graph.identity.wl import fingerprints, simple_neighbours

IntArray = npt.NDArray[np.int64]

_ROUNDS = 4
"""Rounds of refinement between two looks at whether it has come to an end."""


def canonical_form(colours: npt.ArrayLike, edge_index: npt.ArrayLike) -> bytes:
    """What isomorphic directed graphs have in common, and others do not.

    Equal forms always mean isomorphic graphs, whatever refinement and BLISS do: a form is the graph itself, in other numbers.

    Args:
        colours: Colour of each node, integers, [N].
        edge_index: Sources and targets, integers [2, E]; repeated edges count once, self-loops are edges like others.
    """
    nodes = np.asarray(colours, dtype=np.int64)
    return _form(nodes, *_once(len(nodes), edge_index))


def canonical_numbers(colours: npt.ArrayLike, edge_index: npt.ArrayLike) -> IntArray:
    """A number from 0 to N - 1 for each node, such that isomorphic graphs become the same graph.

    Args:
        colours: As for `canonical_form`.
        edge_index: Likewise.

    Returns:
        Numbers of the nodes, int64 [N]. Nodes that are symmetric may have theirs exchanged.
    """
    nodes = np.asarray(colours, dtype=np.int64)
    if not len(nodes):
        return nodes
    sources, targets = _once(len(nodes), edge_index)
    ranks = _refined(nodes, sources, targets)
    return ranks if ranks.max() == len(nodes) - 1 else _by_bliss(ranks, sources, targets)


def literal_form(colours: npt.ArrayLike, edge_index: npt.ArrayLike) -> bytes:
    """A directed graph with coloured nodes as bytes: equal for equal graphs that are numbered alike; arguments as for `canonical_form`."""
    nodes = np.asarray(colours, dtype=np.int64)
    return _literal(nodes, *_once(len(nodes), edge_index))


def _form(colours: IntArray, sources: IntArray, targets: IntArray) -> bytes:
    if not len(colours):
        return _literal(colours, sources, targets)
    ranks = _refined(colours, sources, targets)
    sizes = np.bincount(ranks)
    if len(sizes) == len(ranks):
        return _renumbered(ranks, colours, sources, targets)
    pairs = ranks[sources] * len(sizes) + ranks[targets]
    present, positions, times = np.unique(pairs, return_inverse=True, return_counts=True)
    one, other = present // len(sizes), present % len(sizes)
    loops = np.bincount(ranks[sources[sources == targets]], minlength=len(sizes))
    without_loops = (one == other) & (loops[one] == 0) & (times == sizes[one] * (sizes[one] - 1))
    complete = (times == sizes[one] * sizes[other]) | without_loops
    kept = ~complete[positions]
    parts = _parts(ranks, sources[kept], targets[kept])
    if kept.all() and len(parts) == 1 and len(parts[0][0]) == len(ranks):
        return _renumbered(_by_bliss(ranks, sources, targets), colours, sources, targets)
    names = np.empty_like(sizes)
    names[ranks] = colours
    known: dict[bytes, bytes] = {}
    forms = []
    for part in parts:
        literal = _literal(*part)
        if literal not in known:
            known[literal] = _form(*part)
        forms.append(known[literal])
    forms.sort()
    # Nodes that are in no part need not be told: they are those of each colour that are left.
    lengths = [len(form) for form in forms]
    head = [
        [len(sizes), np.count_nonzero(complete), len(forms)],
        names,
        sizes,
        present[complete],
        times[complete],
        lengths,
    ]
    return b"".join([np.concatenate(head).astype("<i8").tobytes(), *forms])


def _parts(ranks: IntArray, sources: IntArray, targets: IntArray) -> list[tuple[IntArray, IntArray, IntArray]]:
    """Each weakly connected component that has edges: ranks of its nodes, its sources and its targets, numbered within it."""
    members, edges = np.unique(np.concatenate([sources, targets]), return_inverse=True)
    sources, targets = np.split(edges, 2)
    component = _components(len(members), sources, targets)
    order = np.argsort(component, kind="stable")
    sizes = np.bincount(component)
    starts = np.cumsum(sizes) - sizes
    within = np.empty_like(order)
    within[order] = np.arange(len(order)) - np.repeat(starts, sizes)
    edge_order = np.argsort(component[sources], kind="stable")
    ends = np.cumsum(np.bincount(component[sources], minlength=len(sizes)))[:-1]
    split = (
        np.split(ranks[members[order]], starts[1:]),
        np.split(within[sources[edge_order]], ends),
        np.split(within[targets[edge_order]], ends),
    )
    return list(zip(*split, strict=True)) if len(members) else []


def _refined(colours: IntArray, sources: IntArray, targets: IntArray) -> IntArray:
    """Ranks of colours that tell nodes apart by their surroundings, too; the same however nodes are numbered."""
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


def _components(num_nodes: int, sources: IntArray, targets: IntArray) -> IntArray:
    """Weakly connected component of each node, numbered from 0."""
    import igraph

    graph = igraph.Graph(n=num_nodes, edges=np.stack([sources, targets], axis=1))
    return np.asarray(graph.connected_components(mode="weak").membership, dtype=np.int64)


def _by_bliss(ranks: IntArray, sources: IntArray, targets: IntArray) -> IntArray:
    """A number for each node that does not depend on how they are numbered, but for symmetries.

    BLISS knows undirected graphs alone. So every node gets two more, one for what leaves it and one for what reaches it, and an edge runs
    from the leaving node of its source to the reaching node of its target.
    """
    import igraph

    size = len(ranks)
    own = np.arange(size)
    first = np.concatenate([own, own, sources + size])
    second = np.concatenate([own + size, own + 2 * size, targets + 2 * size])
    twin = igraph.Graph(n=3 * size, edges=np.stack([first, second], axis=1))
    colours = np.concatenate([ranks, np.repeat([size, size + 1], size)])
    # Which node went where is read off the renumbered graph: versions of igraph differ in which way round a permutation is.
    twin.vs["node"] = range(3 * size)
    renumbered = twin.permute_vertices(twin.canonical_permutation(color=colours.tolist()))
    order = np.asarray(renumbered.vs["node"], dtype=np.int64)
    numbers = np.empty(size, dtype=np.int64)
    numbers[order[order < size]] = own
    return numbers


def _renumbered(numbers: IntArray, colours: IntArray, sources: IntArray, targets: IntArray) -> bytes:
    """The graph with other numbers for its nodes, as bytes."""
    moved = np.empty_like(colours)
    moved[numbers] = colours
    return _literal(moved, *_once(len(colours), np.stack([numbers[sources], numbers[targets]])))


def _literal(colours: IntArray, sources: IntArray, targets: IntArray) -> bytes:
    # -1 is no number of colours: no such form is one of several components
    return np.concatenate([[-1, len(colours)], colours, sources, targets]).astype("<i8").tobytes()


def _once(size: int, edge_index: npt.ArrayLike) -> tuple[IntArray, IntArray]:
    """Each edge once, sorted by source, then target."""
    sources, targets = np.asarray(edge_index, dtype=np.int64)
    keys = np.unique(sources * size + targets)
    return keys // max(size, 1), keys % max(size, 1)
