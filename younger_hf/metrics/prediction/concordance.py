"""Kendall's tau-b of weighted pairs, for many sets of weights at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from younger_hf.arrays import BoolArray, FloatArray, IntArray


@dataclass(frozen=True)
class RankedPairs:
    """Pairs of a reference and a prediction, sorted by the reference, then by the prediction.

    Attributes:
        order: Position of each pair in the unsorted arrays, int64 [N].
        rank: Rank of its prediction, from 0, equal for equal predictions, int64 [N].
        reference_starts: First pair of each distinct reference, int64.
        prediction_order: The sorted pairs, sorted again by the prediction, int64 [N].
        prediction_starts: First pair of each distinct prediction in that order, int64.
        both_starts: First pair of each distinct pair of reference and prediction, int64.
    """

    order: IntArray
    rank: IntArray
    reference_starts: IntArray
    prediction_order: IntArray
    prediction_starts: IntArray
    both_starts: IntArray

    def tau(self, weights: IntArray) -> FloatArray:
        """Compute Kendall's tau-b with each pair repeated as often as its weight.

        Args:
            weights: Non-negative counts in the order of the unsorted arrays, int64 [B, N]; at least
                one in each row is positive.

        Returns:
            One value for each row, in [-1, 1], float64 [B]; 0 where all references or all
            predictions with a positive weight are equal.
        """
        times = np.take(weights, self.order, axis=1)
        every = _pairs(times.sum(axis=1))
        # Two pairs are tied in the reference, the prediction or both, or are in the same or in
        # opposite order.
        in_reference = _tied(times, self.reference_starts)
        in_prediction = _tied(np.take(times, self.prediction_order, axis=1), self.prediction_starts)
        agreed = every - in_reference - in_prediction + _tied(times, self.both_starts) - 2 * self._inversions(times)
        # The root of a product, not a product of roots: the root of a square is exact, so equal
        # rankings are exactly 1.
        scale = np.sqrt((every - in_reference).astype(np.float64) * (every - in_prediction).astype(np.float64))
        tau = np.divide(agreed, scale, out=np.zeros(len(times)), where=scale > 0)
        within: FloatArray = np.clip(tau, -1.0, 1.0)
        return within

    def _inversions(self, times: IntArray) -> IntArray:
        """Count how often a greater prediction comes before a smaller one, int64 [B].

        Pairs that are tied in the reference do not count.
        """
        found = np.zeros(len(times), np.int64)
        for high, low, before, before_group in _halvings(self.rank):
            counted = np.zeros((len(times), len(high) + 1), np.int64)
            np.cumsum(np.take(times, high, axis=1), axis=1, out=counted[:, 1:])
            greater_first = np.take(counted, before, axis=1) - np.take(counted, before_group, axis=1)
            found += np.einsum("bn,bn->b", np.take(times, low, axis=1), greater_first)
        return found


def rank_pairs(references: npt.NDArray[np.generic], predictions: npt.NDArray[np.generic]) -> RankedPairs:
    """Sort pairs once, for any number of sets of weights.

    Args:
        references: Finite numbers, [N], N >= 1.
        predictions: Finite numbers, [N].
    """
    order = np.lexsort((predictions, references))
    sorted_references = references[order]
    rank = np.unique(predictions, return_inverse=True)[1][order].astype(np.int64)
    prediction_order = np.argsort(rank, kind="stable")
    new_reference = sorted_references[1:] != sorted_references[:-1]
    return RankedPairs(
        order,
        rank,
        _starts(new_reference),
        prediction_order,
        _starts(np.diff(rank[prediction_order]) != 0),
        _starts(new_reference | (np.diff(rank) != 0)),
    )


def _halvings(rank: IntArray) -> Iterator[tuple[IntArray, IntArray, IntArray, IntArray]]:
    """Split the ranks by their bits, highest bit first.

    Every two different ranks are separated exactly once.

    This is merge sort in reverse: log2(N) passes over N values, and the values that a pass compares
    do not depend on their weights.

    Yields:
        For each bit the positions of the pairs that have it, the positions of those that do not,
        and for each of the latter how many of the former precede it, and how many precede its
        group, whose ranks agree in all higher bits.
    """
    order = np.arange(len(rank))
    for bit in reversed(range(int(rank.max()).bit_length())):
        prefix = rank[order] >> bit
        is_high = (prefix & 1).astype(bool)
        high_before = np.cumsum(is_high) - is_high
        starts = _starts(np.diff(prefix >> 1) != 0)
        sizes = np.diff(starts, append=len(order))
        group_start = np.repeat(starts, sizes)
        group_high = high_before[group_start]
        yield order[is_high], order[~is_high], high_before[~is_high], group_high[~is_high]
        # Within each group come first those without the bit, then those with it, each in their
        # order.
        within_high = high_before - group_high
        num_low = np.repeat(np.add.reduceat(~is_high, starts, dtype=np.int64), sizes)
        place = group_start + np.where(
            is_high, num_low + within_high, np.arange(len(order)) - group_start - within_high
        )
        following = np.empty_like(order)
        following[place] = order
        order = following


def _starts(changes: BoolArray) -> IntArray:
    return np.concatenate([[0], np.flatnonzero(changes) + 1])


def _tied(times: IntArray, starts: IntArray) -> IntArray:
    tied: IntArray = _pairs(np.add.reduceat(times, starts, axis=1)).sum(axis=1)
    return tied


def _pairs(counts: IntArray) -> IntArray:
    return counts * (counts - 1) // 2
