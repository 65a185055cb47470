"""Official graphs become the Dags of their models, with any attributes, edges and shared values."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import networkx as nx
import onnx.parser
import pytest
from onnx import helper

from tests.dataset.models import LIGHT
from tests.sources.official.official_models import (
    PROTOCOLS,
    checked_pickle,
    folded,
    graph_of,
    standardised,
)
from younger_hf import Dag, from_onnx
from younger_hf.errors import SourceError
from younger_hf.sources.official import graph_reader
from younger_hf.sources.official.graph_reader import read_graph


def read(graph: Any) -> Dag:
    return read_graph(checked_pickle(graph), "sample-0.pkl")[0]


def flows(dag: Dag) -> Counter[tuple[str, int, str, int]]:
    sources, targets = dag.edge_index.tolist()
    ends = zip(sources, dag.edge_output.tolist(), targets, dag.edge_input.tolist(), strict=True)
    return Counter((dag.op_types[source], output, dag.op_types[target], slot) for source, output, target, slot in ends)


@pytest.mark.heavy
@pytest.mark.parametrize("path", LIGHT, ids=lambda path: path.stem)
def test_a_graph_is_the_dag_of_its_model_whatever_the_protocol(path: Path) -> None:
    graph, expected = standardised(folded(path)), from_onnx(path)
    dags = {read_graph(checked_pickle(graph, protocol), "it")[0].wl_hash("wo_attrs") for protocol in PROTOCOLS}
    assert {expected.wl_hash("wo_attrs")} == dags
    dag = read(graph)
    assert flows(expected) == flows(dag)
    assert dag == Dag.from_dict(json.loads(json.dumps(dag.to_dict())))
    assert ((), (), (), ()) == (dag.inputs, dag.outputs, dag.subgraphs, dag.formal_reads)


def test_nodes_that_only_compute_constants_stay() -> None:
    path = next(path for path in LIGHT if "densenet121" in path.name)
    graph = standardised(folded(path, fillers_only=True))
    assert {"Unsqueeze": 242} == Counter(read(graph).op_types) - Counter(from_onnx(path).op_types)


def test_attributes_of_every_type_are_those_of_the_model() -> None:
    model = onnx.parser.parse_model(
        """<ir_version: 10, opset_import: ["" : 21, "com.example" : 1, "ai.onnx.ml" : 5]>
        g (float[1,3,8,8] x, float[3,3,2,2] w) => (float[1] y) {
            a = Conv<auto_pad="SAME_UPPER", strides=[2,2], group=1>(x, w)
            b = LeakyRelu<alpha=0.1>(a)
            c = Cast<to=1>(b)
            d = com.example.Odd<f=1.5, many=[0.1, 2.0], words=["a'b", "c\\"d"], big=[1,2,3]>(c)
            e = ai.onnx.ml.Scaler<offset=[1.0], scale=[0.5]>(d)
            y = Identity(e)
        }"""
    )
    model.graph.node[3].attribute.append(helper.make_attribute("long", list(range(100))))
    model.graph.node[3].attribute.append(
        helper.make_attribute("tensor", helper.make_tensor("t", onnx.TensorProto.FLOAT, [2, 3], [0.0] * 6))
    )
    model.graph.node[3].attribute.append(
        helper.make_attribute("kind", helper.make_tensor_type_proto(onnx.TensorProto.INT64, [1]))
    )
    expected = from_onnx(model.SerializeToString())
    graph = standardised(model)
    assert expected.w_attrs == read(graph).w_attrs
    for node in graph.nodes:
        del graph.nodes[node]["attributes"]  # the completed ones say the same, as text
    assert expected.w_attrs == read(graph).w_attrs
    assert expected.wl_hash("w_attrs") == read(graph).wl_hash("w_attrs")


def test_attributes_removed_in_newer_operator_sets_stay() -> None:
    model = onnx.parser.parse_model(
        """<ir_version: 6, opset_import: ["" : 11]> g (float[1,3] x) => (float[3] y) { y = Squeeze<axes=[0]>(x) }"""
    )
    graph = standardised(model)
    assert {} == graph.nodes["0"]["features"]["attributes"]
    assert ('{"axes":[0]}',) == read(graph).attributes


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ((2, "3"), 3),
        ((1, "0.10000000149011612"), 0.1),
        ((1, "inf"), {"type": "float", "value": "inf"}),
        ((3, "b'NOTSET'"), "NOTSET"),
        ((3, 'b"it\'s\\x41\\n"'), "it'sA\n"),
        ((7, "[]"), []),
        ((7, "[1, -2]"), [1, -2]),
        ((6, "[0.5, 1e-05]"), [0.5, 1e-05]),
        ((7, str([0] * 65)), {"type": "ints", "length": 65}),
        ((8, "[b'x', b'y']"), ["x", "y"]),
        ((5, "4"), {"type": "graph"}),
        (
            (4, "{'data_type': 7, 'dims': [2], 'vals': None, 'raw': False}"),
            {"type": "tensor", "dtype": "int64", "shape": [2]},
        ),
        ((13, "{'elem_type': 1, 'shape': []}"), {"type": "type_proto", "value": "float"}),
        ((13, "{'elem_type': {'elem_type': 1}}"), {"type": "type_proto", "value": ""}),
    ],
)
def test_values_as_text_are_read(item: tuple[int, str], expected: Any) -> None:
    assert {"a": expected, "group": 1} == json.loads(read(graph_of("X", a=item, group=(2, "1"))).attributes[0])


@pytest.mark.parametrize(
    "item", [(2, "x"), (2, "99999999999999999999"), (3, "b'a' b'b'"), (3, "x"), (99, "1"), ("2", "1"), (2,), 2, (2, 2)]
)
def test_an_invalid_value_is_reported_with_its_operator_and_name(item: Any) -> None:
    with pytest.raises(SourceError, match=r"sample-0\.pkl: X: the attribute 'a' cannot be read"):
        read(graph_of("X", a=item))


def test_missing_positions_become_the_first_free_ones() -> None:
    graph = graph_of("If", "Relu", "Add", edges=(("0", "2"), ("1", "2")))
    graph.edges["1", "2"]["connection"] = {"emit_index": 2, "trap_index": 0}
    dag = read(graph)
    assert Counter({("Relu", 2, "Add", 0): 1, ("If", 0, "Add", 1): 1}) == flows(dag)
    assert [1, 3, 1] == [dag.num_outputs[dag.op_types.index(name)] for name in ("If", "Relu", "Add")]


def test_parallel_edges_are_as_given() -> None:
    several = nx.MultiDiGraph(graph_of("Relu", "Mul"))
    several.add_edges_from(("0", "1", {"emit_index": 0, "trap_index": slot}) for slot in (0, 1))
    assert Counter({("Relu", 0, "Mul", 0): 1, ("Relu", 0, "Mul", 1): 1}) == flows(read(several))
    one = graph_of("Relu", "Mul", edges=(("0", "1"),))
    one.edges["0", "1"]["connection"] = {"emit_index": 0, "trap_index": 1}
    assert Counter({("Relu", 0, "Mul", 1): 1}) == flows(read(one))


def test_nodes_are_put_in_order_and_operator_sets_are_read_if_a_graph_has_them() -> None:
    graph = graph_of("Exp", "Relu", edges=(("1", "0"),))
    assert (("Relu", "Exp"), [21, 21]) == (read(graph).op_types, read(graph).opset_versions.tolist())
    graph.graph["opset_import"] = {"": 13}
    assert [13, 13] == read(graph).opset_versions.tolist()


def test_containers_that_are_shared_do_not_unfold(monkeypatch: pytest.MonkeyPatch) -> None:
    """A text, a dict of targets and a list, shared by any number of nodes."""
    monkeypatch.setattr(graph_reader, "MOST_EFFORT", 1_000_000)
    monkeypatch.setattr(graph_reader, "MOST_EDGES", 1000)
    text = graph_of(*["X"] * 200, a=(3, "b'" + "x" * 10_000 + "'"))
    with pytest.raises(SourceError, match="unfolds to more than 1,000,000 characters"):
        read(text)
    targets = graph_of(*["X"] * 100)
    shared: dict[str, Any] = {name: {} for name in targets}
    targets._adj.update(dict.fromkeys(targets, shared))
    with pytest.raises(SourceError, match="expected fewer than 1,000 edges"):
        read(targets)
    with pytest.raises(SourceError, match="expected at most 256 attributes"):
        read(graph_of("X", **{f"a{i}": (2, "1") for i in range(257)}))
    with pytest.raises(SourceError, match="the attributes take"):
        read(graph_of("X", **{f"a{i}": (8, str([b"x" * 1000] * 60)) for i in range(2)}))
