"""Wasserstein distance and maximum mean discrepancy of two sets of graphs.

The distance of two histograms is W1, the least work that turns one into the other. On the line it
is the area between the two cumulative distributions (Vallender 1974); where any two values are
equally far apart, as operators are, it is the total variation, half the sum of absolute differences
(Villani 2009, chapter 6). Both are L1 distances of an embedding of the histograms, and that is what
is computed.

* `wasserstein` compares the mean histograms of the sets: all values of all graphs together, each
  graph with equal weight.
* `squared_mmd` compares the sets as samples of histograms, as GraphRNN does (You et al. 2018). It
  is the biased estimate (V-statistic) of MMD^2 (Gretton et al. 2012, equation 5): the mean of k(x,
  x') + k(y, y') - 2 k(x, y) over all pairs, those of a graph with itself included. Two samples of
  the same distribution have about (1 - mean k) (1/G + 1/H), so values for different numbers of
  graphs cannot be compared. The kernel is Gaussian in the square root of W1: k(x, y) = exp(-W1(x,
  y) / (2 sigma^2)). GraphRNN's exp(-W1(x, y)^2 / (2 sigma^2)) is not positive definite, so that its
  "squared" discrepancy can be negative, or zero for different sets; O'Bray et al. (2022, Evaluation
  metrics for graph generative models) recommend kernels that are. This one is: an L1 distance is of
  negative type, and its root a distance in a Hilbert space (Schoenberg 1938).

Equal histograms are merged, sorted, and weighted by the difference of the two sets' shares before
anything is summed. The result therefore does not depend on the order of the graphs or of the two
sets in a single bit, and identical sets have distance 0 exactly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from younger_hf.arrays import FloatArray, IntArray
from younger_hf.errors import MetricError
from younger_hf.metrics.generation.descriptors import Histograms

_BLOCK = 64
"""Rows of the kernel matrix that are held at once."""


@dataclass(frozen=True)
class Pooled:
    """Two sets of histograms as one: each distinct histogram once, and the histogram of each graph.

    Attributes:
        embedding: The histograms such that their distance is the L1 distance of rows, in an order
            that depends on them alone, float64 [U, F].
        first: Row of each graph of the first set, int64 [G].
        second: Row of each graph of the second set, int64 [H].
    """

    embedding: FloatArray
    first: IntArray
    second: IntArray

    def wasserstein(
        self, first_weights: npt.ArrayLike | None = None, second_weights: npt.ArrayLike | None = None
    ) -> FloatArray:
        """W1 of the mean histograms of the two sets, for many weightings of the graphs at once.

        Args:
            first_weights: Weights of the first set's graphs, non-negative, each row with a positive
                sum, [B, G]; None for a single row of equal weights.
            second_weights: The same for the second set, [B, H].

        Returns:
            One distance per row in the unit of the values, at least 0, float64 [B]; for operators
            the total variation, in [0, 1]. Lower is nearer.

        Raises:
            MetricError: If weights are not such numbers.
        """
        differences = self._differences(first_weights, second_weights)
        distances: FloatArray = np.abs(differences @ self.embedding).sum(axis=1)
        return distances

    def squared_mmd(
        self,
        scale: float,
        first_weights: npt.ArrayLike | None = None,
        second_weights: npt.ArrayLike | None = None,
    ) -> FloatArray:
        """Biased squared maximum mean discrepancy of the two sets with the kernel exp(-W1 / scale).

        Args:
            scale: 2 sigma^2, the distance at which the kernel has fallen to 1/e; positive, in the
                unit of the values.
            first_weights: As for `wasserstein`.
            second_weights: As for `wasserstein`.

        Returns:
            One discrepancy per row, in [0, 2], float64 [B]; 0 for equal sets only. Lower is nearer.

        Raises:
            MetricError: If the scale is not positive, or as for `wasserstein`.
        """
        if not 0 < scale < np.inf:
            raise MetricError(f"scale: expected a positive number, got {scale}.")
        differences = self._differences(first_weights, second_weights)
        total = np.zeros(len(differences))
        for start in range(0, len(self.embedding), _BLOCK):
            here = slice(start, start + _BLOCK)
            rows, after = self.embedding[here], slice(start + _BLOCK, None)
            # The kernel is symmetric: entries right of the diagonal blocks count twice.
            kernel = np.exp(-_l1_distances(rows, self.embedding[start:]) / scale)
            seen = differences[:, here] @ kernel[:, : len(rows)] + 2 * differences[:, after] @ kernel[:, len(rows) :].T
            total += np.einsum("bu,bu->b", seen, differences[:, here])
        return np.maximum(total, 0.0)  # the kernel is positive definite up to rounding

    def _differences(self, first: npt.ArrayLike | None, second: npt.ArrayLike | None) -> FloatArray:
        """Each distinct histogram's share in the first set minus that in the second, [B, U]."""
        count = len(self.embedding)
        differences: FloatArray = _shares(self.first, first, count, "first_weights") - _shares(
            self.second, second, count, "second_weights"
        )
        return differences


