"""If, Loop, Scan and functions, each against a graph drawn by hand.

The drawings follow these rules: a sub-graph's nodes stand before their control-flow node; what
they read from outside is an edge; a body's formal input stands for the corresponding input of the
control-flow node; a sub-graph's results are read by the control-flow node after its own inputs,
one sub-graph after the other in the order of the file.
"""

from __future__ import annotations

import pytest
from onnx import TensorProto, helper

from tests.graph.control_flow import HEAD, MODELS
from tests.graph.drawing import Drawing, draw
from tests.graph.models import parse
from younger_hf import from_onnx
from younger_hf.errors import ModelReadError


@pytest.mark.parametrize("name", MODELS)
def test_control_flow_is_flattened_as_drawn_by_hand(name: str) -> None:
    text, expected = MODELS[name]
    assert expected == draw(from_onnx(parse(HEAD + text)))


def test_a_local_function_with_a_branch_is_inlined_and_flattened() -> None:
    text = """<ir_version: 8, opset_import: ["" : 17, "local" : 1]>
    g (bool c, float[n] x) => (float[n] y) { a = Relu(x)  y = local.pick(c, a) }
    <opset_import: ["" : 17], domain: "local">
    pick (k, v) => (w) {
        d = Exp(v)
        w = If (k) <then_branch = t () => (float[n] p) { p = Neg(d) }, else_branch = e () => (float[n] q) { q = Abs(v) }>
    }
    """
    expected = Drawing(
        ["Relu", "Exp", "Neg < 4 then_branch", "Abs < 4 else_branch", "If"],
        [(0, 0, 1, 0), (1, 0, 2, 0), (0, 0, 3, 0), (2, 0, 4, 1), (3, 0, 4, 2)],
        ["0.0 graph_input x", "4.0 graph_input c"],
        ["4.0 y"],
    )
    assert expected == draw(from_onnx(parse(text)))


def test_parameters_of_one_name_in_two_branches_are_two_parameters() -> None:
    """Inputs of one kind and name are one value in a Dag."""
    text = """g (bool c, float[2] x) => (float[2] y) {
        y = If (c) <then_branch = t () => (float[2] p) <float[2] w = {1, 2}> { p = Add(x, w) },
                    else_branch = e () => (float[2] q) <float[2] w = {3, 4}> { q = Mul(x, w) }>
    }"""
    dag = from_onnx(parse(HEAD + text))
    assert ("Add", "Mul", "If") == dag.op_types
    assert 2 == len({item.name for item in dag.inputs if item.kind == "parameter"})
    assert 4 == dag.summary().num_parameters


def test_a_branch_that_stands_before_what_it_captures_is_sorted_behind_it() -> None:
    value = helper.make_tensor_value_info
    branches = {
        name: helper.make_graph([helper.make_node(op_type, ["a"], ["p"])], name, [], [value("p", 1, [2])])
        for name, op_type in (("then_branch", "Neg"), ("else_branch", "Abs"))
    }
    nodes = [helper.make_node("If", ["c"], ["y"], **branches), helper.make_node("Relu", ["x"], ["a"])]
    given = [value("c", TensorProto.BOOL, []), value("x", 1, [2])]
    model = helper.make_model(helper.make_graph(nodes, "g", given, [value("y", 1, [2])]))
    expected = Drawing(  # onnx.helper writes attributes by name
        ["Relu", "Abs < 3 else_branch", "Neg < 3 then_branch", "If"],
        [(0, 0, 1, 0), (0, 0, 2, 0), (1, 0, 3, 1), (2, 0, 3, 2)],
        ["0.0 graph_input x", "3.0 graph_input c"],
        ["3.0 y"],
    )
    assert expected == draw(from_onnx(model.SerializeToString()))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("a = Neg(x)  p = Abs(a)", "'a' is defined twice"),  # the name of an outer value
        ("p = Neg(x)  p = Abs(x)", "'p' is defined twice"),
        ("p = Neg(later)", "'later', which no node"),  # what lies in the other branch is not seen
        ("p = Neg(q)  q = Abs(p)", "cycle"),
    ],
)
def test_invalid_sub_graphs_are_named(body: str, message: str) -> None:
    text = f"""g (bool c, float[2] x) => (float[2] y) {{
        a = Relu(x)
        y = If (c) <then_branch = t () => (float[2] p) {{ {body} }}, else_branch = e () => (float[2] r) {{
            later = Exp(a)
            r = Log(later)
        }}>
    }}"""
    with pytest.raises(ModelReadError, match=message):
        from_onnx(parse(HEAD + text))
