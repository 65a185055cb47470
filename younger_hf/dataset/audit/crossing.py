"""Attacks between the two tasks: operator test rows that occur in data-flow test rows."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from younger_hf.arrays import offsets_of
from younger_hf.dataset.audit.guesses import Guesses, found_guesses, no_guesses
from younger_hf.dataset.audit.public_view import Public, pairs_of
from younger_hf.dataset.schema import signature_of
from younger_hf.graph.identity.graph_index import index_uncertain_graphs
from younger_hf.graph.identity.subgraph_search import SearchResult, find_embeddings


def operators_in_dataflow_rows(public: Public, track: str) -> Guesses:
    """Operator test rows that occur in data-flow test rows, which show every operator.

    A leak: the two tasks have different test architectures so that neither test file answers the
    other. Each edge of the region must be a message edge or a pair to predict, and complete nodes
    must not have any other edge.
    """
    return found_guesses(public.rows(track, "test"), _in_dataflow_rows(public, signature_of(track)))


def pairs_in_operator_rows(public: Public, track: str) -> Guesses:
    """Pairs of data-flow test rows in which an operator test row occurs, which shows all edges.

    A leak for the same reason, in the other direction.
    """
    rows = public.rows(track, "test")
    values = no_guesses(rows)
    starts = offsets_of(len(row.node_feat) for row in rows)
    signature = signature_of(track)
    regions = public.rows(f"operator_{signature}", "test")
    for region, found in zip(regions, _in_dataflow_rows(public, signature), strict=True):
        if not found.unique:
            continue  # a common block that occurs in several surroundings is not a copy
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
    return tuple(find_embeddings(index, row.pattern) for row in public.rows(f"operator_{signature}", "test"))
