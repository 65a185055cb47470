"""Channels between the two tasks: operator test rows that lie in data-flow test rows."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from younger_hf.dataset.audit.guesses import Guesses, silent
from younger_hf.dataset.audit.public_view import Public, pairs_of
from younger_hf.dataset.schema import signature_of
from younger_hf.graph.identity.graph_index import index_uncertain_graphs
from younger_hf.graph.identity.search_pattern import NOT_KNOWN, Pattern
from younger_hf.graph.identity.subgraph_search import SearchResult, find_embeddings

Int32Array = npt.NDArray[np.int32]


def operators_in_dataflow_rows(public: Public, track: str) -> Guesses:
    """Operator test rows that lie in data-flow test rows, which show every operator.

    A leak: the two tasks' test architectures stand apart so that neither test file answers the other. Each edge of the region
    must be a message edge or a pair that is asked for, and nothing may be added to a complete node.
    """
    rows = public.rows(track, "test")
    values = silent(rows)
    for row, value, found in zip(rows, values, _in_dataflow_rows(public, signature_of(track)), strict=True):
        guesses = found.guesses[row.targets]
        value[guesses != NOT_KNOWN] = guesses[guesses != NOT_KNOWN]
    return Guesses(tuple(values))


def pairs_in_operator_rows(public: Public, track: str) -> Guesses:
    """Pairs of data-flow test rows on which an operator test row lies, which shows all edges.

    A leak for the same reason, the other way round.
    """
    rows = public.rows(track, "test")
    values = silent(rows)
    starts = np.cumsum([0, *(len(row.node_feat) for row in rows)])
    signature = signature_of(track)
    for region, found in zip(
        public.rows(f"operator_{signature}", "test"), _in_dataflow_rows(public, signature), strict=True
    ):
        if not found.unique:
            continue  # a common block that lies in several surroundings is no copy
        number = int(np.searchsorted(starts, found.images[0], "right")) - 1
        node_at = {image - int(starts[number]): node for node, image in enumerate(found.images)}
        edges = pairs_of(region.edge_index)
        for place, (source, target) in enumerate(rows[number].targets.T.tolist()):
            if source in node_at and target in node_at:
                values[number][place] = (node_at[source], node_at[target]) in edges
    return Guesses(tuple(values))


@lru_cache(maxsize=4)
def _in_dataflow_rows(public: Public, signature: str) -> tuple[SearchResult, ...]:
    flows = public.rows(f"dataflow_{signature}", "test")
    index = index_uncertain_graphs((row.node_feat, row.edge_index, row.targets) for row in flows)
    rows = public.rows(f"operator_{signature}", "test")
    return tuple(find_embeddings(index, Pattern(row.node_feat, row.edge_index, row.masked)) for row in rows)
