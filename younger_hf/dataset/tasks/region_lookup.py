"""Looking regions up: rows of the operator task that something else answers."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from younger_hf.arrays import BoolArray, Int32Array
from younger_hf.graph.identity.graph_index import Graph, index_graphs, index_uncertain_graphs
from younger_hf.graph.identity.search_pattern import NOT_KNOWN, Pattern
from younger_hf.graph.identity.subgraph_search import SearchResult, find_embeddings


def masked_pattern(classes: Int32Array, edge_index: Int32Array, targets: npt.NDArray[np.integer]) -> Pattern:
    """A row with its targets masked, as a pattern to search for.

    Args:
        classes: Class ids, int32 [N].
        edge_index: int32 [2, E].
        targets: The masked nodes, integers [M].
    """
    masked = np.zeros(len(classes), dtype=bool)
    masked[targets] = True
    return Pattern(classes, edge_index, masked)


def visible_graph(row: Pattern) -> Graph:
    """A row as a graph to search in, in which masked nodes have no class."""
    return np.where(row.masked, NOT_KNOWN, row.classes).astype(np.int32), row.edge_index


def embedded_rows(public: Sequence[Graph], rows: Sequence[Pattern], *, whole: bool = False) -> BoolArray:
    """Find rows that occur in public architectures, exactly or with a few differences.

    Args:
        public: Class ids [N] and edge_index [2, E] of every public architecture.
        rows: Test rows as they are shown.
        whole: Whether to find only rows with one and the same completion wherever they occur; else
            one target on which all places agree is enough.

    Returns:
        bool [rows].
    """
    index = index_graphs(public)
    found = (find_embeddings(index, row, quick=True) for row in rows)
    return np.array([f.unique or (not whole and has_guess(f)) for f in found], dtype=bool)


def crossing_rows(flows: Sequence[tuple[Int32Array, Int32Array, Int32Array]], rows: Sequence[Pattern]) -> BoolArray:
    """Find operator rows that answer data-flow rows or are answered by them.

    Args:
        flows: Class ids [N], message edges [2, E] and pairs [2, P] of every data-flow test row.
        rows: Operator test rows as they are shown.

    Returns:
        bool [rows].
    """
    index = index_uncertain_graphs(flows)
    found = (find_embeddings(index, row) for row in rows)
    return np.array([f.unique or has_guess(f) for f in found], dtype=bool)


def independent_rows(rows: Sequence[Pattern]) -> BoolArray:
    """Choose rows of one track such that no row shows the answer to another, even in part.

    Rows are dropped from the first on. Those that stay are tried again without the dropped ones
    until nothing changes: some of the rows that disagreed may be among these.

    Returns:
        bool [rows], True for those that stay.
    """
    index = index_graphs(map(visible_graph, rows))
    dropped: set[int] = set()
    changed = True
    while changed:
        changed = False
        for number, row in enumerate(rows):
            if number not in dropped and has_guess(find_embeddings(index, row, exclude={*dropped, number})):
                dropped.add(number)
                changed = True
    return np.array([number not in dropped for number in range(len(rows))], dtype=bool)


def has_guess(found: SearchResult) -> bool:
    """Whether a search found the class of any masked node."""
    return bool((found.guesses != NOT_KNOWN).any())
