"""What holds for the metrics of every task, whatever the data."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from younger_hf.errors import MetricError
from younger_hf.metrics import METRICS, kendall_tau, load_metric

TASKS = ["operator", "dataflow", "prediction"]

# few classes, so that all are there; many, so that most are absent from one side; huge ids, which
# must not be counted into slots
CLASS_IDS = st.sampled_from([3, 40, 2**31 - 1]).flatmap(lambda high: st.integers(0, high))
# four values are nearly all tied; any float of [0, 1] includes denormals and -0.0
SCORES = st.one_of(st.sampled_from([0.0, 0.25, 0.5, 1.0]), st.floats(-0.0, 1.0), st.floats(0, 1, width=16))
VALUES = st.one_of(st.sampled_from([1.0, 2.0, 3.0]), st.floats(-1e6, 1e6).filter(lambda value: abs(value) > 1e-6))
ITEMS = {
    "operator": st.tuples(CLASS_IDS, CLASS_IDS),
    "dataflow": st.tuples(st.integers(0, 1), SCORES),
    "prediction": st.tuples(VALUES, st.one_of(VALUES, st.just(0.0))),
}
# both labels, so that a ranking is defined
NEEDED = {"operator": [], "dataflow": [(1, 0.5), (0, 0.25)], "prediction": []}
SEEDS = st.randoms(use_true_random=False)


def graphs(task, *, min_size=1):
    """Rows of references and predictions, of several graphs."""
    rows = st.lists(ITEMS[task], min_size=1, max_size=40)
    return st.lists(rows, min_size=min_size, max_size=8).map(lambda drawn: drawn + [[item] for item in NEEDED[task]])


def computed(task, items):
    references, predictions = (np.array(side) for side in zip(*items, strict=True))
    return load_metric(task).compute(references=references, predictions=predictions)


def joined(rows):
    return [item for row in rows for item in row]


def is_as_good(metric, value, other):
    return value >= other if metric.direction == "max" else value <= other


@pytest.mark.heavy
@pytest.mark.parametrize("task", TASKS)
@settings(max_examples=100, deadline=None)
@given(data=st.data(), random=SEEDS)
def test_the_order_of_rows_does_not_matter(task, data, random):
    items = joined(data.draw(graphs(task)))
    assert computed(task, items) == computed(task, random.sample(items, len(items)))


@pytest.mark.heavy
@pytest.mark.parametrize("task", TASKS)
@settings(max_examples=100, deadline=None)
@given(data=st.data(), random=SEEDS)
def test_the_order_of_graphs_and_how_they_are_batched_does_not_matter(task, data, random):
    rows = data.draw(graphs(task))
    shuffled = random.sample(rows, len(rows))
    size = data.draw(st.integers(1, len(rows)))
    batches = [joined(shuffled[start : start + size]) for start in range(0, len(rows), size)]
    assert computed(task, joined(rows)) == computed(task, joined(random.sample(batches, len(batches))))


@pytest.mark.heavy
@pytest.mark.parametrize("task", TASKS)
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_each_value_is_a_finite_float_in_the_range_of_the_registry(task, data):
    values = computed(task, joined(data.draw(graphs(task))))
    assert [metric.name for metric in METRICS[task]] == list(values)
    for metric in METRICS[task]:
        assert type(values[metric.name]) is float
        assert math.isfinite(values[metric.name])
        assert metric.minimum <= values[metric.name] <= metric.maximum


def perfect_noisy_constant(task, items, known, number):
    """References and three predictions of them, each better than the next for any references.

    Noisy predictions are right where `known`, and elsewhere equal the constant ones. Noisy values
    are exactly half way to the constant.
    """
    if task == "prediction":
        references = np.arange(2, 2 * len(items) + 2, 2)
        constant = np.full(len(items), float(2 * number))
        return references, references, (references + constant) / 2, constant
    references = np.array([reference for reference, _ in items])
    constant = np.full(len(items), number if task == "operator" else 0.5)
    return references, references, np.where(known, references, constant), constant


@pytest.mark.heavy
@pytest.mark.parametrize("task", TASKS)
@settings(max_examples=100, deadline=None)
@given(data=st.data(), number=st.integers(0, 50))
def test_perfect_is_as_good_as_noisy_and_noisy_as_constant(task, data, number):
    items = joined(data.draw(graphs(task, min_size=2)))
    known = data.draw(st.lists(st.booleans(), min_size=len(items), max_size=len(items)))
    references, *systems = perfect_noisy_constant(task, items, known, number)
    perfect, noisy, constant = (
        load_metric(task).compute(references=references, predictions=system) for system in systems
    )
    for metric in METRICS[task]:
        assert (metric.maximum if metric.direction == "max" else metric.minimum) == perfect[metric.name]
        assert is_as_good(metric, noisy[metric.name], constant[metric.name])


@pytest.mark.parametrize("task", TASKS)
def test_perfect_is_better_than_noisy_and_noisy_than_constant_on_plain_data(task):
    rng = np.random.default_rng(3)
    noise = rng.random(5000)
    if task == "operator":
        references = rng.integers(2, 30, 5000)
        systems = references, np.where(noise < 0.5, references, rng.integers(2, 30, 5000)), np.full(5000, 2)
    elif task == "dataflow":
        references = (rng.random(5000) < 0.2).astype(int)
        systems = references * 1.0, references * 0.4 + noise * 0.6, np.full(5000, 0.5)
    else:
        references = rng.lognormal(size=5000)
        systems = references, references * (0.8 + 0.4 * noise), np.full(5000, np.median(references))
    perfect, noisy, constant = (
        load_metric(task).compute(references=references, predictions=system) for system in systems
    )
    for metric in METRICS[task]:
        for better, worse in ((perfect, noisy), (noisy, constant)):
            assert better[metric.name] != worse[metric.name]
            assert is_as_good(metric, better[metric.name], worse[metric.name])


@pytest.mark.heavy
@settings(max_examples=100, deadline=None)
@given(
    labels=st.lists(st.booleans(), min_size=1, max_size=300).map(lambda drawn: [*drawn, True, False]),
    score=st.one_of(SCORES, st.floats(-1e308, 1e308)),
    random=SEEDS,
)
def test_tied_scores_are_exactly_chance(labels, score, random):
    # 0.0 and -0.0 are equal, and so tied
    scores = [score if score else random.choice([0.0, -0.0]) for _ in labels]
    values = load_metric("dataflow").compute(references=labels, predictions=scores)
    assert 0.5 == values["auc"]
    assert sum(labels) / len(labels) == values["average_precision"]


@pytest.mark.heavy
@settings(max_examples=100, deadline=None)
@given(values=st.lists(VALUES, min_size=1, max_size=100), constant=st.floats(-1e308, 1e308))
def test_a_constant_ranks_nothing_and_has_a_tau_of_exactly_zero(values, constant):
    assert 0.0 == kendall_tau(values, [constant] * len(values))
    assert 0.0 == kendall_tau([constant] * len(values), values)


@pytest.mark.heavy
@pytest.mark.parametrize("task", ["dataflow", "prediction"])
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_one_value_that_is_no_number_anywhere_is_a_named_error(task, value, data):
    items = joined(data.draw(graphs(task)))
    place = data.draw(st.integers(0, len(items) - 1))
    items[place] = (items[place][0], value)
    with pytest.raises(MetricError, match=f"got {value} at position {place} "):
        computed(task, items)


@pytest.mark.parametrize("task", TASKS)
def test_nothing_at_all_is_a_named_error(task):
    with pytest.raises(MetricError, match="references: expected at least one value, got none"):
        load_metric(task).compute(references=[], predictions=[])


@settings(max_examples=30, deadline=None)
@given(scores=st.lists(SCORES, min_size=1, max_size=50), label=st.integers(0, 1))
def test_zero_negatives_or_zero_positives_are_a_named_error(scores, label):
    with pytest.raises(MetricError, match=f"got {len(scores)} of label {label} only"):
        load_metric("dataflow").compute(references=[label] * len(scores), predictions=scores)
