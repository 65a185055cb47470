"""Operator metrics: equal to hand-computed values, for every type of input; named errors."""

from __future__ import annotations

import math

import numpy as np
import pytest

from younger_hf.errors import MetricError
from younger_hf.metrics import accuracy, macro_f1, macro_precision, macro_recall, operator_metrics


def test_a_worked_example_is_as_computed_by_hand():
    # class 2: 1 of 2 found, 1 of 2 predictions right; 3: 1 of 1 found, 1 of 2 right; 4: missed,
    # never predicted
    values = operator_metrics([2, 2, 3, 4], [2, 3, 3, 2])
    assert 0.5 == values["accuracy"]
    assert (1 / 2 + 1 / 2 + 0) / 3 == pytest.approx(values["macro_precision"], abs=1e-15)
    assert (1 / 2 + 1 + 0) / 3 == pytest.approx(values["macro_recall"], abs=1e-15)
    assert (1 / 2 + 2 / 3 + 0) / 3 == pytest.approx(values["macro_f1"], abs=1e-15)


def test_single_functions_agree_with_the_joint_one():
    references, predictions = [2, 5, 5, 7, 7, 7], [2, 5, 7, 7, 9, 7]
    single = {
        function.__name__: function(references, predictions)
        for function in (accuracy, macro_f1, macro_precision, macro_recall)
    }
    assert operator_metrics(references, predictions) == single


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"])
def test_every_integer_type_has_the_same_result(dtype):
    references, predictions = np.array([2, 5, 5, 100]), np.array([2, 5, 100, 3])
    assert operator_metrics(references, predictions) == operator_metrics(
        references.astype(dtype), predictions.astype(dtype)
    )


@pytest.mark.parametrize("size", [10, 2**20 + 5000])
def test_how_classes_are_numbered_does_not_matter(size):
    rng = np.random.default_rng(1)
    ids = np.sort(rng.choice(2**31 - 1, 40, replace=False))
    references, predictions = rng.integers(0, 40, size), rng.integers(0, 30, size)
    assert operator_metrics(references, predictions) == operator_metrics(ids[references], ids[predictions])


def test_inputs_are_not_changed():
    references, predictions = np.array([4, 2, 3]), np.array([3, 2, 4])
    operator_metrics(references, predictions)
    assert ([4, 2, 3], [3, 2, 4]) == (references.tolist(), predictions.tolist())


@pytest.mark.parametrize(
    ("references", "predictions", "message"),
    [
        ([], [], "at least one value"),
        ([2, 3], [2], "got 1 for 2"),
        ([2, -1], [2, 2], "references: expected class ids >= 0, got -1 at position 1"),
        ([2, 2], [2, -1], "predictions: expected class ids >= 0, got -1 at position 1"),
        ([2, 3], [2, 2**31], "below 2"),
        ([2, 3], np.array([2, 2**64 - 1], dtype=np.uint64), "below 2"),
        ([2, 3], [2.0, 3.0], "got dtype float64"),
        ([2, 3], [2.0, math.nan], "got dtype float64"),
        ([2, 3], ["2", "3"], "expected integer class ids"),
        ([2, 3], [True, False], "expected integer class ids"),
        ([2, 3], [2, None], "expected integer class ids"),
        ([2, 3], [2, 10**30], "expected integer class ids"),
        ([[2, 3]], [[2, 3]], r"shape \(1, 2\)"),
        ([[2], [3, 4]], [2, 3, 4], "expected a flat array of numbers, got list"),
        (3, 3, "one dimension"),
    ],
)
def test_undefined_input_is_a_named_error(references, predictions, message):
    with pytest.raises(MetricError, match=message):
        operator_metrics(references, predictions)


def test_hidden_labels_are_recognised():
    with pytest.raises(MetricError) as caught:
        operator_metrics([-1, -1], [2, 3])
    assert "The test split hides its labels as -1" in caught.value.hint
