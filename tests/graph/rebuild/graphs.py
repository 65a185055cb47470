"""Graphs of named operators, and those of real models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from younger_hf.dataset.build.build_vocabulary import read_vocabulary
from younger_hf.dataset.read.release import open_release
from younger_hf.graph.labelled_graphs import Graph
from younger_hf.graph.operators.signatures import canonical_attributes, signature
from younger_hf.graph.vocabulary import Signature, Vocabulary

RELEASE = Path(__file__).parents[3] / "younger"

Node = tuple[str, Mapping[str, Any]] | str


def graph_of(
    nodes: Sequence[Node], edges: Sequence[tuple[int, int]], kind: Signature = "w_attrs", opset: int = 17
) -> tuple[Graph, Vocabulary]:
    """A graph of operators by name and attributes, and a vocabulary of exactly these."""
    classes = [_class(node, kind, opset) for node in nodes]
    vocabulary = Vocabulary(kind, tuple(dict.fromkeys(classes)))
    edge_index = np.array(edges, dtype=np.int64).reshape(-1, 2).T
    return Graph(vocabulary.encode(classes).astype(np.int64), edge_index), vocabulary


def _class(node: Node, kind: Signature, opset: int) -> str:
    op_type, attributes = (node, {}) if isinstance(node, str) else node
    if kind == "wo_attrs":
        return signature("", op_type)
    proto = onnx.helper.make_node(op_type, ["x"], ["y"], **attributes)
    return signature("", op_type, canonical_attributes(proto, opset))


def real_graphs(kind: Signature, split: str) -> tuple[list[Graph], Vocabulary]:
    """The graphs of a split of the released generation task."""
    release = open_release(RELEASE)
    rows = release.table(f"generation_{kind}", split).to_pylist()
    graphs = [Graph(np.array(row["node_feat"]), np.array(row["edge_index"], dtype=np.int64)) for row in rows]
    return graphs, read_vocabulary(release.table(f"vocabulary_{kind}", "train"), kind)
