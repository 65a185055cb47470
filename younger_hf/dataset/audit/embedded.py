"""Attacks by look-up: test rows that occur in public architectures or in each other."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from younger_hf.dataset.audit.guesses import Guesses, found_guesses
from younger_hf.dataset.audit.public_view import Public, other_signature, projection
from younger_hf.dataset.schema import signature_of
from younger_hf.dataset.tasks.region_lookup import visible_graph
from younger_hf.graph.identity.graph_index import index_graphs
from younger_hf.graph.identity.subgraph_search import SearchResult, find_embeddings


def whole_rows(public: Public, track: str) -> Guesses:
    """Test rows that occur in public architectures with one completion.

    A leak: the region is not new, and looking it up answers every target; the build drops such
    rows.
    """
    found = _in_architectures(public, track)
    return found_guesses(public.rows(track, "test"), [result if result.unique else None for result in found])


def single_targets(public: Public, track: str) -> Guesses:
    """Single targets whose operator is the same wherever their row occurs in public architectures.

    A leak, though a smaller one: the row occurs in several surroundings, which differ, but not at
    this node.
    """
    found = _in_architectures(public, track)
    return found_guesses(public.rows(track, "test"), [None if result.unique else result for result in found])


def each_other(public: Public, track: str) -> Guesses:
    """Test rows that occur in the visible part of other test rows.

    Rows with attributes also answer rows without attributes.

    A leak: a submission need not predict what the test file itself shows. It happens where blocks
    repeat in the tested architectures: what is masked at the end of one copy is visible in the
    next.
    """
    rows = public.rows(track, "test")
    graphs, ids = [visible_graph(row.pattern) for row in rows], [row.graph_id for row in rows]
    if signature_of(track) == "wo_attrs":
        plain = projection(public)
        for row in public.rows(other_signature(track), "test"):
            graphs.append(visible_graph(replace(row.pattern, classes=plain[row.node_feat])))
            ids.append(row.graph_id)
    index = index_graphs(graphs)
    same = [[number for number, name in enumerate(ids) if name == row.graph_id] for row in rows]
    found = [find_embeddings(index, row.pattern, exclude=own) for row, own in zip(rows, same, strict=True)]
    return found_guesses(rows, found)


@lru_cache(maxsize=4)
def _in_architectures(public: Public, track: str) -> tuple[SearchResult, ...]:
    index = index_graphs(public.architectures(track))
    return tuple(find_embeddings(index, row.pattern) for row in public.rows(track, "test"))
