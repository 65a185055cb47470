"""Tests of whether an attack does better than chance.

Whole rows are resampled, because the answers of one row depend on each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import erfc, sqrt

import numpy as np

from younger_hf.arrays import BoolArray, FloatArray, Int32Array
from younger_hf.metrics.dataflow.ranking_metrics import roc_auc

DRAWS = 20_000
_CHUNK = 1_000


def better_than(right: Sequence[BoolArray], baseline: Sequence[BoolArray]) -> float:
    """One-sided p-value of an attack being right more often than a baseline.

    The differences between the two in each row are given random signs.

    Args:
        right: For each row, which answers the attack has right.
        baseline: The same of the baseline.

    Returns:
        Share of 20,000 draws with a difference at least as large, the observed one included; in (0,
        1].
    """
    pairs = zip(right, baseline, strict=True)
    differences = np.array([float(one.sum()) - float(other.sum()) for one, other in pairs])
    differences = differences[differences != 0]
    rng = np.random.default_rng(0)
    as_large = 1
    for _ in range(DRAWS // _CHUNK):
        signs = rng.integers(0, 2, size=(_CHUNK, len(differences)), dtype=np.int8) * 2 - 1
        as_large += int(np.count_nonzero(signs @ differences >= differences.sum()))
    return as_large / (DRAWS + 1)


def better_than_half(labels: Sequence[Int32Array], scores: Sequence[FloatArray]) -> float:
    """One-sided p-value of an AUC above .5: the larger of two tests.

    The first tests whether positives rank above negatives within their rows (Wilcoxon's rank sum,
    normal approximation with ties, summed over rows); the second whether the pooled AUC stays above
    .5 when rows are drawn again (bootstrap).

    Args:
        labels: For each row 1 for data flows and 0 for other pairs.
        scores: The scores of each row, few of them distinct.

    Returns:
        A p-value in (0, 1].
    """
    return max(_rank_sum(labels, scores), _bootstrap(labels, scores))


def auc(labels: Sequence[Int32Array], scores: Sequence[FloatArray]) -> float:
    """AUC over the pairs of all rows; .5 if all have the same label."""
    y = np.concatenate(labels)
    return roc_auc(y, np.concatenate(scores)) if len(np.unique(y)) == 2 else 0.5


def _rank_sum(labels: Sequence[Int32Array], scores: Sequence[FloatArray]) -> float:
    total = variance = 0.0
    for y, score in zip(labels, scores, strict=True):
        positives, count = int(y.sum()), len(y)
        negatives = count - positives
        if not positives or not negatives:
            continue
        _, inverse, ties = np.unique(score, return_inverse=True, return_counts=True)
        ranks = (np.cumsum(ties) - (ties - 1) / 2)[inverse]
        total += float(ranks[y == 1].sum()) - positives * (count + 1) / 2
        tied = float((ties.astype(np.float64) ** 3 - ties).sum()) / (count * (count - 1))
        variance += positives * negatives / 12 * (count + 1 - tied)
    return 0.5 * erfc(total / sqrt(variance) / sqrt(2)) if variance > 0 else 1.0


def _bootstrap(labels: Sequence[Int32Array], scores: Sequence[FloatArray]) -> float:
    names, inverse = np.unique(np.concatenate(scores), return_inverse=True)
    rows = np.repeat(np.arange(len(labels)), [len(y) for y in labels])
    y = np.concatenate(labels)
    counts = np.zeros((2, len(labels), len(names)))
    np.add.at(counts, (y, rows, inverse.ravel()), 1)
    rng = np.random.default_rng(0)
    at_most_half = 1
    for _ in range(DRAWS // _CHUNK):
        weights = rng.multinomial(len(labels), np.full(len(labels), 1 / len(labels)), size=_CHUNK)
        negatives, positives = weights @ counts[0], weights @ counts[1]
        below = np.cumsum(negatives, axis=1) - negatives / 2
        won = (positives * below).sum(axis=1)
        at_most_half += int(np.count_nonzero(2 * won <= positives.sum(axis=1) * negatives.sum(axis=1)))
    return at_most_half / (DRAWS + 1)
