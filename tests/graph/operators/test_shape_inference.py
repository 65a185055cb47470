"""Shapes of values: from onnx's inference, from running models, and in bodies of control flow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.graph.backend_suite import node_cases
from tests.graph.models import LIGHT, parse
from tests.graph.running import run_with_ones
from tests.graph.strategies import labelled_dags
from younger_hf import Dag, from_onnx, to_onnx
from younger_hf.errors import YoungerError
from younger_hf.graph.dag import NodeInput
from younger_hf.graph.onnx_types import type_name, type_shape
from younger_hf.graph.operators.shape_inference import infer_values
from younger_hf.graph.read.extract import extract
from younger_hf.graph.values import TensorInfo

onnxruntime.set_default_logger_severity(4)

HEAD = '<ir_version: 8, opset_import: ["" : 17, "com.microsoft" : 1]>\n'


def undeclared(dag: Dag) -> Dag:
    """The Dag without the types that the model declares for its results."""
    return replace(dag, outputs=tuple(output._replace(dtype="", shape=None) for output in dag.outputs))


def result(text: str, dynamic_size: int = 1) -> TensorInfo:
    """The known type and shape of the first result of a model that does not declare it."""
    dag = undeclared(from_onnx(parse(HEAD + text)))
    return infer_values(dag, dynamic_size).output(dag.outputs[0].node, dag.outputs[0].slot)


@pytest.mark.heavy
@pytest.mark.parametrize("path", LIGHT, ids=lambda path: path.stem)
def test_every_value_of_a_vision_model_has_its_shape_at_run_time(path: Path) -> None:
    model = to_onnx(from_onnx(path))
    dag = undeclared(from_onnx(model.SerializeToString()))
    inferred = infer_values(dag)
    nodes = [node for node in model.graph.node if node.name.startswith("node")]  # the others fill weights
    assert [node.op_type for node in nodes] == list(dag.op_types)
    del model.graph.output[:]
    model.graph.output.extend(onnx.ValueInfoProto(name=node.output[0]) for node in nodes)
    runs = run_with_ones(onnxruntime.InferenceSession(model.SerializeToString()))
    assert [run.shape for run in runs] == [inferred.output(node, 0).shape for node in range(dag.num_nodes)]


def single_operator_results() -> Iterator[tuple[str, TensorInfo, onnx.TypeProto]]:
    for name, model in node_cases().items():
        try:
            dag = extract(model, name)
        except YoungerError:
            continue
        inferred, declared = infer_values(undeclared(dag)), {item.name: item.type for item in model.graph.output}
        for output in dag.outputs:
            yield name, inferred.output(output.node, output.slot), declared[output.name]


@pytest.mark.heavy
def test_the_results_of_onnxs_own_single_operator_tests_are_never_contradicted() -> None:
    """They declare the shapes that their reference implementation returned."""
    known, wrong = 0, []
    for name, actual, declared in single_operator_results():
        expected = type_shape(declared)
        if actual.dtype and actual.dtype != type_name(declared):
            wrong.append((name, actual.dtype))
        if actual.shape is not None and expected is not None:
            same_rank = len(actual.shape) == len(expected)
            if not same_rank or any(a not in (-1, b) for a, b in zip(actual.shape, expected, strict=True) if b >= 0):
                wrong.append((name, str(actual.shape)))
            known += 1
    assert [] == wrong
    assert known > 1_700


def test_shape_arithmetic_is_followed_to_the_reshape() -> None:
    text = """g (float[n, 12, s] x) => (y) <int64 zero = {0}, int64[1] axis = {0}, int64[1] rest = {-1}, int64[1] four = {4}> {
        dims = Shape(x)  batch = Gather(dims, zero)  first = Unsqueeze(batch, axis)
        target = Concat<axis = 0>(first, rest, four)  y = Reshape(x, target)
    }"""
    assert TensorInfo("float", (5, 15, 4)) == result(text, dynamic_size=5)
    assert TensorInfo("float", (1, 3, 4)) == result(text)


@pytest.mark.parametrize(
    ("bounds", "expected"), [("", (2, 3, 4)), ("<start = 1>", (3, 4)), ("<start = -2, end = -1>", (3,))]
)
def test_a_partial_shape_is_inferred(bounds: str, expected: tuple[int, ...]) -> None:
    assert expected == result(f"g (float[2, 3, 4] x) => (y) {{ y = Shape {bounds} (x) }}").values


def test_arithmetic_with_floats_that_follow_from_a_shape_is_followed() -> None:
    text = """g (float[7, 3] x) => (y) <int64[1] axis = {0}> {
        dims = Shape<end = 1>(x)  f = Cast<to = 1>(dims)  root = Sqrt(f)  low = Floor(root)  y = Cast<to = 7>(low)
    }"""
    assert TensorInfo("int64", (1,), (2,)) == result(text)


def test_a_dimension_that_depends_on_data_is_not_known_and_the_others_are() -> None:
    text = "g (float[2, 3] x) => (y) { p = NonZero(x)  y = Transpose(p) }"
    assert TensorInfo("int64", (-1, 2)) == result(text)


def test_behind_an_operator_that_onnx_does_not_know_only_what_is_declared_is_known() -> None:
    text = "g (float[2, 3] x) => ({}) {{ a = com.microsoft.Gelu(x)  y = Relu(a) }}"
    assert TensorInfo() == result(text.format("y"))
    dag = from_onnx(parse(HEAD + text.format("float[2, 3] y")))
    assert TensorInfo("float", (2, 3)) == infer_values(dag).output(1, 0)


def test_shapes_that_contradict_each_other_leave_the_element_type() -> None:
    assert TensorInfo("float") == result("g (float[2, 3] x, float[4, 5] z) => (y) { y = Add(x, z) }")


def test_random_numbers_and_withheld_values_are_not_known() -> None:
    text = "g (int64[2] x) => (y) <int64[1] two = {2}> { r = ConstantOfShape<value = float[1] {7.0}>(two)  y = Neg(r) }"
    assert infer_values(from_onnx(parse(HEAD + text))).outputs == ()  # both fold away: nothing depends on x
    text = "g (float[n] x) => (y) { s = Shape(x)  y = ConstantOfShape<value = float[1] {7.0}>(s) }"
    assert TensorInfo("float", (1,)) == result(text)
    text = "g (float[n] x) => (y) { s = Shape(x)  f = Cast<to = 1>(s)  y = RandomNormalLike(f) }"
    assert TensorInfo("float", (1,)) == result(text)


def test_the_result_of_a_branch_is_what_both_branches_agree_on() -> None:
    text = """g (bool c, float[2, 3] x, float[2, 5] z) => (y) {
        y = If (c) <then_branch = t () => (p) { p = Neg(x) }, else_branch = e () => (q) { q = Abs(z) }>
    }"""
    assert TensorInfo("float", (2, -1)) == result(text)


LOOP = """g (int64 m, bool c, float[2, 3] x) => (y, all) {
    y, all = Loop (m, c, x) <body = b (int64 i, bool d, float[2, 3] h) => (bool e, float[2, 3] g, float[3, 2] t) {
        e = Identity(d)  g = Neg(h)  t = Transpose(h)
    }>
}"""


def test_a_loop_returns_its_state_and_stacks_its_scan_outputs() -> None:
    inferred = infer_values(undeclared(from_onnx(parse(HEAD + LOOP))))
    assert TensorInfo("float", (2, 3)) == inferred.output(3, 0)
    assert TensorInfo("float", (-1, 3, 2)) == inferred.output(3, 1)


def test_the_trip_count_is_not_confused_with_the_iteration_number() -> None:
    text = """g (bool c, float[2] x) => (y) <int64 m = {10}> {
        y = Loop (m, c, x) <body = b (int64 i, bool d, float[2] h) => (bool e, float[2] g) {
            e = Identity(d)  j = Neg(i)  f = Cast<to = 1>(j)  g = Add(h, f)
        }>
    }"""
    dag = from_onnx(parse(HEAD + text))
    assert TensorInfo("int64", ()) == infer_values(dag).output(dag.op_types.index("Neg"), 0)


def test_the_body_of_a_scan_sees_one_element_of_the_sequence() -> None:
    text = """g (float[3] state, float[7, 3] x) => (y, all) {
        y, all = Scan<num_scan_inputs = 1, body = b (float[3] s, z) => (float[3] t, float[3] u) {
            t = Add(s, z)  u = Neg(z)
        }> (state, x)
    }"""
    dag = undeclared(from_onnx(parse(HEAD + text)))
    inferred = infer_values(dag)
    assert (3,) == inferred.output(dag.op_types.index("Neg"), 0).shape
    assert [(3,), (7, 3)] == [inferred.output(2, slot).shape for slot in (0, 1)]


def test_what_is_not_a_tensor_has_a_type() -> None:
    text = "g (float[2] x, float[2] z) => (y) { y = SequenceConstruct(x, z) }"
    assert TensorInfo("seq(float)") == result(text)
    text = "g (float[2] x) => (y) <int64 zero = {0}> { s = SequenceConstruct(x)  y = SequenceAt(s, zero) }"
    assert "float" == result(text).dtype


@pytest.mark.parametrize("equation", ["a-b", "a.b", "....", "a>.i", "a_i", "ij,jk>ik"])
def test_an_equation_that_onnx_would_read_forever_is_not_inferred(equation: str) -> None:
    text = f'g (float[2, 3] x) => (y) {{ y = Einsum<equation = "{equation}">(x) }}'
    assert TensorInfo() == result(text)
    assert (3, 2) == result(text.replace(equation, " ij -> ji ")).shape


@pytest.mark.parametrize(
    "text",
    [
        "g (float[2, 3] x, float[3] w) => (y) { y = LayerNormalization<axis = 2147483648>(x, w) }",
        "g (float[2, 3] x, int64[1, 1] w) => (y) { y = GatherND<batch_dims = -2>(x, w) }",
    ],
)
def test_an_axis_at_which_onnx_would_read_beyond_its_memory_is_not_inferred(text: str) -> None:
    assert TensorInfo() == result(text)


OPERATORS = st.sampled_from(["Reshape", "MatMul", "Conv", "Concat", "Shape", "If", "Loop", "Scan", "Split", "Nonsense"])
ATTRIBUTES = st.sampled_from(
    ["{}", '{"axis":9}', '{"perm":[5,-1]}', '{"body":{"type":"graph"}}', '{"to":"x"}', "[]", "not JSON", '{"axis":{}}']
)
SHAPES = st.none() | st.lists(st.integers(-1, 2**62), max_size=4).map(tuple)


@pytest.mark.heavy
@given(labelled_dags(), st.data())
def test_inference_of_an_inconsistent_graph_raises_no_exception(
    graph: tuple[np.ndarray[tuple[int, ...], np.dtype[np.int32]], list[str]], data: st.DataObject
) -> None:
    edge_index, labels = graph[0], graph[1]
    count = len(labels)
    kinds = st.sampled_from(["graph_input", "parameter", "constant"])
    item = st.builds(
        NodeInput,
        st.integers(0, count - 1),
        st.integers(0, 3),
        kinds,
        st.just("x"),
        st.sampled_from(["float", "int64", "int8", "", "seq(float)", "string"]),
        SHAPES,
        st.lists(st.integers(-(2**70), 2**70), max_size=3).map(tuple),
    )
    dag = Dag(
        op_types=tuple(data.draw(st.lists(OPERATORS, min_size=count, max_size=count))),
        domains=("",) * count,
        attributes=tuple(data.draw(st.lists(ATTRIBUTES, min_size=count, max_size=count))),
        opset_versions=np.full(count, data.draw(st.integers(1, 30)), dtype=np.int32),
        num_outputs=np.full(count, 2, dtype=np.int32),
        edge_index=edge_index,
        edge_output=np.zeros(edge_index.shape[1], dtype=np.int32),
        edge_input=np.arange(edge_index.shape[1], dtype=np.int32) % 4,
        parents=np.full(count, -1, dtype=np.int32),
        branches=("",) * count,
        inputs=tuple(data.draw(st.lists(item, max_size=8))),
        outputs=(),
    )
    inferred = infer_values(dag, dynamic_size=data.draw(st.integers(1, 3)))
    assert count == len(inferred.outputs)
