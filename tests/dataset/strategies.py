"""Hypothesis strategies for whole Dags."""

from __future__ import annotations

from hypothesis import strategies as st

from tests.dataset.models import VARIADIC, dag_of_edges
from younger_hf import Dag


@st.composite
def dags(draw: st.DrawFn, most_nodes: int = 14, operators: int = len(VARIADIC)) -> Dag:
    """Dags of up to `operators` kinds of operators.

    Some have parallel edges, isolated nodes or several components.
    """
    num_nodes = draw(st.integers(1, most_nodes))
    pair = st.tuples(st.integers(0, num_nodes - 1), st.integers(0, num_nodes - 1))
    edges = [(min(p), max(p)) for p in draw(st.lists(pair, max_size=2 * num_nodes)) if p[0] != p[1]]
    op_types = draw(st.lists(st.sampled_from(VARIADIC[:operators]), min_size=num_nodes, max_size=num_nodes))
    return dag_of_edges(num_nodes, edges, op_types)
