"""Dag -> ONNX: the rebuilt model is valid, runs, and is the same architecture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest

from tests.graph.models import LIGHT, parse
from tests.graph.running import run_with_ones
from younger_hf import from_onnx, to_onnx
from younger_hf.errors import RebuildError

onnxruntime.set_default_logger_severity(4)


@pytest.mark.heavy
@pytest.mark.parametrize("path", LIGHT, ids=lambda path: path.stem)
def test_a_rebuilt_model_is_valid_and_is_the_same_architecture(path: Path) -> None:
    dag = from_onnx(path)
    rebuilt = to_onnx(dag)
    onnx.checker.check_model(rebuilt, full_check=True)
    assert dag.wl_hash("w_attrs") == from_onnx(rebuilt.SerializeToString()).wl_hash("w_attrs")


@pytest.mark.heavy
@pytest.mark.parametrize("name", ["light_squeezenet", "light_shufflenet", "light_inception_v1"])
def test_a_rebuilt_model_returns_outputs_of_the_originals_shape(name: str) -> None:
    path = next(path for path in LIGHT if path.stem == name)
    original = onnxruntime.InferenceSession(path.read_bytes())
    rebuilt = onnxruntime.InferenceSession(to_onnx(from_onnx(path)).SerializeToString())
    assert [output.shape for output in run_with_ones(original)] == [output.shape for output in run_with_ones(rebuilt)]


def test_the_seed_determines_the_weights() -> None:
    dag = from_onnx(next(path for path in LIGHT if "squeezenet" in path.stem))
    assert to_onnx(dag, seed=1) == to_onnx(dag, seed=1)
    assert to_onnx(dag, seed=1) != to_onnx(dag, seed=2)


def test_structural_integers_come_back() -> None:
    text = """<ir_version: 8, opset_import: ["" : 17]>
    g (float[2, 3] x) => (float[3, 2] y) <int64[2] shape = {3, 2}> { y = Reshape(x, shape) }"""
    rebuilt = to_onnx(from_onnx(parse(text)))
    assert [3, 2] == onnx.numpy_helper.to_array(rebuilt.graph.initializer[0]).tolist()
    (result,) = run_with_ones(onnxruntime.InferenceSession(rebuilt.SerializeToString()))
    assert (3, 2) == result.shape


def test_a_shared_parameter_stays_one() -> None:
    text = """<ir_version: 8, opset_import: ["" : 17]>
    g (float[2] x) => (float[2] y) <float[2] w = {1, 2}> { a = Add(x, w)  y = Mul(a, w) }"""
    assert 1 == len(to_onnx(from_onnx(parse(text))).graph.initializer)


def test_a_huge_parameter_does_not_take_its_memory() -> None:
    text = """<ir_version: 8, opset_import: ["" : 17]>
    g (float[1, 100000] x, float[100000, 100000] w) => (float[1, 100000] y) { y = MatMul(x, w) }"""
    model = onnx.parser.parse_model(text)
    model.graph.initializer.append(onnx.TensorProto(name="w", data_type=1, dims=[100_000, 100_000]))  # 40 GB
    rebuilt = to_onnx(from_onnx(model.SerializeToString()))
    assert rebuilt.ByteSize() < 1_000_000
    assert ["Tile", "MatMul"] == [node.op_type for node in rebuilt.graph.node]


@pytest.mark.heavy
def test_many_parameters_repeat_themselves_but_small_ones_never() -> None:
    text = """<ir_version: 8, opset_import: ["" : 17]>
    g (float[1, 1000] x) => (float[1, 1000] y) { y = Sum(x) }"""
    model = onnx.parser.parse_model(text)
    for number in range(20):  # 20 million elements, more than are random altogether
        model.graph.initializer.append(onnx.TensorProto(name=f"w{number}", data_type=1, dims=[1000, 1000]))
        model.graph.node[0].input.append(f"w{number}")
    model.graph.initializer.append(onnx.TensorProto(name="last", data_type=1, dims=[]))
    model.graph.node[0].input.append("last")
    rebuilt = to_onnx(from_onnx(model.SerializeToString()))
    assert {"Tile", "Sum"} == {node.op_type for node in rebuilt.graph.node}
    assert "last" in {tensor.name for tensor in rebuilt.graph.initializer}
    assert rebuilt.ByteSize() < 80_000_000
    (result,) = run_with_ones(onnxruntime.InferenceSession(rebuilt.SerializeToString()))
    assert (1000, 1000) == result.shape


def test_unused_outputs_of_split_keep_their_place() -> None:
    text = """<ir_version: 8, opset_import: ["" : 13]>
    g (float[6] x) => (float[2] y) { a, b, c = Split(x)  y = Relu(b) }"""
    rebuilt = to_onnx(from_onnx(parse(text)))
    (result,) = run_with_ones(onnxruntime.InferenceSession(rebuilt.SerializeToString()))
    assert np.array_equal([1.0, 1.0], result)


LOOP = """g (int64 n, float[2] x, float[2] w) => (float[2] y, float[k, 2] all) {
    yes = Constant <value = bool {1}> ()
    y, all = Loop (n, yes, x) <body = b (int64 i, bool go, float[2] state) => (bool go_on, float[2] next, float[2] seen) {
        go_on = Identity (go)
        sum = Add (state, w)
        seen = Neg (sum)
        next = Relu (sum)
    }>
}"""
NESTED = """g (bool c, bool d, float[2] x) => (float[2] y) {
    y = If (c) <
        then_branch = t () => (float[2] p) {
            p = If (d) <
                then_branch = tt () => (float[2] u) { u = Neg (x) },
                else_branch = te () => (float[2] v) <float[2] b = {1, 2}> { v = Add (x, b) }
            >
        },
        else_branch = e () => (float[2] q) <float[2] b = {3, 4}> { q = Mul (x, b) }
    >
}"""


@pytest.mark.parametrize("text", [LOOP, NESTED], ids=["loop", "if in if"])
def test_sub_graphs_come_back(text: str) -> None:
    original = parse('<ir_version: 8, opset_import: ["" : 17]>\n' + text)
    dag = from_onnx(original)
    rebuilt = to_onnx(dag)
    onnx.checker.check_model(rebuilt, full_check=True)
    assert dag.wl_hash("w_attrs") == from_onnx(rebuilt.SerializeToString()).wl_hash("w_attrs")
    expected = run_with_ones(onnxruntime.InferenceSession(original))
    actual = run_with_ones(onnxruntime.InferenceSession(rebuilt.SerializeToString()))
    assert [value.shape for value in expected] == [value.shape for value in actual]


def test_a_loop_of_a_rebuilt_model_iterates_as_often_and_carries_its_state() -> None:
    text = LOOP.replace("Add (state, w)", "Mul (state, w)").replace("float[2] w)", "float[2] w)")
    rebuilt = to_onnx(from_onnx(parse('<ir_version: 8, opset_import: ["" : 17]>\n' + text)))
    session = onnxruntime.InferenceSession(rebuilt.SerializeToString())
    feeds = {"n": np.array(3), "x": np.array([1, 2], np.float32), "w": np.array([2, 3], np.float32)}
    last, seen = session.run(None, feeds)
    assert [8, 54] == last.tolist()
    assert [[-2, -6], [-4, -18], [-8, -54]] == seen.tolist()


def test_an_empty_dag_is_not_rebuilt() -> None:
    text = '<ir_version: 8, opset_import: ["" : 17]> g (float[2] x) => (float[2] c) { c = Constant <value = float[2] {1, 2}> () }'
    with pytest.raises(RebuildError, match="has no operators"):
        to_onnx(from_onnx(parse(text)))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "g (float[2] x) => (float[2] y) { y = ai.onnx.ml.Scaler <scale = [2.0]> (x) }",
            "ai.onnx.ml attributes are not recorded",
        ),
        (
            """g (float[1, 1, 2, 2] x) => (float[1, 1, n, m] y) <float[4] scales = {1, 1, 2, 2}> {
                y = Resize (x, , scales)
            }""",
            r"Node 0 \(Resize\), input 2: the values of 'scales' \(float\) determine shapes and were not recorded",
        ),
    ],
)
def test_a_dag_that_cannot_be_rebuilt_is_reported(text: str, message: str) -> None:
    with pytest.raises(RebuildError, match=message):
        to_onnx(from_onnx(parse('<ir_version: 8, opset_import: ["" : 17, "ai.onnx.ml" : 3]>\n' + text)))
