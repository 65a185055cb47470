"""Data-flow metrics: equal to hand-computed values, for every type of input; named errors."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from younger_hf.errors import MetricError
from younger_hf.metrics import average_precision, dataflow_metrics, f1_at_half, roc_auc

# scores of four values are nearly all tied; any float of [0, 1] includes denormals and -0.0
TIED = st.sampled_from([0.0, 0.25, 0.5, 1.0])
SCORES = st.one_of(TIED, st.floats(-0.0, 1.0), st.floats(0, 1, width=16))
CASES = st.lists(st.tuples(st.integers(0, 1), SCORES), min_size=2, max_size=200)


def arrays(case):
    labels, scores = zip(*case, strict=True)
    assume(0 < sum(labels) < len(labels))
    return np.array(labels), np.array(scores)


@settings(max_examples=100, deadline=None)
@given(CASES)
def test_swapping_the_classes_mirrors_the_auc(case):
    labels, scores = arrays(case)
    assert 1 - roc_auc(labels, scores) == pytest.approx(roc_auc(1 - labels, scores), abs=1e-15)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_every_float_type_has_the_same_result(dtype):
    rng = np.random.default_rng(2)
    labels, scores = rng.integers(0, 2, 500), rng.integers(0, 65, 500) / 64
    assert dataflow_metrics(labels, scores) == dataflow_metrics(labels, scores.astype(dtype))


@pytest.mark.parametrize("labels", [[1, 0, 1], [True, False, True], np.array([1, 0, 1], np.uint8)])
def test_labels_may_be_integers_or_booleans(labels):
    assert {"auc": 1.0, "average_precision": 1.0, "f1": 1.0} == dataflow_metrics(labels, [0.9, 0.1, 0.8])


def test_a_worked_example_is_as_computed_by_hand():
    # ranked .9+ .8- .8+ .3+ .1-; the tie at .8 counts half for AUC and as one step for precision
    labels, scores = [1, 0, 1, 1, 0], [0.9, 0.8, 0.8, 0.3, 0.1]
    assert (2 + 1.5 + 1) / 6 == pytest.approx(roc_auc(labels, scores), abs=1e-15)
    assert (1 / 1 + 2 / 3 + 3 / 4) / 3 == pytest.approx(average_precision(labels, scores), abs=1e-15)
    assert 2 * 2 / (3 + 3) == pytest.approx(f1_at_half(labels, scores), abs=1e-15)


def test_a_score_of_exactly_one_half_predicts_a_data_flow():
    assert 1.0 == f1_at_half([1, 0], [0.5, math.nextafter(0.5, 0)])


def test_f1_is_defined_for_one_class_only():
    assert (1.0, 0.0, 0.0) == (
        f1_at_half([1, 1], [0.9, 0.5]),
        f1_at_half([0, 0], [0.9, 0.5]),
        f1_at_half([0, 0], [0.1, 0.2]),
    )


@settings(max_examples=50, deadline=None)
@given(CASES)
def test_f1_alone_equals_f1_with_the_others(case):
    labels, scores = arrays(case)
    assert dataflow_metrics(labels, scores)["f1"] == f1_at_half(labels, scores)


def test_inputs_are_not_changed():
    labels, scores = np.array([1, 0, 1]), np.array([0.3, 0.2, 0.1])
    dataflow_metrics(labels, scores)
    assert ([1, 0, 1], [0.3, 0.2, 0.1]) == (labels.tolist(), scores.tolist())


BAD_SCORES = [
    ([], [], "at least one value"),
    ([1, 0], [0.5], "got 1 for 2"),
    ([1, 0], [0.5, math.nan], "scores: expected finite scores, got nan at position 1"),
    ([1, 0], [math.inf, 0.5], "got inf at position 0"),
    ([1, 0], [-math.inf, 0.5], "got -inf at position 0"),
    ([1, 0], ["0.5", "0.1"], "expected real numbers"),
    ([1, 0], [True, False], "expected real numbers"),
    ([1, 0], [0.5, None], "expected real numbers"),
    ([1, 0], [0.5j, 0.1], "expected real numbers"),
    ([2, 0], [0.5, 0.1], "got 2 at position 0"),
    ([1, -1], [0.5, 0.1], "got -1 at position 1"),
    ([1, 256], [0.5, 0.1], "got 256 at position 1"),
    ([1.0, 0.0], [0.5, 0.1], "got dtype float64"),
    (["1", "0"], [0.5, 0.1], "expected labels 0 and 1 as integers"),
    ([[1, 0]], [[0.5, 0.1]], r"shape \(1, 2\)"),
]


@pytest.mark.parametrize(("labels", "scores", "message"), BAD_SCORES)
@pytest.mark.parametrize("metric", [roc_auc, average_precision, f1_at_half, dataflow_metrics])
def test_undefined_input_is_a_named_error(metric, labels, scores, message):
    with pytest.raises(MetricError, match=message):
        metric(labels, scores)


@pytest.mark.parametrize("label", [0, 1])
@pytest.mark.parametrize("metric", [roc_auc, average_precision, dataflow_metrics])
def test_one_class_only_is_a_named_error(metric, label):
    with pytest.raises(MetricError, match=f"got 3 of label {label} only"):
        metric([label] * 3, [0.1, 0.2, 0.3])


def test_nan_in_the_positives_is_never_a_perfect_score():
    with pytest.raises(MetricError, match="got nan at position 0 \\(2 in all\\)"):
        dataflow_metrics([1, 1, 0, 0], [math.nan, math.nan, 0.1, 0.2])
