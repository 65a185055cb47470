"""Bootstrap intervals over graphs and the paired test.

How they are computed, how often they are right, and named errors.
"""

from __future__ import annotations

import numpy as np
import pytest

from tests.metrics.resampled_data import PREPARE, data, repeated
from younger_hf.errors import MetricError
from younger_hf.metrics import METRICS, Comparison, Interval, bootstrap, load_metric, paired_bootstrap
from younger_hf.metrics.resampling import draw

LENGTHS = [3, 5, 0, 8, 2, 6, 4, 9, 1, 7]


def explicit(task, references, predictions, offsets, resamples, seed):
    """Metric name -> its values on data that is really repeated."""
    required = PREPARE[task](references, predictions, offsets).required
    found = []
    for weights, _ in draw(np.random.default_rng(seed), required, resamples, resamples):
        for row in weights:
            at = repeated(row, offsets)
            found.append(load_metric(task).compute(references=references[at], predictions=predictions[at]))
    return {name: np.array([each[name] for each in found]) for name in found[0]}


@pytest.mark.parametrize("task", PREPARE)
def test_an_interval_is_the_percentiles_of_the_metric_on_resampled_graphs(task):
    references, predictions, offsets = data(task, np.random.default_rng(0), LENGTHS, 1)
    intervals = bootstrap(task, references, predictions, offsets, resamples=200, seed=5)
    assert [metric.name for metric in METRICS[task]] == list(intervals)
    for name, values in explicit(task, references, predictions, offsets, 200, 5).items():
        interval = intervals[name]
        assert np.quantile(values, [0.025, 0.975]) == pytest.approx([interval.low, interval.high], abs=1e-12)
        assert (0.95, 200) == (interval.level, interval.resamples)


@pytest.mark.parametrize("task", PREPARE)
def test_a_comparison_uses_the_same_resamples_for_both_systems(task):
    references, first, offsets = data(task, np.random.default_rng(1), LENGTHS, 1)
    second = np.roll(first, 1)
    compared = paired_bootstrap(task, references, first, second, offsets, resamples=200, seed=6)
    ours = explicit(task, references, first, offsets, 200, 6)
    theirs = explicit(task, references, second, offsets, 200, 6)
    metric = load_metric(task)
    of_first = metric.compute(references=references, predictions=first)
    of_second = metric.compute(references=references, predictions=second)
    for name, comparison in compared.items():
        differences = ours[name] - theirs[name]
        assert of_first[name] - of_second[name] == comparison.difference
        found = [comparison.interval.low, comparison.interval.high]
        assert np.quantile(differences, [0.025, 0.975]) == pytest.approx(found, abs=1e-12)
        against = min(np.sum(differences <= 1e-12), np.sum(differences >= -1e-12))
        assert min(1, 2 * (against + 1) / 201) == comparison.p_value


@pytest.mark.parametrize("task", PREPARE)
def test_the_result_depends_on_the_seed_alone(task):
    references, predictions, offsets = data(task, np.random.default_rng(2), LENGTHS * 5, 3)
    once = bootstrap(task, references, predictions, offsets, resamples=100, seed=1)
    assert once == bootstrap(task, references, predictions, offsets, resamples=100, seed=1)
    assert once != bootstrap(task, references, predictions, offsets, resamples=100, seed=2)


def test_intervals_of_independent_graphs_have_the_width_from_statistics():
    rng = np.random.default_rng(3)
    references, offsets = np.full(2000, 3), np.arange(0, 2001, 5)
    predictions = np.where(rng.random(2000) < 0.7, 3, 4)
    interval = bootstrap("operator", references, predictions, offsets, resamples=4000)["accuracy"]
    share = np.mean(predictions == 3)
    deviation = np.std((predictions == 3).reshape(400, 5).mean(axis=1)) / np.sqrt(400)
    assert share - 1.96 * deviation == pytest.approx(interval.low, abs=0.1 * deviation)
    assert share + 1.96 * deviation == pytest.approx(interval.high, abs=0.1 * deviation)


def test_graphs_are_the_sampling_unit():
    # 100 graphs whose 20 nodes are all right or all wrong say as much as 100 nodes, not as 2,000
    rng = np.random.default_rng(4)
    references = np.full(2000, 3)
    predictions = np.repeat(np.where(rng.random(100) < 0.5, 3, 4), 20)
    by_graph = bootstrap("operator", references, predictions, np.arange(0, 2001, 20))["accuracy"]
    by_node = bootstrap("operator", references, predictions, np.arange(2001))["accuracy"]
    assert np.sqrt(20) == pytest.approx((by_graph.high - by_graph.low) / (by_node.high - by_node.low), rel=0.15)


def test_resamples_with_one_label_only_are_drawn_anew_and_counted():
    # one graph has all positives and one all negatives: half of the resamples have both
    references, scores = [1, 1, 0, 0], [0.9, 0.3, 0.5, 0.1]
    intervals = bootstrap("dataflow", references, scores, [0, 2, 4], resamples=400)
    assert Interval(0.75, 0.75, 0.95, 400, intervals["auc"].redrawn) == intervals["auc"]
    assert 400 == pytest.approx(intervals["auc"].redrawn, abs=100)


