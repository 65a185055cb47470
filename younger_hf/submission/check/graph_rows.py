"""Checks of the rows of a generation submission, and the valid ones as `Graphs`.

A graph that is not an architecture, because it has a cycle or an operator with an input too many,
is not a mistake of the file: metrics count it.
"""

from __future__ import annotations

import numpy as np

from younger_hf.arrays import BoolArray, IntArray, Ragged
from younger_hf.graph.labelled_graphs import Graphs
from younger_hf.submission.format.prediction_rows import PredictionColumn, PredictionRows
from younger_hf.submission.format.predictions import GeneratedGraphs
from younger_hf.submission.format.problems import Problem, problem
from younger_hf.submission.format.track import Track
from younger_hf.tasks import EDGES_PER_NODE, GENERATED_GRAPHS, GENERATION_NODES

NODES, EDGES = "node_feat", "edge_index"
_SHAPE = "two lists of equal length, the sources and the targets"


def check_graphs(rows: PredictionRows, name: str) -> list[Problem]:
    """Find a wrong number of rows, graphs of a wrong size, and wrong edges.

    Class ids are checked elsewhere.

    Args:
        rows: The rows.
        name: File name, for messages.
    """
    problems = []
    if len(rows.numbers) != GENERATED_GRAPHS:
        hint = f"Generate {GENERATED_GRAPHS:,}: distances between sets of graphs depend on their sizes."
        expected, got = f"exactly {GENERATED_GRAPHS:,} rows", f"{len(rows.numbers):,}"
        problems.append(problem("wrong_row_count", name, expected, got, hint))
    nodes, edges = rows.columns[NODES], rows.columns[EDGES]
    num_nodes = nodes.rows.lengths
    sized = nodes.readable & (num_nodes >= 1)
    hint = f"The task's architectures have 1 to {GENERATION_NODES} nodes."
    problems += [
        _at_row(rows, index, NODES, "graph_size", f"1 to {GENERATION_NODES} nodes", f"{num_nodes[index]:,}", hint)
        for index in np.flatnonzero(nodes.readable & ~((num_nodes >= 1) & (num_nodes <= GENERATION_NODES)))
    ]
    shaped = _is_shaped(edges)
    hint = "Write edge_index as [[sources], [targets]]; [[], []] for a graph without edges."
    problems += [
        _at_row(rows, index, EDGES, "edge_shape", _SHAPE, _lengths_found(edges, int(index)), hint)
        for index in np.flatnonzero(edges.readable & ~shaped)
    ]
    num_edges = np.where(shaped, edges.rows.lengths // 2, 0)
    most = EDGES_PER_NODE * num_nodes
    hint = f"A graph has at most {EDGES_PER_NODE} edges for each of its nodes."
    problems += [
        _at_row(rows, index, EDGES, "too_many_edges", f"at most {most[index]:,} edges", f"{num_edges[index]:,}", hint)
        for index in np.flatnonzero(sized & (num_edges > most))
    ]
    return problems + _check_ends(rows, np.where(sized & shaped, num_nodes, 0))


def _at_row(
    rows: PredictionRows, index: np.int64, column: str, code: str, expected: str, got: str, hint: str
) -> Problem:
    return problem(code, f"{rows.where(int(index))}, {column}", expected, got, hint, int(rows.numbers[index]))


def _lists_of(edges: PredictionColumn) -> Ragged[np.int64]:
    if edges.lists is None:
        raise ValueError("a column of lists of lists was expected")  # a mistake in this package, not of the file
    return edges.lists


def _is_shaped(edges: PredictionColumn) -> BoolArray:
    """Tell which rows hold two lists of equal length; bool [R]."""
    lists = _lists_of(edges)
    shaped: BoolArray = edges.readable & (lists.lengths == 2)
    first = lists.offsets[:-1][shaped]
    shaped[shaped] = lists.values[first] == lists.values[first + 1]
    return shaped


def _lengths_found(edges: PredictionColumn, row: int) -> str:
    lengths = _lists_of(edges)[row]
    if len(lengths) != 2:
        return "1 list" if len(lengths) == 1 else f"{len(lengths):,} lists"
    return f"lists of {lengths[0]:,} and {lengths[1]:,}"


def _check_ends(rows: PredictionRows, num_nodes: IntArray) -> list[Problem]:
    """Find edges from or to nodes that a graph does not have, and edges that occur twice.

    Args:
        rows: The rows.
        num_nodes: Nodes of each row's graph; 0 for a row whose edges cannot be checked.
    """
    edges = rows.columns[EDGES]
    values = edges.rows.values
    owner = edges.rows.row_of_value()
    outside = (num_nodes[owner] > 0) & ((values < 0) | (values >= num_nodes[owner]))
    places = np.flatnonzero(outside)
    indexes, firsts, counts = np.unique(owner[places], return_index=True, return_counts=True)
    hint = "Nodes are numbered from 0 within each graph, in the order of node_feat."
    problems = []
    for index, first, count in zip(indexes, firsts.tolist(), counts.tolist(), strict=True):
        place, more = int(places[first]), f" (and {count - 1:,} more in this row)" if count > 1 else ""
        expected, got = f"a node from 0 to {num_nodes[index] - 1:,}", f"{values[place]}{more}"
        where = f"{EDGES}{edges.place(int(index), place)}"
        problems.append(_at_row(rows, index, where, "edge_out_of_range", expected, got, hint))
    inside = num_nodes > 0
    inside[indexes] = False
    return problems + _check_twice(rows, num_nodes, np.flatnonzero(inside))


def _check_twice(rows: PredictionRows, num_nodes: IntArray, chosen: IntArray) -> list[Problem]:
    edges = rows.columns[EDGES].rows
    problems = []
    hint = "A graph either has an edge or not: write it once."
    for index in chosen:
        pair = edges[index].reshape(2, -1)
        _, firsts = np.unique(pair[0].astype(np.int64) * num_nodes[index] + pair[1], return_index=True)
        count = pair.shape[1] - len(firsts)
        if not count:
            continue
        place = int(np.setdiff1d(np.arange(pair.shape[1]), firsts)[0])
        got = f"{pair[0, place]} -> {pair[1, place]} again" + (f" (and {count - 1:,} more)" if count > 1 else "")
        problems.append(_at_row(rows, index, f"{EDGES}[:][{place}]", "duplicate_edge", "each edge once", got, hint))
    return problems


def in_content_order(rows: PredictionRows, track: Track, content_hash: str) -> GeneratedGraphs:
    """Return the graphs of valid rows, sorted by their content.

    The order of rows and edges therefore makes no difference.

    Args:
        rows: The rows.
        track: The track.
        content_hash: Content hash of the release.
    """
    graphs = []
    for nodes, edges in zip(rows.columns[NODES].rows, rows.columns[EDGES].rows, strict=True):
        node_feat = nodes.astype(np.int64)
        pair = edges.reshape(2, -1).astype(np.int64)
        pair = pair[:, np.lexsort(pair[::-1])]
        graphs.append((len(node_feat), pair.shape[1], node_feat.tobytes(), pair.tobytes(), node_feat, pair))
    graphs.sort(key=lambda graph: graph[:4])
    nodes_of, edges_of = Ragged.of([graph[4] for graph in graphs]), Ragged.of([graph[5] for graph in graphs])
    return GeneratedGraphs(track.name, content_hash, Graphs(nodes_of, edges_of))
