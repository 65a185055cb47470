"""The metrics against scikit-learn and scipy on a thousand seeded cases each.

They are equal to 1e-12, or a named error where they are undefined.
"""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest
from scipy.stats import kendalltau
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    f1_score,
    precision_recall_fscore_support,
    roc_auc_score,
)

from younger_hf.errors import MetricError
from younger_hf.metrics import dataflow_metrics, f1_at_half, kendall_tau, operator_metrics

SEEDS = range(200)
"""Of each of five kinds of data: a thousand cases a task."""


def exactly(expected):
    return pytest.approx(expected, abs=1e-12, rel=0)


def scores_of(kind, rng, size):
    """Labels and scores."""
    share = rng.choice([0.1, 0.5, 0.9])
    labels = (rng.random(size) < share).astype(int)
    scores = np.clip(rng.normal(0.4 + 0.2 * labels, 0.2), 0, 1)
    match kind:
        case "tied":
            scores = scores.round(1)
        case "constant":
            scores[:] = rng.random()
        case "imbalanced":
            labels[:] = rng.integers(2)
            labels[rng.integers(size)] ^= 1
        case "narrow":  # neighbouring floats, denormals and both zeros
            scores = rng.choice([0.5, np.nextafter(0.5, 0), np.nextafter(0.5, 1), 0.0, -0.0, 5e-324], size)
    return labels, scores


@pytest.mark.heavy
@pytest.mark.parametrize("kind", ["untied", "tied", "constant", "imbalanced", "narrow"])
def test_data_flow_metrics_equal_scikit_learn(kind):
    seen = []
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        labels, scores = scores_of(kind, rng, int(rng.integers(2, 301)))
        f1 = f1_score(labels, scores >= 0.5, zero_division=0)
        assert exactly(f1) == f1_at_half(labels, scores)
        seen.append(len(set(labels.tolist())))
        if seen[-1] == 1:
            with pytest.raises(MetricError, match="expected both labels 0 and 1"):
                dataflow_metrics(labels, scores)
            continue
        peer = {
            "auc": roc_auc_score(labels, scores),
            "average_precision": average_precision_score(labels, scores),
            "f1": f1,
        }
        assert exactly(peer) == dataflow_metrics(labels, scores)
    assert {2} == set(seen) if kind == "imbalanced" else {1, 2} == set(seen)


@pytest.mark.parametrize("share", [0.001, 0.5, 0.999])
@pytest.mark.parametrize("decimals", [1, 3, 16])
def test_data_flow_metrics_equal_scikit_learn_on_many_scores(share, decimals):
    rng = np.random.default_rng(1)
    labels = (rng.random(50_000) < share).astype(np.int8)
    scores = np.clip(rng.normal(0.4 + 0.2 * labels, 0.2), 0, 1).round(decimals)
    peer = {
        "auc": roc_auc_score(labels, scores),
        "average_precision": average_precision_score(labels, scores),
        "f1": f1_score(labels, scores >= 0.5),
    }
    assert exactly(peer) == dataflow_metrics(labels, scores)


def classes_of(kind, rng, size):
    """True and predicted classes."""
    if kind == "one class":
        return np.full(size, 7), rng.choice([7, rng.integers(2, 9)], size)
    if kind == "imbalanced":
        true = np.where(rng.random(size) < 2 / size, 3, 2)
        return true, np.full(size, 2)
    number, lowest = {"few classes": (4, 2), "absent classes": (300, 2), "huge ids": (30, 2**31 - 30)}[kind]
    true = rng.integers(number, size=size) + lowest
    return true, np.where(rng.random(size) < 0.5, true, rng.integers(number, size=size) + lowest)


def scikit_learn_classes(true, predicted):
    precision, recall, f1, _ = precision_recall_fscore_support(true, predicted, average="macro", zero_division=0)
    accuracy = accuracy_score(true, predicted)
    return {"accuracy": accuracy, "macro_f1": f1, "macro_precision": precision, "macro_recall": recall}


@pytest.mark.heavy
@pytest.mark.parametrize("kind", ["few classes", "absent classes", "one class", "imbalanced", "huge ids"])
def test_operator_metrics_equal_scikit_learn(kind):
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        true, predicted = classes_of(kind, rng, int(rng.integers(2, 301)))
        assert exactly(scikit_learn_classes(true, predicted)) == operator_metrics(true, predicted)


def test_operator_metrics_equal_scikit_learn_on_a_skewed_vocabulary_of_the_papers_size():
    rng = np.random.default_rng(0)
    weights = 1 / np.arange(1, 4408)
    true = rng.choice(np.arange(2, 4409), size=20_000, p=weights / weights.sum())
    predicted = np.where(rng.random(20_000) < 0.8, true, rng.integers(0, 4409, 20_000))
    assert exactly(scikit_learn_classes(true, predicted)) == operator_metrics(true, predicted)


def values_of(kind, rng, size):
    """Measured and predicted values."""
    true = rng.lognormal(size=size)
    predicted = true * rng.lognormal(sigma=rng.choice([0.1, 1.0, 3.0]), size=size)
    match kind:
        case "tied":
            return true.round(), predicted.round()
        case "tied predictions":
            return true, predicted.round()
        case "reversed":
            return true, -true
        case "constant":
            true, predicted = true.round(), np.full(size, 3.0)
            return (true, predicted) if rng.integers(2) else (predicted, true)
    return true, predicted


@pytest.mark.heavy
@pytest.mark.parametrize("kind", ["untied", "tied", "tied predictions", "reversed", "constant"])
def test_kendall_tau_equals_scipy(kind):
    for seed in SEEDS:
        rng = np.random.default_rng(seed)
        true, predicted = values_of(kind, rng, int(rng.integers(2, 301)))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # scipy's, of values that are no number for it
            peer = float(kendalltau(true, predicted).statistic)
        is_constant = 1 in (len(set(true.tolist())), len(set(predicted.tolist())))
        assert is_constant == math.isnan(peer)
        assert (0.0 if is_constant else exactly(peer)) == kendall_tau(true, predicted)


def test_kendall_tau_equals_scipy_on_many_values():
    rng = np.random.default_rng(2)
    true = rng.lognormal(size=100_000).round(3)
    predicted = (true * rng.lognormal(size=100_000)).round(3)
    assert exactly(float(kendalltau(true, predicted).statistic)) == kendall_tau(true, predicted)
