"""Channels of regions: test rows that lie in public architectures, in each other, or in the other task's rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from younger_hf.dataset.audit.guesses import Guesses, silent
from younger_hf.dataset.audit.public_view import Public, Row, other_signature, projection
from younger_hf.dataset.schema import signature_of
from younger_hf.dataset.tasks.region_lookup import visible_graph
from younger_hf.graph.identity.graph_index import index_graphs
from younger_hf.graph.identity.search_pattern import NOT_KNOWN, Pattern
from younger_hf.graph.identity.subgraph_search import SearchResult, find_embeddings


def whole_rows(public: Public, track: str) -> Guesses:
    """Test rows that lie in public architectures with one completion.

    A leak: the row is no new region, and looking it up answers every one of its targets; the build drops such rows.
    """
    rows = public.rows(track, "test")
    return Guesses(_answers(rows, [f if f.unique else None for f in _in_architectures(public, track)]))


def single_targets(public: Public, track: str) -> Guesses:
    """Single targets at which every embedding of their row in public architectures shows the same operator.

    A leak, though a smaller one: the row lies in several surroundings, which differ, but not at this node.
    """
    rows = public.rows(track, "test")
    return Guesses(_answers(rows, [None if f.unique else f for f in _in_architectures(public, track)]))


def each_other(public: Public, track: str) -> Guesses:
    """Test rows that lie in what other test rows show, rows with attributes also answering those without.

    A leak: a submission need not predict what the test file itself shows. It happens where blocks repeat in the tested
    architectures: what is masked at the end of one copy stands visible in the next.
    """
    rows = public.rows(track, "test")
    graphs, ids = [visible_graph(_pattern(row)) for row in rows], [row.graph_id for row in rows]
    if signature_of(track) == "wo_attrs":
        plain = projection(public)
        for row in public.rows(other_signature(track), "test"):
            graphs.append(visible_graph(replace(_pattern(row), classes=plain[row.node_feat])))
            ids.append(row.graph_id)
    index = index_graphs(graphs)
    same = [[number for number, name in enumerate(ids) if name == row.graph_id] for row in rows]
    return Guesses(
        _answers(
            rows, [find_embeddings(index, _pattern(row), exclude=own) for row, own in zip(rows, same, strict=True)]
        )
    )


@lru_cache(maxsize=4)
def _in_architectures(public: Public, track: str) -> tuple[SearchResult, ...]:
    index = index_graphs(public.architectures(track))
    return tuple(find_embeddings(index, _pattern(row)) for row in public.rows(track, "test"))


def _pattern(row: Row) -> Pattern:
    return Pattern(row.node_feat, row.edge_index, row.masked)


def _answers(rows: Sequence[Row], found: Sequence[SearchResult | None]) -> tuple[npt.NDArray[np.float64], ...]:
    values = silent(rows)
    for row, value, said in zip(rows, values, found, strict=True):
        if said is not None:
            guesses = said.guesses[row.targets]
            value[guesses != NOT_KNOWN] = guesses[guesses != NOT_KNOWN]
    return tuple(values)
