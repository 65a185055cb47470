"""Shape arithmetic is folded before the floats that it goes through are dropped."""

from __future__ import annotations

import onnx
import pytest
from onnx import numpy_helper

from tests.export.tiny import TINY, plain_export
from tests.graph.models import LIGHT, parse
from younger_hf import from_onnx
from younger_hf.export.strip_model import drop_weights
from younger_hf.graph.operators.model_folding import fold_constants

THROUGH_FLOATS = """<ir_version: 8, opset_import: ["" : 17]>
g (float[1, 4, 9] x) => (float[1, 4, 3, 3] y) <float half = {0.5}, int64[2] head = {1, 4}> {
    c = Constant <value = int64[1] {9}> ()
    f = Cast <to = 1> (c)
    p = Pow (f, half)
    i = Cast <to = 7> (p)
    shape = Concat <axis = 0> (head, i, i)
    s = Add (x, x)
    y = Reshape (s, shape)
}"""


def test_shape_arithmetic_is_replaced_by_its_integers() -> None:
    model = fold_constants(onnx.ModelProto.FromString(parse(THROUGH_FLOATS)))
    kept = [node.op_type for node in model.graph.node]
    assert "Concat" not in kept
    assert ["Add", "Reshape"] == kept[-2:]
    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    assert [1, 4, 3, 3] == numpy_helper.to_array(tensors["shape"]).tolist()
    assert "head" not in tensors


def test_a_dag_is_the_same_with_and_without_the_floats() -> None:
    payload = parse(THROUGH_FLOATS)
    whole = from_onnx(payload)
    stripped = drop_weights(onnx.ModelProto.FromString(payload))
    assert not [tensor for tensor in stripped.graph.initializer if tensor.name == "half" and tensor.float_data]
    assert whole == from_onnx(stripped.SerializeToString())
    assert (1, 4, 3, 3) in {item.values for item in whole.inputs}


def test_weights_stay_what_they_are() -> None:
    text = """<ir_version: 8, opset_import: ["" : 17]>
    g (float[2, 3] x) => (float[2, 2] y) <float[2, 3] w = {1, 2, 3, 4, 5, 6}> { t = Transpose (w)  y = MatMul (x, t) }"""
    model = fold_constants(onnx.ModelProto.FromString(parse(text)))
    assert ["Transpose", "MatMul"] == [node.op_type for node in model.graph.node]
    assert ["w"] == [tensor.name for tensor in model.graph.initializer]


@pytest.mark.parametrize("path", LIGHT, ids=lambda path: path.stem)
def test_folding_does_not_change_the_dag_of_a_real_model(path: object) -> None:
    model = onnx.load(path)
    assert from_onnx(model.SerializeToString()) == from_onnx(fold_constants(model).SerializeToString())


@pytest.mark.heavy
@pytest.mark.parametrize("name", TINY)
def test_stripping_does_not_change_the_dag_of_an_exported_model(name: str) -> None:
    payload = plain_export(name)
    assert from_onnx(payload) == from_onnx(drop_weights(onnx.ModelProto.FromString(payload)).SerializeToString())
