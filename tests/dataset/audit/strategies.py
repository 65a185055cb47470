"""Hypothesis strategies for small labelled DAGs and regions of them."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from younger_hf.graph.identity.graph_index import Graph
from younger_hf.graph.identity.search_pattern import Pattern


@st.composite
def graphs(draw: st.DrawFn, most_nodes: int = 7, classes: int = 2) -> Graph:
    """DAGs of a few classes (2, 3, ...), now and then one of class UNK."""
    count = draw(st.integers(1, most_nodes))
    labels = draw(st.lists(st.sampled_from([*range(2, 2 + classes)] * 4 + [0]), min_size=count, max_size=count))
    pairs = [(s, t) for t in range(count) for s in range(t)]
    edges = draw(st.lists(st.sampled_from(pairs), max_size=9, unique=True)) if pairs else []
    return np.array(labels, dtype=np.int32), np.array(edges, dtype=np.int32).reshape(-1, 2).T


@st.composite
def regions(draw: st.DrawFn, graph: Graph, most_nodes: int = 4) -> Pattern:
    """Some nodes of a graph and their neighbours, renumbered.

    The neighbours are masked unless they are of class UNK.
    """
    classes, edge_index = graph
    inside = set(draw(st.lists(st.integers(0, len(classes) - 1), min_size=1, max_size=2, unique=True)))
    pairs = list(zip(*edge_index.tolist(), strict=True))
    around = {t for s, t in pairs if s in inside} | {s for s, t in pairs if t in inside}
    nodes = draw(st.permutations(sorted(inside | around)))
    position = {node: number for number, node in enumerate(nodes)}
    edges = [(position[s], position[t]) for s, t in pairs if s in position and t in position]
    masked = np.array([node not in inside and classes[node] != 0 for node in nodes])
    feat = np.where(masked, 1, classes[list(nodes)]).astype(np.int32)
    return Pattern(feat, np.array(edges, dtype=np.int32).reshape(-1, 2).T, masked)
