"""Local functions: the size of their expansion is known before they are inlined."""

from __future__ import annotations

import pytest
from onnx import AttributeProto, FunctionProto, NodeProto, helper

from tests.graph.hostile import model, node
from tests.graph.models import parse
from younger_hf import from_onnx
from younger_hf.errors import ModelReadError
from younger_hf.graph.read import local_functions

HEAD = '<ir_version: 8, opset_import: ["" : 17, "f" : 1]>\n'
TWICE = """
<opset_import: ["" : 17, "f" : 1], domain: "f"> twice (a) => (b) { c = f.once(a)  b = f.once(c) }
<opset_import: ["" : 17], domain: "f"> once (a) => (b) { c = Relu(a)  b = Add(c, c) }"""


def levels(count: int, calls: int) -> list[FunctionProto]:
    """`f0` calls `f1` several times, and so on; the last one is a chain of as many operators."""
    names = ["a", *(f"t{number}" for number in range(calls - 1)), "b"]
    opsets = [helper.make_opsetid("", 18), helper.make_opsetid("f", 1)]
    made = []
    for level in range(count):
        op_type, domain = (f"f{level + 1}", "f") if level < count - 1 else ("Relu", "")
        nodes = [node(op_type, [names[n]], [names[n + 1]], domain=domain) for n in range(calls)]
        made.append(helper.make_function("f", f"f{level}", ["a"], ["b"], nodes, opsets))
    return made


def test_functions_in_functions_are_inlined() -> None:
    dag = from_onnx(parse(HEAD + "g (float[n] x) => (float[n] y) { y = f.twice(x) }" + TWICE))
    assert ("Relu", "Add", "Relu", "Add") == dag.op_types
    assert [[0, 0, 1, 2, 2], [1, 1, 2, 3, 3]] == dag.edge_index.tolist()


def test_a_function_that_is_called_in_a_branch_is_inlined_there() -> None:
    text = """g (bool c, float[n] x) => (float[n] y) {
        y = If (c) <then_branch = t () => (float[n] p) { p = f.once(x) }, else_branch = e () => (float[n] q) { q = Abs(x) }>
    }"""
    dag = from_onnx(parse(HEAD + text + TWICE))
    assert ("Relu", "Add", "Abs", "If") == dag.op_types
    assert ("then_branch", "then_branch", "else_branch", "") == dag.branches


def test_attributes_are_handed_down_and_defaults_filled_in() -> None:
    text = """<ir_version: 8, opset_import: ["" : 17, "f" : 1]>
    g (float[n] x) => (float[n] y) { z = f.leak <slope = 0.5> (x)  y = f.leak(z) }
    <opset_import: ["" : 17], domain: "f">
    leak <slope: float = 0.25> (a) => (b) { b = LeakyRelu <alpha: float = @slope> (a) }"""
    assert ('{"alpha":0.5}', '{"alpha":0.25}') == from_onnx(parse(text)).attributes


@pytest.mark.parametrize(
    ("version", "inlined"),
    [(17, True), (16, True), (9, False)],  # LeakyRelu became what it is in version 16, and was another from 6 on
)
def test_a_function_of_another_opset_is_inlined_if_its_operators_are_the_same(version: int, inlined: bool) -> None:
    text = f"""<ir_version: 8, opset_import: ["" : 17, "f" : 1]>
    g (float[n] x) => (float[n] y) {{ y = f.leak(x) }}
    <opset_import: ["" : {version}], domain: "f"> leak (a) => (b) {{ b = LeakyRelu(a) }}"""
    dag = from_onnx(parse(text))
    assert ((("LeakyRelu",), [17]) if inlined else (("leak",), [1])) == (dag.op_types, dag.opset_versions.tolist())


def test_what_only_a_function_imports_is_imported() -> None:
    text = """<ir_version: 8, opset_import: ["f" : 1]>
    g (float[n] x) => (float[n] y) { y = f.leak(x) }
    <opset_import: ["" : 17], domain: "f"> leak (a) => (b) { b = LeakyRelu(a) }"""
    assert [17] == from_onnx(parse(text)).opset_versions.tolist()


def test_a_long_list_in_a_function_becomes_its_length() -> None:
    made = NodeProto(op_type="Custom", domain="other", input=["a"], output=["b"])
    made.attribute.append(AttributeProto(name="table", ref_attr_name="table", type=AttributeProto.FLOATS))
    opsets = [helper.make_opsetid("other", 1)]
    function = helper.make_function("f", "f0", ["a"], ["b"], [made], opsets, ["table"])
    data = model([node("f0", ["x"], ["y"], domain="f", table=[0.5] * 1000)], functions=[function])
    assert ('{"table":{"length":1000,"type":"floats"}}',) == from_onnx(data).attributes


@pytest.mark.parametrize(("depth", "nodes"), [(1, 2), (5, 32), (13, 8192)])
def test_functions_are_expanded_up_to_the_limit(depth: int, nodes: int) -> None:
    dag = from_onnx(model([node("f0", ["x"], ["y"], domain="f")], functions=levels(depth, 2)))
    assert nodes == dag.num_nodes <= local_functions.MAX_NODES


@pytest.mark.parametrize("depth", [15, 60, 99])
def test_functions_beyond_the_limit_are_refused_before_expansion(depth: int) -> None:
    with pytest.raises(
        ModelReadError, match=r"expand to more than 30,000 nodes with 200,000 inputs or 16 MiB, from \d+ nodes"
    ):
        from_onnx(model([node("f0", ["x"], ["y"], domain="f")], functions=levels(depth, 2)))


def test_few_nodes_with_very_many_inputs_are_refused_too() -> None:
    made = levels(10, 2)
    made[-1].node[0].CopyFrom(node("Sum", ["a"] * 1000, ["t0"]))
    with pytest.raises(ModelReadError, match="200,000 inputs"):
        from_onnx(model([node("f0", ["x"], ["y"], domain="f")], functions=made))


@pytest.mark.heavy
def test_a_large_file_may_expand_to_more() -> None:
    body = [node("Relu", ["a" if n == 0 else f"t{n}"], [f"t{n + 1}" if n < 5999 else "b"]) for n in range(6000)]
    function = helper.make_function("f", "f0", ["a"], ["b"], body, [helper.make_opsetid("", 18)])
    calls = [node("f0", ["x"], [f"y{n}"], domain="f") for n in range(7)]
    assert 42_000 == from_onnx(model(calls, functions=[function])).num_nodes > local_functions.MAX_NODES


def test_the_default_domain_has_two_names() -> None:
    """Otherwise a call by the other name would not be counted."""
    made = levels(60, 2)
    for function in made:
        function.domain = "ai.onnx"
        for each in function.node:
            each.domain = ""
    with pytest.raises(ModelReadError, match="expand to more than"):
        from_onnx(model([node("f0", ["x"], ["y"])], functions=made))
