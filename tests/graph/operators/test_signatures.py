"""Canonical attributes and signatures."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import helper, numpy_helper

from younger_hf.graph.operators.signatures import canonical_attributes, parse_signature, signature


def attributes(op_type: str, opset: int, domain: str = "", **given: Any) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(
        canonical_attributes(helper.make_node(op_type, [], [], domain=domain, **given), opset)
    )
    return values


def test_schema_defaults_are_filled_in() -> None:
    # https://onnx.ai/onnx/operators/onnx__Gemm.html
    assert {"alpha": 1.0, "beta": 1.0, "transA": 0, "transB": 1} == attributes("Gemm", 17, transB=1)


def test_defaults_are_those_of_the_models_opset() -> None:
    # Softmax's axis was 1 up to opset 12 and is -1 since
    assert ({"axis": 1}, {"axis": -1}) == (attributes("Softmax", 12), attributes("Softmax", 13))


def test_an_explicit_default_is_the_same_class() -> None:
    said, unsaid = helper.make_node("LeakyRelu", [], [], alpha=0.01), helper.make_node("LeakyRelu", [], [])
    assert canonical_attributes(said, 17) == canonical_attributes(unsaid, 17)


def test_floats_are_the_shortest_text_of_the_same_float32() -> None:
    assert 1e-05 == attributes("BatchNormalization", 17, epsilon=1e-05)["epsilon"]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_floats_that_json_lacks_are_named(value: float) -> None:
    assert {"type": "float", "value": str(value)} == attributes("Elu", 17, alpha=value)["alpha"]


def test_long_lists_keep_type_and_length_only() -> None:
    found = attributes("Thing", 1, "other", short=[1] * 64, long=[1] * 65, floats=[0.5] * 65, strings=["a"] * 65)
    assert [1] * 64 == found["short"]
    assert {"type": "ints", "length": 65} == found["long"]
    assert {"type": "floats", "length": 65} == found["floats"]
    assert {"type": "strings", "length": 65} == found["strings"]


def test_tensors_keep_values_only_if_they_are_few_integers() -> None:
    floats = numpy_helper.from_array(np.array([2.5], dtype=np.float32))
    integers = numpy_helper.from_array(np.array([7], dtype=np.int64))
    assert {"type": "tensor", "dtype": "float", "shape": [1]} == attributes("ConstantOfShape", 17, value=floats)[
        "value"
    ]
    assert [7] == attributes("ConstantOfShape", 17, value=integers)["value"]["values"]


def test_values_of_ml_attributes_are_dropped() -> None:
    found = attributes("Scaler", 1, "ai.onnx.ml", offset=[1.5, 2.5], scale=[3.0])
    assert {"offset": {"type": "floats"}, "scale": {"type": "floats"}} == found


def test_text_that_is_not_utf8_stays_bytes() -> None:
    assert {"type": "bytes", "value": "ff00"} == attributes("Thing", 1, "other", raw=b"\xff\x00")["raw"]


@given(st.text(), st.text(), st.dictionaries(st.text(max_size=5), st.integers() | st.text(max_size=5), max_size=4))
def test_signatures_are_ascii_and_can_be_undone(domain: str, op_type: str, values: dict[str, Any]) -> None:
    dumped = json.dumps(values, sort_keys=True, separators=(",", ":"))
    text = signature(domain, op_type, dumped)
    assert text.isascii()
    assert (domain, op_type, dumped) == parse_signature(text)
    assert (domain, op_type, "") == parse_signature(signature(domain, op_type))
