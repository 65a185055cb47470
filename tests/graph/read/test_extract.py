"""ONNX model -> Dag, on hand-checked graphs and on every model file in the onnx package."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from tests.graph.counting import count_nodes_and_edges
from tests.graph.models import ALL, DATA, LIGHT, parse
from younger_hf import Dag, from_onnx
from younger_hf.errors import ModelReadError
from younger_hf.graph.dag import NodeInput

HEAD = '<ir_version: 8, opset_import: ["" : 17]>\n'


def edges(dag: Dag) -> list[tuple[int, int, int, int]]:
    """(source, target, output, input) of every edge."""
    return list(zip(*dag.edge_index.tolist(), dag.edge_output.tolist(), dag.edge_input.tolist(), strict=True))


def test_parallel_edges_stay_with_their_positions() -> None:
    dag = from_onnx(parse(HEAD + "g (float[n] x) => (float[n] y) { z = Relu(x)  y = Mul(z, z) }"))
    assert ("Relu", "Mul") == dag.op_types
    assert [(0, 1, 0, 0), (0, 1, 0, 1)] == edges(dag)


def test_the_order_of_outputs_and_inputs_is_preserved() -> None:
    text = """g (float[4] x) => (float[2] y) {
        a, b = Split(x)
        y = Sub(b, a)
    }"""
    dag = from_onnx(parse('<ir_version: 8, opset_import: ["" : 13]>\n' + text))
    assert [(0, 1, 1, 0), (0, 1, 0, 1)] == edges(dag)
    assert [2, 1] == dag.num_outputs.tolist()


def test_an_absent_optional_input_leaves_its_position_free() -> None:
    dag = from_onnx(parse(HEAD + "g (float[n] x, float hi) => (float[n] y) { z = Relu(x)  y = Clip(z, , hi) }"))
    assert [(0, 1, 0, 0)] == edges(dag)
    assert [(0, 0), (1, 2)] == [(item.node, item.slot) for item in dag.inputs]


def test_graph_inputs_parameters_and_small_integers_are_distinguished() -> None:
    text = """g (float[2, 3] x) => (float[6] y)
        <float[3] w = {1, 2, 3}, int64[1] shape = {6}> {
        z = Add(x, w)
        y = Reshape(z, shape)
    }"""
    dag = from_onnx(parse(HEAD + text))
    expected = (
        NodeInput(0, 0, "graph_input", "x", "float", (2, 3)),
        NodeInput(0, 1, "parameter", "w", "float", (3,)),
        NodeInput(1, 1, "constant", "shape", "int64", (1,), (6,)),
    )
    assert expected == dag.inputs


def test_operators_over_constants_are_folded_away() -> None:
    text = """g (float[2] x) => (float[2] y) <float[2] w = {1, 2}> {
        one = Constant <value = int64[1] {1}> ()
        shape = Shape(w)
        bigger = Add(shape, one)
        filled = ConstantOfShape(bigger)
        cut = Slice(filled, one, bigger)
        y = Add(x, cut)
    }"""
    dag = from_onnx(parse(HEAD + text))
    assert ("Add",) == dag.op_types
    assert ("parameter", "float") == (dag.inputs[1].kind, dag.inputs[1].dtype)


def test_integers_that_follow_from_constants_are_computed() -> None:
    text = """g (float[2, 3] x) => (float[3, 2] y) <float[3, 2] w = {1, 2, 3, 4, 5, 6}> {
        shape = Shape(w)
        one = Constant <value = int64[2] {1, 1}> ()
        same = Mul(shape, one)
        y = Reshape(x, same)
    }"""
    target = from_onnx(parse(HEAD + text)).inputs[1]
    assert ("constant", (3, 2)) == (target.kind, target.values)


@pytest.mark.parametrize("operator", ["RandomNormalLike", "Bernoulli"])
def test_random_operators_over_constants_stay(operator: str) -> None:
    text = f"g () => (float[2] y) <float[2] w = {{1, 2}}> {{ y = {operator}(w) }}"
    assert (operator,) == from_onnx(parse(HEAD + text)).op_types


def test_branches_are_flattened_with_real_edges_from_outside() -> None:
    text = """g (bool c, float[n] x) => (float[n] y) {
        a = Relu(x)
        b = If (c) <then_branch = t () => (float[n] p) { p = Neg(a) }, else_branch = e () => (float[n] q) { q = Abs(a) }>
        y = Exp(b)
    }"""
    dag = from_onnx(parse(HEAD + text))
    assert ("Relu", "Neg", "Abs", "If", "Exp") == dag.op_types
    assert [(0, 1, 0, 0), (0, 2, 0, 0), (1, 3, 0, 1), (2, 3, 0, 2), (3, 4, 0, 0)] == edges(dag)
    assert [-1, 3, 3, -1, -1] == dag.parents.tolist()
    assert ("", "then_branch", "else_branch", "", "") == dag.branches


def test_a_loops_body_reads_what_the_loop_reads() -> None:
    text = """g (int64 n, bool c, float[2] x) => (float[2] y) {
        a = Relu(x)
        y = Loop (n, c, a) <body = b (int64 i, bool go, float[2] v) => (bool again, float[2] w) {
            again = Identity(go)
            w = Neg(v)
        }>
    }"""
    dag = from_onnx(parse(HEAD + text))
    assert ("Relu", "Identity", "Neg", "Loop") == dag.op_types
    # a flows into the body's Neg and into Loop itself; the body's two results follow Loop's
    # three inputs
    assert [(0, 2, 0, 0), (0, 3, 0, 2), (1, 3, 0, 3), (2, 3, 0, 4)] == edges(dag)


def test_what_a_loop_carries_is_not_constant_even_if_it_begins_as_one() -> None:
    text = """g (int64 n, bool c) => (float y) <float zero = {0}> {
        y = Loop (n, c, zero) <body = b (int64 i, bool go, float v) => (bool again, float w) {
            again = Identity(go)
            w = Neg(v)
        }>
    }"""
    assert "Neg" in from_onnx(parse(HEAD + text)).op_types


def test_local_functions_are_inlined() -> None:
    text = """<ir_version: 8, opset_import: ["" : 17, "local" : 1]>
    g (float[n] x) => (float[n] y) { y = local.twice(x) }
    <opset_import: ["" : 17], domain: "local">
    twice (a) => (b) { c = Relu(a)  b = Add(c, c) }
    """
    dag = from_onnx(parse(text))
    assert ("Relu", "Add") == dag.op_types
    assert ("", "") == dag.domains


def test_unknown_domains_stay() -> None:
    text = '<ir_version: 8, opset_import: ["" : 17, "com.microsoft" : 1]>\n'
    dag = from_onnx(parse(text + "g (float[n] x) => (float[n] y) { y = com.microsoft.Gelu(x) }"))
    assert (("com.microsoft",), ("Gelu",)) == (dag.domains, dag.op_types)


def test_nodes_in_the_wrong_order_are_sorted() -> None:
    nodes = [helper.make_node("Relu", ["a"], ["y"]), helper.make_node("Neg", ["x"], ["a"])]
    value = helper.make_tensor_value_info
    graph = helper.make_graph(nodes, "g", [value("x", 1, [2])], [value("y", 1, [2])])
    assert ("Neg", "Relu") == from_onnx(helper.make_model(graph).SerializeToString()).op_types


def test_initializers_listed_as_inputs_are_parameters() -> None:
    dag = from_onnx(DATA / "light" / "light_vgg19.onnx")
    assert 1 == sum(item.kind == "graph_input" for item in dag.inputs)
    assert 38 == sum(item.kind == "parameter" for item in dag.inputs)  # VGG-19: 16 convolutions, 3 dense layers


def test_weights_may_be_missing() -> None:
    model = helper.make_model(
        helper.make_graph(
            [helper.make_node("Add", ["x", "w"], ["y"])],
            "g",
            [helper.make_tensor_value_info("x", 1, [2])],
            [helper.make_tensor_value_info("y", 1, [2])],
            [numpy_helper.from_array(np.array([1.0, 2.0], dtype=np.float32), "w")],
        )
    )
    with_weights = from_onnx(model.SerializeToString())
    model.graph.initializer[0].ClearField("raw_data")
    assert with_weights == from_onnx(model.SerializeToString())


def test_no_float_of_a_model_reaches_its_dag() -> None:
    marker = 1234.5677490234375  # exact in float32
    array = np.full((3,), marker, dtype=np.float32)
    constant = helper.make_node("Constant", [], ["c"], value=numpy_helper.from_array(array))
    nodes = [
        constant,
        helper.make_node("Add", ["x", "w"], ["a"]),
        helper.make_node("Mul", ["a", "c"], ["b"]),
        helper.make_node("ConstantOfShape", ["s"], ["f"], value=numpy_helper.from_array(array[:1])),
        helper.make_node("Add", ["b", "f"], ["d"]),
        helper.make_node("Custom", ["d"], ["y"], domain="other", table=[marker] * 65),
    ]
    value = helper.make_tensor_value_info
    inputs = [value("x", 1, [3]), value("s", TensorProto.INT64, [1])]
    graph = helper.make_graph(nodes, "g", inputs, [value("y", 1, [3])], [numpy_helper.from_array(array, "w")])
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("other", 1)]
    dag = from_onnx(helper.make_model(graph, opset_imports=opsets).SerializeToString())
    assert 5 == dag.num_nodes
    assert "1234.5" not in json.dumps(dag.to_dict())


def test_paths_bytes_and_files_have_the_same_dag() -> None:
    path = LIGHT[0]
    with path.open("rb") as file:
        from_file = from_onnx(file)
    assert from_file == from_onnx(path) == from_onnx(str(path)) == from_onnx(path.read_bytes())


@pytest.mark.parametrize("path", LIGHT, ids=lambda path: path.stem)
def test_light_models_have_the_nodes_and_edges_that_an_independent_count_finds(path: Path) -> None:
    dag = from_onnx(path)
    distinct = len(set(map(tuple, dag.edge_index.T.tolist())))
    assert count_nodes_and_edges(onnx.load(path)) == (dag.num_nodes, distinct)


def test_every_model_file_of_the_onnx_package_is_read() -> None:
    assert len(ALL) > 100
    for path in ALL:
        dag = from_onnx(path)
        assert dag == Dag.from_dict(json.loads(json.dumps(dag.to_dict()))), path
        assert bool((dag.edge_index[0] < dag.edge_index[1]).all()), path


def test_a_cut_off_file_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "cut.onnx"
    path.write_bytes(LIGHT[0].read_bytes()[:1000])
    with pytest.raises(ModelReadError, match=r"cut\.onnx: this is not a readable ONNX model"):
        from_onnx(path)


@pytest.mark.parametrize("payload", [b"", b"hello, this is text\n", b"\x00" * 64, b"\x08\x08"])
def test_a_file_that_is_not_a_model_is_one_clear_error(payload: bytes, tmp_path: Path) -> None:
    path = tmp_path / "odd.onnx"
    path.write_bytes(payload)
    with pytest.raises(ModelReadError, match=r"odd\.onnx"):
        from_onnx(path)


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(ModelReadError, match=r"nowhere\.onnx: cannot be read"):
        from_onnx(tmp_path / "nowhere.onnx")
    with pytest.raises(ModelReadError, match="this is a folder"):
        from_onnx(tmp_path)


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        ([("Relu", ["b"], ["a"]), ("Neg", ["a"], ["b"])], "cycle"),
        ([("Relu", ["nothing"], ["a"])], "'nothing', which no node, input or initializer provides"),
        ([("Relu", ["x"], ["a"]), ("Neg", ["x"], ["a"])], "'a' is defined twice"),
    ],
)
def test_invalid_graphs_are_named(nodes: list[tuple[str, list[str], list[str]]], message: str) -> None:
    made = [helper.make_node(op_type, inputs, outputs) for op_type, inputs, outputs in nodes]
    value = helper.make_tensor_value_info
    graph = helper.make_graph(made, "g", [value("x", 1, [2])], [value("a", 1, [2])])
    with pytest.raises(ModelReadError, match=message):
        from_onnx(helper.make_model(graph).SerializeToString())
