"""Hypothesis strategies for labelled DAGs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st


@st.composite
def labelled_dags(draw: st.DrawFn, most_nodes: int = 14) -> tuple[npt.NDArray[np.int32], list[str]]:
    """`edge_index` int32 [2, E] with edges from lower to higher nodes, parallel ones among them, and a label a node."""
    nodes = draw(st.integers(1, most_nodes))
    labels = draw(st.lists(st.sampled_from(["Conv", "Relu", "Add", "Mul"]), min_size=nodes, max_size=nodes))
    pair = st.tuples(st.integers(0, nodes - 1), st.integers(0, nodes - 1))
    edges = [(min(p), max(p)) for p in draw(st.lists(pair, max_size=3 * nodes)) if p[0] != p[1]]
    return np.array(edges, dtype=np.int32).reshape(-1, 2).T, labels
