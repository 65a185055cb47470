"""Uniqueness and novelty of graphs: which are the same but for the numbering of their nodes, decided exactly."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from younger_hf.arrays import IntArray
from younger_hf.graph.identity.canonical_form import canonical_form, literal_form
from younger_hf.graph.identity.wl import fingerprints, simple_neighbours, splitmix64
from younger_hf.graph.labelled_graphs import Graphs

_ROUNDS = 6
"""Rounds of Weisfeiler-Lehman that propose which graphs may be isomorphic: twice those of the dataset's hash, since they cost little."""


def isomorphism_classes(*sets: Graphs) -> tuple[IntArray, ...]:
    """The isomorphism class of every graph, with class ids as colours; exact.

    Directions count, repeated edges count once; cycles and self-loops are allowed. Weisfeiler-Lehman proposes which graphs may be
    isomorphic, and these are compared by canonical forms, which take one run of BLISS a graph however many it is compared with.

    Args:
        sets: Sets of graphs, at least one.

    Returns:
        For each set the class of each graph, int64 [G]: equal for isomorphic graphs of any of the sets, and for no others. Classes are
        numbered from 0 in the order of their first graphs.
    """
    graphs = [graph for each in sets for graph in each]
    buckets = np.unique(np.concatenate([_proposals(each) for each in sets]), return_inverse=True)[1]
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


def first_of_its_kind(graphs: Graphs) -> npt.NDArray[np.bool_]:
    """Whether no graph before is isomorphic to it, bool [G]; as many are as there are isomorphism classes."""
    return firsts(isomorphism_classes(graphs)[0])


def is_novel(graphs: Graphs, train: Graphs) -> npt.NDArray[np.bool_]:
    """Whether it is isomorphic to no graph of the training set, bool [G]."""
    generated, known = isomorphism_classes(graphs, train)
    return np.isin(generated, known, invert=True)


def uniqueness(graphs: Graphs) -> float:
    """Isomorphism classes a graph, in (0, 1]; 1 if no two graphs are isomorphic."""
    return float(np.mean(first_of_its_kind(graphs)))


def novelty(graphs: Graphs, train: Graphs) -> float:
    """Share of graphs that are isomorphic to no graph of the training set, in [0, 1]."""
    return float(np.mean(is_novel(graphs, train)))


def firsts(classes: IntArray) -> npt.NDArray[np.bool_]:
    """Whether a class occurs for the first time, bool [N]."""
    first = np.zeros(len(classes), dtype=np.bool_)
    first[np.unique(classes, return_index=True)[1]] = True
    return first


def _proposals(graphs: Graphs) -> npt.NDArray[np.uint64]:
    """A number for each graph, equal for isomorphic ones, uint64 [G]; all graphs are taken at once, as one of many components."""
    successors, predecessors = simple_neighbours(graphs.joined_edges().astype(np.int32), len(graphs.nodes.values))
    marks = fingerprints(graphs.nodes.values.astype(np.uint64), successors, predecessors, _ROUNDS)[-1]
    # the number of nodes needs no place in it: sums of so many mixed numbers agree for graphs of different size hardly ever
    proposals: npt.NDArray[np.uint64] = np.add.reduceat(splitmix64(marks), graphs.nodes.offsets[:-1])
    return proposals
