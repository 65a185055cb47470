"""Metrics of many resamples at once equal the metrics of data that repeats the drawn graphs."""

from __future__ import annotations

import tracemalloc
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kendalltau
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    f1_score,
    precision_recall_fscore_support,
    roc_auc_score,
)

from tests.metrics.resampled_data import PREPARE, data, repeated
from younger_hf.metrics import load_metric
from younger_hf.metrics.dataflow.bootstrap_ranking import resample_ranking
from younger_hf.metrics.resampling import blocks, draw


def peers(task, references, predictions):
    """The same by scikit-learn and scipy."""
    if task == "dataflow":
        return {
            "auc": roc_auc_score(references, predictions),
            "average_precision": average_precision_score(references, predictions),
            "f1": f1_score(references, predictions >= 0.5, zero_division=0),
        }
    if task == "operator":
        precision, recall, f1, _ = precision_recall_fscore_support(
            references, predictions, average="macro", zero_division=0
        )
        accuracy = accuracy_score(references, predictions)
        return {"accuracy": accuracy, "macro_f1": f1, "macro_precision": precision, "macro_recall": recall}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tau = float(kendalltau(references, predictions).statistic)
    off = np.abs(predictions - references) / np.abs(references)
    return {"kendall_tau": 0.0 if np.isnan(tau) else tau, "mape": off.mean(), "acc_10": np.mean(off <= 0.1)}


@pytest.mark.heavy
@pytest.mark.parametrize("task", PREPARE)
@settings(max_examples=60, deadline=None)
@given(
    lengths=st.lists(st.integers(0, 12), min_size=2, max_size=15).filter(lambda lengths: sum(lengths) > 2),
    decimals=st.integers(0, 3),
    seed=st.integers(0, 10**6),
)
def test_each_resample_has_the_metrics_of_the_repeated_data(task, lengths, decimals, seed):
    rng = np.random.default_rng(seed)
    references, predictions, offsets = data(task, rng, lengths, decimals)
    prepared = PREPARE[task](references, predictions, offsets)
    for weights, _ in draw(rng, prepared.required, 6, 4):
        values = prepared.values(weights)
        for number, row in enumerate(weights):
            at = repeated(row, offsets)
            found = {name: float(each[number]) for name, each in values.items()}
            plain = load_metric(task).compute(references=references[at], predictions=predictions[at])
            assert pytest.approx(plain, abs=1e-12, rel=1e-12) == found
            assert pytest.approx(peers(task, references[at], predictions[at]), abs=1e-12, rel=1e-12) == found


@pytest.mark.heavy
@pytest.mark.parametrize("decimals", [1, 2, 16])
@pytest.mark.parametrize("task", PREPARE)
def test_they_are_exact_where_the_rows_are_cut_into_blocks(task, decimals):
    rng = np.random.default_rng(4)
    references, predictions, offsets = data(
        task, rng, rng.integers(0, 400, 100), min(decimals, 3 if task == "operator" else 16)
    )
    prepared = PREPARE[task](references, predictions, offsets)
    [(weights, _)] = draw(rng, prepared.required, 64, 64)
    values = prepared.values(weights)
    for number in (0, 31, 63):
        at = repeated(weights[number], offsets)
        plain = load_metric(task).compute(references=references[at], predictions=predictions[at])
        assert pytest.approx(plain, abs=1e-12, rel=1e-12) == {n: float(each[number]) for n, each in values.items()}


def test_memory_is_bounded_by_chunks():
    rng = np.random.default_rng(5)
    references, predictions, offsets = data("dataflow", rng, np.full(400, 500), 16)
    prepared = resample_ranking(references, predictions, offsets)
    tracemalloc.start()
    for weights, _ in draw(rng, prepared.required, 128, 64):
        prepared.values(weights)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # 64 resamples of 200,000 scores, whole, are 102 MB; several such arrays would be needed at a
    # time
    assert peak < 40e6


@pytest.mark.parametrize("at_once", [1, 7, 64])
def test_resamples_do_not_depend_on_the_chunk_size(at_once):
    required = np.array([[1, 0, 2, 1], [0, 3, 0, 0]])
    expected = next(draw(np.random.default_rng(6), required, 64, 64))
    drawn = list(draw(np.random.default_rng(6), required, 64, at_once))
    assert expected[0].tolist() == np.concatenate([weights for weights, _ in drawn]).tolist()
    assert expected[1] == sum(again for _, again in drawn)


def test_each_resample_has_as_many_graphs_as_there_are_and_something_of_each_kind():
    required = np.array([[1, 0, 2, 1], [0, 3, 0, 0]])
    [(weights, redrawn)] = draw(np.random.default_rng(7), required, 1000, 1000)
    assert {4} == set(weights.sum(axis=1).tolist())
    assert (weights @ required.T > 0).all()
    # without graph 1 no item is of the second kind, with it alone none of the first: (3/4)**4 +
    # (1/4)**4 = .32 of all draws
    assert 0.32 == pytest.approx(redrawn / (1000 + redrawn), abs=0.04)


def test_each_graph_is_drawn_equally_often():
    [(weights, redrawn)] = draw(np.random.default_rng(8), np.ones((1, 50), int), 2000, 2000)
    assert 0 == redrawn
    # multinomial: mean 1, variance 1 - 1/50, of 2,000 resamples
    assert np.ones(50) == pytest.approx(weights.mean(axis=0), abs=4 * np.sqrt(0.98 / 2000))
    assert 0.98 == pytest.approx(float(weights.var()), abs=0.03)


@given(st.lists(st.integers(0, 9), max_size=30), st.integers(1, 12))
def test_blocks_hold_all_groups_whole_and_no_more_rows_than_they_may(sizes, largest):
    ends = np.cumsum(sizes).astype(np.int64)
    cut = list(blocks(ends, largest))
    assert list(range(len(sizes))) == [group for start, end in cut for group in range(start, end)]
    assert all(end - start == 1 or sum(sizes[start:end]) <= largest for start, end in cut)
