"""Small directed graphs for property tests, and the graphs of the release.

The small ones may have cycles, self-loops, repeated edges and isolated nodes.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import networkx as nx
import numpy as np
import pyarrow.parquet as pq
from hypothesis import strategies as st

from younger_hf.dataset.build.build_vocabulary import read_vocabulary
from younger_hf.graph.labelled_graphs import Graphs
from younger_hf.graph.vocabulary import Vocabulary

RELEASE = Path(__file__).parents[2] / "younger"


@st.composite
def rows(draw, most_nodes=6, classes=3, most_edges=12, acyclic=False):
    """One graph: class ids, and sources and targets."""
    size = draw(st.integers(1, most_nodes))
    node_feat = draw(st.lists(st.integers(2, 1 + classes), min_size=size, max_size=size))
    node = st.integers(0, size - 1)
    pairs = draw(st.lists(st.tuples(node, node), max_size=most_edges))
    if acyclic:
        pairs = [(min(pair), max(pair)) for pair in pairs if pair[0] != pair[1]]
    return node_feat, [[source for source, _ in pairs], [target for _, target in pairs]]


def sets(most=5, **settings):
    """Several graphs."""
    return st.lists(rows(**settings), min_size=1, max_size=most)


def renumbered(row, rng):
    """A graph with its nodes in another order, and its edges."""
    node_feat, edge_index = np.array(row[0]), np.array(row[1], dtype=np.int64).reshape(2, -1)
    number = rng.permutation(len(node_feat))
    moved = np.empty_like(node_feat)
    moved[number] = node_feat
    return moved, number[edge_index][:, rng.permutation(edge_index.shape[1])]


def digraph(row):
    """A graph as networkx has it, without repeated edges."""
    graph = nx.DiGraph()
    graph.add_nodes_from((node, {"class": class_id}) for node, class_id in enumerate(row[0]))
    graph.add_edges_from(zip(*row[1], strict=True))
    return graph


@cache
def released(signature, split):
    """The graphs of a generation config as rows."""
    table = pq.read_table(next((RELEASE / f"generation_{signature}").glob(f"{split}-*.parquet")))
    return list(zip(table["node_feat"].to_pylist(), table["edge_index"].to_pylist(), strict=True))


@cache
def released_graphs(signature, split) -> Graphs:
    return Graphs.of(released(signature, split))


@cache
def released_vocabulary(signature) -> Vocabulary:
    return read_vocabulary(
        pq.read_table(next((RELEASE / f"vocabulary_{signature}").glob("train-*.parquet"))), signature
    )
