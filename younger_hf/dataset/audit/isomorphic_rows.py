"""Attack by isomorphism: a test row that is a public one with other node numbers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from younger_hf.arrays import FloatArray
from younger_hf.dataset.audit.guesses import Guesses, no_guesses
from younger_hf.dataset.audit.public_view import Public, Row, pairs_of
from younger_hf.dataset.tasks.region_lookup import masked_pattern
from younger_hf.graph.identity.canonical_form import find_isomorphism
from younger_hf.graph.identity.fingerprints import graph_fingerprint
from younger_hf.graph.identity.graph_index import Graph, index_uncertain_graphs
from younger_hf.graph.identity.subgraph_search import find_embeddings
from younger_hf.tasks import task_of


def isomorphic_rows(public: Public, track: str) -> Guesses:
    """Test rows that equal a public row of the track but for the numbering of their nodes.

    A leak: the public row's answers are the test row's. Operator rows are compared as they are
    shown, masks in place; data-flow rows by the edges that pass messages, and with whole public
    architectures that may contain them.
    """
    rows = public.rows(track, "test")
    values = no_guesses(rows)
    predicts = task_of(track).predicts
    answers = _operators if predicts == "class" else _flows
    known: dict[str, list[Row]] = defaultdict(list)
    for row in public.known(track):
        known[graph_fingerprint(row.edge_index, row.node_feat)].append(row)
    for row, value in zip(rows, values, strict=True):
        for other in known[graph_fingerprint(row.edge_index, row.node_feat)]:
            image = find_isomorphism(row.graph, other.graph)
            if image is not None:
                value[:] = answers(row, other, image)
                break
    if predicts == "score":
        _fill_from_architectures(rows, values, public.architectures(track))
    return Guesses(tuple(values))


def _operators(row: Row, other: Row, image: Sequence[int]) -> list[float]:
    answer = dict(zip(other.targets.tolist(), other.y.tolist(), strict=True))
    return [answer.get(image[node], float("nan")) for node in row.targets.tolist()]


def _flows(row: Row, other: Row, image: Sequence[int]) -> list[float]:
    positives = pairs_of(other.targets[:, other.y == 1])
    return [float((image[source], image[target]) in positives) for source, target in row.targets.T.tolist()]


def _fill_from_architectures(rows: Iterable[Row], values: Iterable[FloatArray], architectures: list[Graph]) -> None:
    """Answer rows that are a public architecture.

    Each edge of such an architecture passes messages or is a pair to predict.
    """
    by_classes: dict[bytes, list[Graph]] = defaultdict(list)
    for classes, edge_index in architectures:
        by_classes[np.sort(classes).tobytes()].append((classes, edge_index))
    nothing_masked = np.empty(0, dtype=np.int64)
    for row, value in zip(rows, values, strict=True):
        for graph in by_classes[np.sort(row.node_feat).tobytes()]:
            index = index_uncertain_graphs([(row.node_feat, row.edge_index, row.targets)])
            images = find_embeddings(index, masked_pattern(*graph, nothing_masked)).images
            if images:
                edges = {(images[source], images[target]) for source, target in pairs_of(graph[1])}
                value[:] = [float(pair in edges) for pair in zip(*row.targets.tolist(), strict=True)]
                break
