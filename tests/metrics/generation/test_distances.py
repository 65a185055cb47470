"""Distances between sets of graphs.

They are equal to SciPy and to the definitions, symmetric, zero for equal sets, and independent of
order.
"""

from __future__ import annotations

import math
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import wasserstein_distance

from tests.metrics.random_graphs import released_graphs
from younger_hf.errors import MetricError
from younger_hf.metrics.generation.descriptors import Descriptors, Histograms, describe
from younger_hf.metrics.generation.distances import pool
from younger_hf.metrics.generation.generation_metrics import SCALES

NAMES = [field.name for field in fields(Descriptors)]


def weight_rows(**weights):
    return {name: np.asarray(row)[None] for name, row in weights.items()}


def wasserstein(first, second, **weights):
    return float(pool(first, second).wasserstein(**weight_rows(**weights))[0])


def squared_mmd(first, second, scale, **weights):
    return float(pool(first, second).squared_mmd(scale, **weight_rows(**weights))[0])


def mean_distance(histograms):
    """Mean W1 over all pairs of different graphs; a kernel's scale should be close to it."""
    pooled = pool(histograms, histograms)
    counts = np.bincount(pooled.first).astype(np.float64)
    total = sum(
        count * counts @ np.abs(pooled.embedding - row).sum(axis=1)
        for count, row in zip(counts, pooled.embedding, strict=True)
    )
    return total / (len(histograms) * (len(histograms) - 1))


@st.composite
def histograms(draw, ground):
    """Up to six histograms over up to five values."""
    values = draw(st.lists(st.integers(-4, 40), min_size=1, max_size=5, unique=True).map(sorted))
    weight = st.lists(st.integers(0, 6), min_size=len(values), max_size=len(values)).filter(any)
    counts = np.array(draw(st.lists(weight, min_size=1, max_size=6)))
    return Histograms(np.array(values, dtype=np.float64), counts / counts.sum(axis=1, keepdims=True), ground)


def pairs():
    return st.sampled_from(["line", "discrete"]).flatmap(
        lambda ground: st.tuples(histograms(ground), histograms(ground))
    )


def weights_of(first):
    return st.lists(st.integers(0, 5), min_size=len(first), max_size=len(first)).filter(any)


def distance(first, one, second, other):
    """W1 of two histograms by its definition."""
    if first.ground == "line":
        return wasserstein_distance(first.values, second.values, one, other)
    masses = dict(zip(first.values, one, strict=True)), dict(zip(second.values, other, strict=True))
    return sum(abs(masses[0].get(value, 0) - masses[1].get(value, 0)) for value in masses[0] | masses[1]) / 2


def mmd_by_loops(first, second, scale, weights=(None, None)):
    sides = (first, second)
    shares = [
        np.full(len(side), 1 / len(side)) if weight is None else np.array(weight) / np.sum(weight)
        for side, weight in zip(sides, weights, strict=True)
    ]
    total = 0.0
    for i, j, sign in ((0, 0, 1), (1, 1, 1), (0, 1, -2)):
        for one, p in zip(sides[i].shares, shares[i], strict=True):
            for other, q in zip(sides[j].shares, shares[j], strict=True):
                total += sign * p * q * math.exp(-distance(sides[i], one, sides[j], other) / scale)
    return total


@settings(max_examples=150, deadline=None)
@given(pairs())
def test_wasserstein_is_that_of_the_mean_histograms(pair):
    first, second = pair
    expected = distance(first, first.shares.mean(axis=0), second, second.shares.mean(axis=0))
    assert expected == pytest.approx(wasserstein(first, second), abs=1e-12, rel=1e-12)


@settings(max_examples=100, deadline=None)
@given(pairs(), st.floats(0.1, 50))
def test_mmd_is_its_definition(pair, scale):
    assert mmd_by_loops(*pair, scale) == pytest.approx(squared_mmd(*pair, scale), abs=1e-12, rel=0)


@settings(max_examples=100, deadline=None)
@given(pairs(), st.data())
def test_weights_are_repetitions(pair, data):
    weights = [data.draw(weights_of(side)) for side in pair]
    named = {"first_weights": weights[0], "second_weights": weights[1]}
    repeated = [
        Histograms(side.values, np.repeat(side.shares, weight, axis=0), side.ground)
        for side, weight in zip(pair, weights, strict=True)
    ]
    assert wasserstein(*repeated) == pytest.approx(wasserstein(*pair, **named), abs=1e-12)
    assert squared_mmd(*repeated, 2.0) == pytest.approx(squared_mmd(*pair, 2.0, **named), abs=1e-12)
    assert mmd_by_loops(*pair, 2.0, weights) == pytest.approx(squared_mmd(*pair, 2.0, **named), abs=1e-12)


@pytest.mark.heavy
@settings(max_examples=100, deadline=None)
@given(pairs(), st.data())
def test_many_weightings_at_once_are_each_by_itself(pair, data):
    pooled = pool(*pair)
    firsts = data.draw(st.lists(weights_of(pair[0]), min_size=1, max_size=4))
    seconds = [data.draw(weights_of(pair[1])) for _ in firsts]
    for row, (one, other) in enumerate(zip(firsts, seconds, strict=True)):
        named = {"first_weights": one, "second_weights": other}
        assert wasserstein(*pair, **named) == pytest.approx(pooled.wasserstein(firsts, seconds)[row], abs=1e-12)
        assert squared_mmd(*pair, 3.0, **named) == pytest.approx(
            pooled.squared_mmd(3.0, firsts, seconds)[row], abs=1e-12
        )


