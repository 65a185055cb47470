"""Hypothesis strategies for labelled DAGs."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from hypothesis import strategies as st


@st.composite
def labelled_dags(draw: st.DrawFn, most_nodes: int = 14) -> tuple[npt.NDArray[np.int32], list[str]]:
    """`edge_index` int32 [2, E] from lower to higher nodes, some edges parallel, and labels."""
    nodes = draw(st.integers(1, most_nodes))
    labels = draw(st.lists(st.sampled_from(["Conv", "Relu", "Add", "Mul"]), min_size=nodes, max_size=nodes))
    pair = st.tuples(st.integers(0, nodes - 1), st.integers(0, nodes - 1))
    edges = [(min(p), max(p)) for p in draw(st.lists(pair, max_size=3 * nodes)) if p[0] != p[1]]
    return np.array(edges, dtype=np.int32).reshape(-1, 2).T, labels


@st.composite
def coloured_dags(draw: st.DrawFn, most_nodes: int = 60) -> tuple[npt.NDArray[np.int32], list[str]]:
    """Copies of one random DAG, side by side or in a row, in any numbering, as in `labelled_dags`.

    Parallel edges, isolated nodes and graphs of one node or without edges occur. Colours are equal,
    few, all distinct, or such that different neighbourhoods have the same text when concatenated.
    """
    block = draw(st.integers(1, most_nodes))
    copies = draw(st.integers(1, most_nodes // block))
    in_a_row = draw(st.booleans())
    flows = draw(st.integers(0, 3 * block))
    repeated = draw(st.integers(0, flows))
    colours = draw(st.sampled_from(_COLOURS))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    nodes = block * copies
    pairs = np.sort(rng.integers(0, block, (2, flows)), axis=0)
    pairs = pairs[:, pairs[0] < pairs[1]]
    pairs = np.concatenate([pairs, pairs[:, :repeated]], axis=1)
    edges = (np.arange(copies)[:, None, None] * block + pairs).transpose(1, 0, 2).reshape(2, -1)
    if in_a_row:
        firsts = np.arange(1, copies) * block
        edges = np.concatenate([edges, [firsts - 1, firsts]], axis=1)
    distinct = [f"Conv{node}" for node in range(nodes)]
    labels = [colours[i] for i in rng.integers(0, len(colours), block)] * copies if colours else distinct
    order = rng.permutation(nodes)
    return order[edges].astype(np.int32), [labels[node] for node in np.argsort(order)]


_COLOURS: tuple[tuple[str, ...], ...] = (
    ("Relu",),
    ("Conv", "Relu", "Add", "Mul"),
    ("A", "B", "As_B", "s_B", "Ap_A", "p_A", ""),
    (),  # all distinct
)