def pool(first: Histograms, second: Histograms) -> Pooled:
    """Make two sets of histograms comparable.

    Raises:
        MetricError: If either has no graphs, or their grounds differ.
    """
    if not len(first) or not len(second):
        raise MetricError(f"Expected at least one graph in each set, got {len(first):,} and {len(second):,}.")
    if first.ground != second.ground:
        raise MetricError(f"Cannot compare histograms over a {first.ground} ground with those over a {second.ground}.")
    values = np.union1d(first.values, second.values)
    shares = np.zeros((len(first) + len(second), len(values)))
    shares[: len(first), np.searchsorted(values, first.values)] = first.shares
    shares[len(first) :, np.searchsorted(values, second.values)] = second.shares
    # Rows are compared as bytes, which is much faster than np.unique along an axis.
    texts = [row.tobytes() for row in shares]
    numbers = {text: number for number, text in enumerate(sorted(set(texts)))}
    distinct = np.frombuffer(b"".join(numbers), dtype=np.float64).reshape(len(numbers), len(values))
    rows = np.fromiter(map(numbers.__getitem__, texts), dtype=np.int64, count=len(texts))
    embedding = distinct / 2
    if first.ground == "line":
        embedding = np.cumsum(distinct, axis=1)[:, :-1] * np.diff(values)
    return Pooled(embedding, rows[: len(first)], rows[len(first) :])


def _l1_distances(rows: FloatArray, others: FloatArray) -> FloatArray:
    """L1 distance of each row [R, F] from each of the others [U, F], float64 [R, U].

    Needs memory for U x F numbers.
    """
    distances = np.empty((len(rows), len(others)))
    space = np.empty_like(others)
    for index, row in enumerate(rows):
        np.abs(np.subtract(others, row, out=space), out=space).sum(axis=1, out=distances[index])
    return distances


def _shares(rows: IntArray, weights: npt.ArrayLike | None, num_rows: int, name: str) -> FloatArray:
    """Share of the weight on each row, float64 [B, num_rows]."""
    if weights is None:
        counts = np.bincount(rows, minlength=num_rows)
        return counts[None] / len(rows)
    try:
        array = np.asarray(weights, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise MetricError(f"{name}: expected numbers, got {type(weights).__name__} ({error}).") from error
    if array.ndim != 2 or array.shape[1] != len(rows):
        raise MetricError(f"{name}: expected one weight for each of {len(rows):,} graphs, got shape {array.shape}.")
    if not np.isfinite(array).all() or (array < 0).any() or not (array.sum(axis=1) > 0).all():
        raise MetricError(f"{name}: expected finite weights of at least 0 with a positive sum.")
    summed = np.zeros((num_rows, len(array)))
    np.add.at(summed, rows, array.T)
    shares: FloatArray = (summed / array.sum(axis=1)).T
    return shares
