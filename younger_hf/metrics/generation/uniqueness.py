"""Isomorphism classes of graphs, decided exactly: what uniqueness and novelty are computed from."""

from __future__ import annotations

import numpy as np

from younger_hf.arrays import BoolArray, IntArray
from younger_hf.graph.identity.canonical_form import canonical_form, literal_form
from younger_hf.graph.identity.wl import UInt64Array, fingerprints, simple_neighbours, splitmix64
from younger_hf.graph.labelled_graphs import Graphs

_ROUNDS = 6
"""Rounds of Weisfeiler-Lehman that propose isomorphic graphs.

Twice those of the dataset's hash, because they cost little.
"""


def isomorphism_classes(*sets: Graphs) -> tuple[IntArray, ...]:
    """Find the isomorphism class of every graph, with class ids as colours.

    Directions count, repeated edges count once, and cycles and self-loops are allowed.
    Weisfeiler-Lehman proposes which graphs may be isomorphic, and these are compared by canonical
    forms, which take one run of BLISS per graph however many it is compared with.

    Args:
        sets: Sets of graphs, at least one.

    Returns:
        For each set the class of each graph, int64 [G]: equal for isomorphic graphs of any of the
        sets, and for no others. Classes are numbered from 0 in the order of their first graphs.
    """
    graphs = [graph for each in sets for graph in each]
    buckets = np.unique(np.concatenate([_graph_fingerprints(each) for each in sets]), return_inverse=True)[1]
    shared = np.flatnonzero(np.bincount(buckets)[buckets] > 1).tolist()
    forms = {index: literal_form(graphs[index].node_feat, graphs[index].edge_index) for index in shared}
    variants: dict[int, set[bytes]] = {}
    for index in shared:
        variants.setdefault(int(buckets[index]), set()).add(forms[index])
    canonical: dict[bytes, bytes] = {}
    for index in shared:
        form = forms[index]
        if len(variants[int(buckets[index])]) > 1:
            if form not in canonical:
                canonical[form] = canonical_form(graphs[index].node_feat, graphs[index].edge_index)
            forms[index] = canonical[form]
    numbers: dict[tuple[int, bytes], int] = {}
    keys = ((int(bucket), forms.get(index, b"")) for index, bucket in enumerate(buckets))
    classes = np.array([numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.int64)
    return tuple(np.split(classes, np.cumsum([len(each) for each in sets])[:-1]))


def first_occurrences(classes: IntArray) -> BoolArray:
    """Whether each class occurs for the first time, bool [N]."""
    first = np.zeros(len(classes), dtype=np.bool_)
    first[np.unique(classes, return_index=True)[1]] = True
    return first


def _graph_fingerprints(graphs: Graphs) -> UInt64Array:
    """A number for each graph, equal for isomorphic ones, uint64 [G].

    All graphs are processed as one.
    """
    successors, predecessors = simple_neighbours(graphs.joined_edges().astype(np.int32), len(graphs.nodes.values))
    marks = fingerprints(graphs.nodes.values.astype(np.uint64), successors, predecessors, _ROUNDS)[-1]
    # The number of nodes need not be included: sums over different numbers of nodes almost never
    # agree.
    found: UInt64Array = np.add.reduceat(splitmix64(marks), graphs.nodes.offsets[:-1])
    return found
