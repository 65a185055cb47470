"""Results of several seeds: mean and sample standard deviation, or a named error."""

from __future__ import annotations

import math
import statistics

import numpy as np
import pytest

from younger_hf.errors import MetricError
from younger_hf.metrics import SeedSummary, aggregate_seeds


def test_each_metric_has_its_mean_and_sample_deviation():
    rng = np.random.default_rng(0)
    results = [{"auc": float(rng.random()), "f1": float(rng.random())} for _ in range(5)]
    summaries = aggregate_seeds(results)
    assert ["auc", "f1"] == list(summaries)
    for name, summary in summaries.items():
        values = [result[name] for result in results]
        assert np.mean(values) == pytest.approx(summary.mean, abs=1e-15)
        assert np.std(values, ddof=1) == pytest.approx(summary.deviation, abs=1e-15)
        assert 5 == summary.n


def test_one_seed_has_no_deviation():
    assert {"auc": SeedSummary(0.5, None, 1)} == aggregate_seeds([{"auc": 0.5}])


def test_equal_results_have_a_deviation_of_exactly_zero():
    assert {"auc": SeedSummary(0.1, 0.0, 3)} == aggregate_seeds([{"auc": 0.1}] * 3)


def test_the_order_of_seeds_and_of_metrics_does_not_matter():
    results = [{"a": 0.1, "b": 1e9}, {"b": 0.2, "a": 0.3}, {"a": 1e-9, "b": 0.7}]
    assert aggregate_seeds(results) == aggregate_seeds(results[::-1])


def test_values_near_the_largest_float_are_summed_exactly():
    assert 1.5e308 == aggregate_seeds([{"mape": 1.5e308}] * 4)["mape"].mean


def test_a_deviation_is_that_of_statistics_for_values_far_from_zero():
    values = [1e9 + 0.25, 1e9 + 0.5, 1e9 + 1.0]
    assert statistics.stdev([0.25, 0.5, 1.0]) == aggregate_seeds([{"x": value} for value in values])["x"].deviation


@pytest.mark.parametrize(
    ("results", "message"),
    [
        ([], "at least one seed"),
        ([{"auc": 0.5}, {"f1": 0.5}], r"results\[1\]: expected the metrics auc, got f1"),
        ([{"auc": 0.5}, {"auc": 0.5, "f1": 0.5}], r"results\[1\]: expected the metrics auc, got auc, f1"),
        ([{"auc": 0.5}, {"auc": math.nan}], r"results\[1\]: expected a finite auc, got nan"),
        ([{"auc": math.inf}], r"results\[0\]: expected a finite auc, got inf"),
        ([{"mape": 1.7e308}, {"mape": -1.7e308}], "The deviation of mape over the seeds is too large for a float"),
    ],
)
def test_undefined_input_is_a_named_error(results, message):
    with pytest.raises(MetricError, match=message):
        aggregate_seeds(results)
