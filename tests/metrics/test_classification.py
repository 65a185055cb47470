"""Operator metrics: equal to scikit-learn, bounded, independent of order, and named errors instead of numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, precision_recall_fscore_support

from younger_hf.errors import MetricError
from younger_hf.metrics import accuracy, macro_f1, macro_precision, macro_recall, operator_metrics

NAMES = ("accuracy", "macro_f1", "macro_precision", "macro_recall")

# few classes, so that all are there; many, so that most are absent from one side; huge ids, which must not be counted into slots
CLASS_IDS = st.sampled_from([3, 40, 2**31 - 1]).flatmap(lambda high: st.integers(0, high))
PAIRS = st.lists(st.tuples(CLASS_IDS, CLASS_IDS), min_size=1, max_size=200).map(
    lambda pairs: tuple(map(list, zip(*pairs, strict=True)))
)


def scikit_learn(references, predictions):
    precision, recall, f1, _ = precision_recall_fscore_support(
        references, predictions, average="macro", zero_division=0
    )
    values = (accuracy_score(references, predictions), f1, precision, recall)
    return dict(zip(NAMES, values, strict=True))


@settings(max_examples=300, deadline=None)
@given(PAIRS)
def test_they_equal_scikit_learn_with_absent_classes(pair):
    references, predictions = pair
    assert scikit_learn(references, predictions) == pytest.approx(
        operator_metrics(references, predictions), abs=1e-12, rel=0
    )


def test_they_equal_scikit_learn_on_a_skewed_vocabulary_of_the_papers_size():
    rng = np.random.default_rng(0)
    weights = 1 / np.arange(1, 4408)
    references = rng.choice(np.arange(2, 4409), size=20_000, p=weights / weights.sum())
    predictions = np.where(rng.random(20_000) < 0.8, references, rng.integers(0, 4409, 20_000))
    assert scikit_learn(references, predictions) == pytest.approx(
        operator_metrics(references, predictions), abs=1e-12, rel=0
    )


@settings(max_examples=100, deadline=None)
@given(PAIRS, st.randoms(use_true_random=False))
def test_they_do_not_depend_on_the_order_of_nodes(pair, random):
    order = list(range(len(pair[0])))
    random.shuffle(order)
    references, predictions = (np.array(side) for side in pair)
    assert operator_metrics(references, predictions) == operator_metrics(references[order], predictions[order])


@settings(max_examples=100, deadline=None)
@given(PAIRS)
def test_they_are_plain_floats_between_zero_and_one(pair):
    for value in operator_metrics(*pair).values():
        assert type(value) is float
        assert 0 <= value <= 1


@given(st.lists(CLASS_IDS, min_size=1, max_size=50))
def test_perfect_predictions_reach_exactly_one(classes):
    assert dict.fromkeys(NAMES, 1.0) == operator_metrics(classes, classes)


def test_a_worked_example_is_as_computed_by_hand():
    # class 2: 1 of 2 found, 1 of 2 predictions right; 3: 1 of 1 found, 1 of 2 right; 4: missed, never predicted
    values = operator_metrics([2, 2, 3, 4], [2, 3, 3, 2])
    assert 0.5 == values["accuracy"]
    assert (1 / 2 + 1 / 2 + 0) / 3 == pytest.approx(values["macro_precision"], abs=1e-15)
    assert (1 / 2 + 1 + 0) / 3 == pytest.approx(values["macro_recall"], abs=1e-15)
    assert (1 / 2 + 2 / 3 + 0) / 3 == pytest.approx(values["macro_f1"], abs=1e-15)


def test_the_single_functions_give_what_all_together_give():
    references, predictions = [2, 5, 5, 7, 7, 7], [2, 5, 7, 7, 9, 7]
    single = {
        function.__name__: function(references, predictions)
        for function in (accuracy, macro_f1, macro_precision, macro_recall)
    }
    assert operator_metrics(references, predictions) == single


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"])
def test_every_integer_type_gives_the_same(dtype):
    references, predictions = np.array([2, 5, 5, 100]), np.array([2, 5, 100, 3])
    assert operator_metrics(references, predictions) == operator_metrics(
        references.astype(dtype), predictions.astype(dtype)
    )


def test_inputs_are_not_changed():
    references, predictions = np.array([4, 2, 3]), np.array([3, 2, 4])
    operator_metrics(references, predictions)
    assert ([4, 2, 3], [3, 2, 4]) == (references.tolist(), predictions.tolist())


@pytest.mark.parametrize(
    ("references", "predictions", "says"),
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
def test_what_is_not_defined_is_a_named_error(references, predictions, says):
    with pytest.raises(MetricError, match=says):
        operator_metrics(references, predictions)


def test_hidden_labels_are_recognised():
    with pytest.raises(MetricError) as caught:
        operator_metrics([-1, -1], [2, 3])
    assert "The test split hides its labels as -1" in caught.value.hint
