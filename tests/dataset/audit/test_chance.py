"""The tests of chance hold their level where there is nothing, and see what there is."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from younger_hf.dataset.audit.chance import auc, better_than, better_than_half
from younger_hf.dataset.audit.order import guess_by_key


def rows_of(rng: np.random.Generator, count: int, share: float) -> list[np.ndarray]:
    return [rng.random(int(rng.integers(1, 6))) < share for _ in range(count)]


def test_p_values_of_attacks_that_know_nothing_are_rarely_small() -> None:
    rng = np.random.default_rng(0)
    values = []
    for _ in range(100):
        lengths = rng.integers(1, 6, size=40)
        right, common = ([rng.random(n) < 0.3 for n in lengths] for _ in range(2))
        values.append(better_than(right, common))
    assert sum(p < 0.05 for p in values) <= 12  # 5 expected; more than 12 in 3 of 1,000 such runs (binomial)


def test_an_attack_that_is_right_more_often_is_seen() -> None:
    rng = np.random.default_rng(1)
    common = rows_of(rng, 200, 0.3)
    right = [c | (rng.random(len(c)) < 0.3) for c in common]
    assert better_than(right, common) < 1e-4
    assert 1.0 == better_than(common, right)


def test_answers_of_one_row_count_once() -> None:
    """A thousand right answers in one row are one piece of luck."""
    assert better_than([np.ones(1000, dtype=bool)], [np.zeros(1000, dtype=bool)]) > 0.4


def test_nothing_guessed_is_not_better() -> None:
    assert 1.0 == better_than([], [])
    assert 1.0 == better_than([np.array([True])], [np.array([True])])


def pairs_of(rng: np.random.Generator, count: int, shift: float) -> tuple[list[np.ndarray], list[np.ndarray]]:
    labels = [rng.permutation(np.repeat([0, 1], 10)).astype(np.int32) for _ in range(count)]
    return labels, [np.round(rng.normal(size=20) + shift * y, 1) for y in labels]


def test_p_values_of_random_scores_are_rarely_small() -> None:
    rng = np.random.default_rng(2)
    assert sum(better_than_half(*pairs_of(rng, 10, 0.0)) < 0.1 for _ in range(15)) <= 5  # at most 1.5 expected


@pytest.mark.parametrize("count", [4, 40])
def test_scores_that_rank_are_seen(count: int) -> None:
    assert better_than_half(*pairs_of(np.random.default_rng(3), count, 2.0)) < 5e-4


def test_the_auc_is_scikit_learns() -> None:
    labels, scores = pairs_of(np.random.default_rng(4), 10, 0.5)
    assert roc_auc_score(np.concatenate(labels), np.concatenate(scores)) == pytest.approx(
        auc(labels, scores), abs=1e-12
    )
    assert 0.5 == auc([np.ones(3, dtype=np.int32)], [np.arange(3.0)])


def test_the_answers_of_a_key_are_learned() -> None:
    known = np.repeat([0.0, 1.0], 40)
    y = np.repeat([7, 9], 40).astype(np.int32)
    wanted = [np.array([0.1, 0.9]), np.array([1.0])]
    assert [[7.0, 9.0], [9.0]] == [values.tolist() for values in guess_by_key(known, y, wanted)]
    nothing = guess_by_key(np.empty(0), np.empty(0, dtype=np.int32), wanted)
    assert all(np.isnan(values).all() for values in nothing)
