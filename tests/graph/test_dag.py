"""The Dag as a value, its summary and its conversions."""

from __future__ import annotations

import numpy as np
import pytest

from tests.graph.models import LIGHT, parse
from younger_hf import from_onnx
from younger_hf.graph.vocabulary import MASK, UNK, Vocabulary

TEXT = """<ir_version: 8, opset_import: ["" : 17]>
g (float[2] x) => (float[2] y) <float[2] w = {1, 2}> { a = Relu(x)  b = Mul(a, a)  y = Add(b, w) }"""


def test_arrays_cannot_be_written() -> None:
    dag = from_onnx(parse(TEXT))
    with pytest.raises(ValueError, match="read-only"):
        dag.edge_index[0, 0] = 5


def test_the_summary_counts_what_is_there() -> None:
    summary = from_onnx(parse(TEXT)).summary()
    assert (3, 3, 3, 2, 17) == (
        summary.num_nodes,
        summary.num_edges,
        summary.depth,
        summary.num_parameters,
        summary.opset,
    )
    assert {"Add": 1, "Mul": 1, "Relu": 1} == summary.operators


def test_vgg19_has_as_many_parameters_as_in_its_paper() -> None:
    path = next(path for path in LIGHT if "vgg19" in path.stem)
    # 143,667,240 weights and biases (Simonyan and Zisserman 2014, table 2: 144M)
    assert 143_667_240 == from_onnx(path).summary().num_parameters


def test_the_networkx_view_has_every_node_and_edge() -> None:
    dag = from_onnx(parse(TEXT))
    graph = dag.to_networkx()
    assert graph.is_multigraph()
    assert graph.is_directed()
    assert [
        (0, 1, {"output": 0, "input": 0}),
        (0, 1, {"output": 0, "input": 1}),
        (1, 2, {"output": 0, "input": 0}),
    ] == list(graph.edges(data=True))
    assert {
        "op_type": "Mul",
        "domain": "",
        "attributes": "{}",
        "w_attrs": '["","Mul",{}]',
        "wo_attrs": '["","Mul"]',
    } == graph.nodes[1]


def test_the_pyg_view_has_class_ids_and_edges() -> None:
    dag = from_onnx(parse(TEXT))
    data = dag.to_pyg(Vocabulary("wo_attrs", ('["","Add"]', '["","Relu"]')))
    assert [3, UNK, 2] == data.x.tolist()
    assert [[0, 0, 1], [1, 1, 2]] == data.edge_index.tolist()
    assert 3 == data.num_nodes
    assert MASK not in data.x


def test_an_unknown_signature_is_named() -> None:
    with pytest.raises(ValueError, match="'w_attrs' or 'wo_attrs', got 'attrs'"):
        from_onnx(parse(TEXT)).wl_hash("attrs")  # type: ignore[arg-type]


def test_levels_are_the_longest_paths() -> None:
    text = """<ir_version: 8, opset_import: ["" : 17]>
    g (float[2] x) => (float[2] y) { a = Relu(x)  b = Neg(a)  c = Exp(b)  y = Add(a, c) }"""
    assert np.array_equal([0, 1, 2, 3], from_onnx(parse(text)).levels)