@settings(max_examples=150, deadline=None)
@given(pairs(), st.randoms(use_true_random=False))
def test_they_are_symmetric_and_bounded_and_the_same_to_the_last_bit_in_any_order(pair, random):
    first, second = pair
    order = list(range(len(first)))
    random.shuffle(order)
    shuffled = Histograms(first.values, first.shares[order], first.ground)
    for measure in (wasserstein, lambda one, other: squared_mmd(one, other, 1.5)):
        assert measure(first, second) == measure(second, first) == measure(shuffled, second)
        assert measure(first, second) >= 0
        assert 0 == measure(first, shuffled)
    assert squared_mmd(first, second, 1.5) <= 2
    if first.ground == "discrete":
        assert wasserstein(first, second) <= 1 + 1e-12


@settings(max_examples=150, deadline=None)
@given(pairs())
def test_mmd_is_zero_for_equal_sets_only(pair):
    sides = [
        sorted(tuple(zip(side.values[row > 0], row[row > 0], strict=True)) for row in side.shares) for side in pair
    ]
    counted = [{each: side.count(each) / len(side) for each in side} for side in sides]
    assert (counted[0] == counted[1]) == (squared_mmd(*pair, 2.0) < 1e-9)


def test_a_gaussian_kernel_of_the_distance_itself_would_have_a_negative_square():
    """Why the kernel is Gaussian in the root of the distance.

    All uniform distributions over some of three values show it.
    """
    shares = np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1], [3, 3, 0], [3, 0, 3], [0, 3, 3], [2, 2, 2]]) / 6
    shares /= shares.sum(axis=1, keepdims=True)
    embedding = np.cumsum(shares, axis=1)
    distances = np.abs(embedding[:, None] - embedding).sum(axis=2)
    centred = np.eye(7) - 1 / 7
    usual = np.linalg.eigvalsh(centred @ np.exp(-(distances**2) / 2) @ centred)
    ours = np.linalg.eigvalsh(centred @ np.exp(-distances / 2) @ centred)
    assert usual[0] < -0.1
    assert ours[0] > -1e-12


def test_known_values():
    points = [Histograms(np.array([0.0, 3.0]), np.array(rows)) for rows in ([[1.0, 0.0]], [[0.0, 1.0]])]
    assert 3 == wasserstein(*points)
    assert 2 - 2 * math.exp(-3 / 2) == pytest.approx(squared_mmd(*points, 2.0), abs=1e-15)
    assert 3 == mean_distance(Histograms(np.array([0.0, 3.0]), np.eye(2)))
    apart = [Histograms(np.array([float(value)]), np.array([[1.0]]), "discrete") for value in (7, 2_000_000_000)]
    assert 1 == wasserstein(*apart)


@pytest.mark.heavy
@pytest.mark.parametrize("signature", ["w_attrs", "wo_attrs"])
def test_kernels_have_the_scale_of_the_distances_between_real_architectures(signature):
    described = describe(released_graphs(signature, "train"))
    for name, scale in SCALES.items():
        assert 0.7 < scale / mean_distance(getattr(described, name)) < 1.4


@pytest.mark.heavy
@pytest.mark.parametrize("name", NAMES)
def test_on_the_release_they_are_the_definitions(name):
    first = getattr(describe(released_graphs("w_attrs", "validation")), name)
    few = Histograms(first.values, first.shares[:20], first.ground)
    rest = Histograms(first.values, first.shares[20:50], first.ground)
    assert mmd_by_loops(few, rest, SCALES[name]) == pytest.approx(squared_mmd(few, rest, SCALES[name]), abs=1e-12)
    means = few.shares.mean(axis=0), rest.shares.mean(axis=0)
    assert distance(few, means[0], rest, means[1]) == pytest.approx(wasserstein(few, rest), abs=1e-12)


LINE = Histograms(np.array([0.0, 1.0]), np.eye(2))


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ([1.0], "first_weights: expected one weight for each of 2 graphs"),
        ([1.0, -1.0], "first_weights: expected finite weights of at least 0"),
        ([1.0, math.nan], "first_weights: expected finite weights"),
        ([math.inf, 1.0], "first_weights: expected finite weights"),
        ([0.0, 0.0], "first_weights: expected finite weights of at least 0 with a positive sum"),
        (["a", "b"], "first_weights: expected numbers"),
    ],
)
def test_invalid_weights_are_named(weights, message):
    for measure in (wasserstein, lambda *sides, **named: squared_mmd(*sides, 1.0, **named)):
        with pytest.raises(MetricError, match=message):
            measure(LINE, LINE, first_weights=weights)


def test_incomparable_input_is_named():
    empty = Histograms(np.array([0.0, 1.0]), np.empty((0, 2)))
    with pytest.raises(MetricError, match="Expected at least one graph in each set, got 2 and 0"):
        wasserstein(LINE, empty)
    with pytest.raises(MetricError, match="Cannot compare histograms over a line ground with those over a discrete"):
        squared_mmd(LINE, Histograms(np.array([0.0, 1.0]), np.eye(2), "discrete"), 1.0)
    for scale in (0.0, -1.0, math.nan, math.inf):
        with pytest.raises(MetricError, match="scale: expected a positive number"):
            squared_mmd(LINE, LINE, scale)
