"""Prediction metrics: equal to hand-computed values, up to the limits of floats; named errors."""

from __future__ import annotations

import math

import numpy as np
import pytest

from younger_hf.errors import MetricError
from younger_hf.metrics import accuracy_within_tenth, kendall_tau, mape, prediction_metrics

FUNCTIONS = [kendall_tau, mape, accuracy_within_tenth, prediction_metrics]


def test_a_worked_example_is_as_computed_by_hand():
    # of the 6 pairs of architectures one is in the opposite order and one tied in the prediction:
    # (4 - 1) / sqrt(6 * 5)
    references, predictions = [10.0, 20.0, 40.0, 80.0], [11.0, 30.0, 30.0, 20.0]
    assert (1 + 1 + 1 - 1 - 1) / math.sqrt(6 * 5) == pytest.approx(kendall_tau(references, predictions), abs=1e-15)
    assert (0.1 + 0.5 + 0.25 + 0.75) / 4 == pytest.approx(mape(references, predictions), abs=1e-15)
    assert 1 / 4 == accuracy_within_tenth(references, predictions)


def test_single_functions_agree_with_the_joint_one():
    references, predictions = [1.0, 2.0, -4.0, 8.0], [1.05, 2.5, -3.0, 8.0]
    expected = {
        "kendall_tau": kendall_tau(references, predictions),
        "mape": mape(references, predictions),
        "acc_10": accuracy_within_tenth(references, predictions),
    }
    assert expected == prediction_metrics(references, predictions)


def test_a_tenth_off_is_within_a_tenth_on_both_sides_and_of_negative_values():
    assert 1.0 == accuracy_within_tenth([10.0, 10.0, -10.0, -10.0], [11.0, 9.0, -11.0, -9.0])
    beyond = [math.nextafter(11.0, 12), math.nextafter(9.0, 8), -math.nextafter(11.0, 12), 10.0]
    assert 0.0 == accuracy_within_tenth([10.0, 10.0, -10.0, -10.0], beyond)


def test_tau_of_one_value_is_chance():
    assert 0.0 == kendall_tau([3.0], [4.0])


@pytest.mark.parametrize("size", [2, 3, 10, 999])
def test_equal_and_reversed_rankings_are_exactly_one_and_minus_one(size):
    values = np.random.default_rng(size).lognormal(size=size).round(1 if size > 3 else 16)
    assert (1.0, -1.0) == (kendall_tau(values, values * 3), kendall_tau(values, -values))


def test_values_near_the_largest_float_have_finite_metrics():
    # the difference 2e308 is no float, the error of 2 is
    assert {"kendall_tau": -1.0, "mape": 2.0, "acc_10": 0.0} == prediction_metrics([1e308, -1e308], [-1e308, 1e308])
    # each error is a float, their sum is not, their mean is
    assert 1.5e308 == pytest.approx(mape([1e-100, 1e-100], [1.5e208, 1.5e208]), rel=1e-12)
    assert {"kendall_tau": 1.0, "mape": 0.0, "acc_10": 1.0} == prediction_metrics([5e-324, 1e308], [5e-324, 1e308])


def test_an_error_beyond_every_float_is_named():
    with pytest.raises(
        MetricError, match="the mean absolute percentage error is too large for a float; position 1 is off by inf"
    ):
        prediction_metrics([1.0, 1e-308], [1.0, 1e308])


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int8", "uint64"])
def test_every_type_of_number_has_the_same_result(dtype):
    references, predictions = np.array([1, 2, 4, 100]), np.array([2, 2, 8, 96])
    assert prediction_metrics(references, predictions) == prediction_metrics(
        references.astype(dtype), predictions.astype(dtype)
    )


def test_inputs_are_not_changed():
    references, predictions = np.array([3.0, 1.0, 2.0]), np.array([1.0, 3.0, 2.0])
    prediction_metrics(references, predictions)
    assert ([3.0, 1.0, 2.0], [1.0, 3.0, 2.0]) == (references.tolist(), predictions.tolist())


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize(
    ("references", "predictions", "message"),
    [
        ([], [], "references: expected at least one value"),
        ([1.0, 2.0], [1.0], "got 1 for 2"),
        ([1.0, math.nan], [1.0, 2.0], "references: expected finite scores, got nan at position 1"),
        ([1.0, 2.0], [1.0, -math.inf], "predictions: expected finite scores, got -inf at position 1"),
        ([1.0, 2.0], ["1", "2"], "predictions: expected real numbers"),
        ([1.0, 2.0], [True, False], "predictions: expected real numbers"),
        ([1.0, 2.0], [1.0, None], "predictions: expected real numbers"),
        ([[1.0, 2.0]], [[1.0, 2.0]], r"shape \(1, 2\)"),
    ],
)
def test_undefined_input_is_a_named_error(function, references, predictions, message):
    with pytest.raises(MetricError, match=message):
        function(references, predictions)


@pytest.mark.parametrize("zero", [0.0, -0.0, 0])
@pytest.mark.parametrize("function", [mape, prediction_metrics])
def test_a_reference_of_zero_has_no_relative_error(function, zero):
    with pytest.raises(MetricError, match=r"expected values other than 0, got 0 at position 1 \(1 in all\)"):
        function([1, zero], [1.0, 1.0])