def test_resamples_without_items_are_drawn_anew():
    interval = bootstrap("operator", [2, 3], [2, 2], [0, 2, 2, 2], resamples=100)["accuracy"]
    assert (0.5, 0.5) == (interval.low, interval.high)
    assert interval.redrawn > 0


@pytest.mark.parametrize("task", PREPARE)
def test_a_system_is_as_good_as_itself(task):
    references, predictions, offsets = data(task, np.random.default_rng(5), LENGTHS, 2)
    for comparison in paired_bootstrap(task, references, predictions, predictions, offsets, resamples=100).values():
        assert Comparison(0.0, Interval(0.0, 0.0, 0.95, 100, comparison.interval.redrawn), 1.0) == comparison


@pytest.mark.parametrize("task", PREPARE)
def test_swapping_the_systems_mirrors_the_comparison(task):
    references, first, offsets = data(task, np.random.default_rng(6), LENGTHS, 2)
    second = np.roll(first, 1)
    one = paired_bootstrap(task, references, first, second, offsets, resamples=100)
    other = paired_bootstrap(task, references, second, first, offsets, resamples=100)
    for name, comparison in one.items():
        mirrored = other[name]
        assert (comparison.p_value, comparison.difference) == (mirrored.p_value, -mirrored.difference)
        assert comparison.interval.low == pytest.approx(-mirrored.interval.high, abs=1e-15)


def test_a_system_that_is_ahead_in_every_resample_has_the_least_p_value():
    references, offsets = np.arange(100) % 4 + 2, np.arange(0, 101, 5)
    comparison = paired_bootstrap("operator", references, references, np.full(100, 2), offsets)["accuracy"]
    assert 0.75 == comparison.difference
    assert 2 / 1001 == comparison.p_value


@pytest.mark.heavy
def test_between_systems_that_are_equally_good_few_differences_are_significant():
    p_values = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        references, offsets = np.full(300, 3), np.arange(0, 301, 5)
        first, second = (np.where(rng.random(300) < 0.7, 3, 4) for _ in range(2))
        compared = paired_bootstrap("operator", references, first, second, offsets, resamples=100, seed=seed)
        p_values.append(compared["accuracy"].p_value)
    # uniform p values, of which 200 are below .05 ten times, with a standard deviation of 3
    assert 1 <= np.sum(np.array(p_values) < 0.05) <= 20
    assert 0.5 == pytest.approx(np.mean(p_values), abs=0.08)


def test_a_p_value_below_a_twentieth_is_an_interval_without_zero():
    seen = set()
    for seed in range(100):
        rng = np.random.default_rng(seed)
        references, offsets = np.full(150, 3), np.arange(0, 151, 5)
        first, second = np.where(rng.random(150) < 0.75, 3, 4), np.where(rng.random(150) < 0.65, 3, 4)
        comparison = paired_bootstrap("operator", references, first, second, offsets, resamples=200)["accuracy"]
        if comparison.p_value < 0.05:
            assert comparison.interval.low > 0 or comparison.interval.high < 0
        if comparison.p_value > 0.06:
            assert comparison.interval.low <= 0 <= comparison.interval.high
        seen.add(comparison.p_value < 0.05)
    assert {True, False} == seen


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"offsets": [0, 4]}, "expected at least two graphs to resample, got 1"),
        ({"offsets": [0]}, "expected to rise from 0 to the 4 items, got 0 to 0"),
        ({"offsets": []}, r"expected integers \[graphs \+ 1\], got dtype float64 and shape \(0,\)"),
        ({"offsets": [0.0, 2.0, 4.0]}, "got dtype float64"),
        ({"offsets": [1, 2, 4]}, "got 1 to 4"),
        ({"offsets": [0, 2, 5]}, "got 0 to 5"),
        ({"offsets": [0, 3, 2, 4]}, "got 0 to 4, falling in between"),
        ({"resamples": 39}, "Expected at least 40 resamples, got 39"),
        (
            {"task": "generation"},
            "The task 'generation' has no bootstrap; expected one of: operator, dataflow, prediction",
        ),
        ({"task": "retrieval"}, "Unknown task 'retrieval'"),
        ({"predictions": [0.5, 0.5, 0.5]}, "got 3 for 4"),
        ({"predictions": [0.5, 0.5, 0.5, float("nan")]}, "got nan at position 3"),
        ({"references": [1, 1, 1, 1]}, "got 4 of label 1 only"),
    ],
)
def test_undefined_input_is_a_named_error(change, message):
    asked = {
        "task": "dataflow",
        "references": [1, 0, 1, 0],
        "predictions": [0.9, 0.5, 0.4, 0.3],
        "offsets": [0, 2, 4],
        "resamples": 100,
        **change,
    }
    with pytest.raises(MetricError, match=message):
        bootstrap(
            asked["task"], asked["references"], asked["predictions"], asked["offsets"], resamples=asked["resamples"]
        )


def test_a_mean_error_of_a_resample_beyond_every_float_is_named():
    # the mean of one of these and 1 is a float; of some resample it is not, or the sum of its
    # errors
    references, predictions = [1e-300, 1e-300, 1.0, 1.0], [1.7e8, 1.7e8, 1.0, 1.0]
    with pytest.raises(MetricError, match="of a resample is too large for a float"):
        bootstrap("prediction", references, predictions, [0, 1, 2, 3, 4], resamples=100)
