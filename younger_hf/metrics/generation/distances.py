"""How far two sets of graphs are from each other in one descriptor: Wasserstein distance and maximum mean discrepancy.

Between two histograms the distance is W1, the least work that turns one into the other. On the line it is the area between the two
cumulative distributions (Vallender 1974); where any two values are equally far, as operators are, it is the total variation, half the sum
of absolute differences (Villani 2009, chapter 6). Both are L1 distances of an embedding of the histograms, and that is what is computed.

* `wasserstein` compares the sets' mean histograms: all values of all graphs together, graphs weighing equally.
* `squared_mmd` compares the sets as samples of histograms, as GraphRNN does (You et al. 2018): the biased estimate (V-statistic) of MMD^2
  (Gretton et al. 2012, equation 5), the mean of k(x, x') + k(y, y') - 2 k(x, y) over all pairs, those of a graph with itself included. Two
  samples of one distribution have about (1 - mean k) (1/G + 1/H): values of different numbers of graphs cannot be compared.
  The kernel is Gaussian in the root of W1: k(x, y) = exp(-W1(x, y) / (2 sigma^2)). GraphRNN's exp(-W1(x, y)^2 / (2 sigma^2)) is not
  positive definite, so that its "squared" discrepancy can be below zero, or zero for different sets; O'Bray et al. (2022, Evaluation
  metrics for graph generative models) ask for kernels that are. This one is: an L1 distance is of negative type, its root a distance in
  a Hilbert space (Schoenberg 1938).

Equal histograms are put together, sorted, and weighted by the difference of the two sets' shares, before anything is added up: so the
result does not depend on the order of graphs or of the two sets in a single bit, and identical sets have distance 0 exactly.
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
    """Two sets of histograms as one: each different histogram once, and which of them each graph has.

    Attributes:
        embedding: The histograms so that their distance is the L1 distance of rows, in an order that depends on them alone, float64 [U, F].
        first: Row of each graph of the first set, int64 [G].
        second: Row of each graph of the second set, int64 [H].
    """

    embedding: FloatArray
    first: IntArray
    second: IntArray

    def wasserstein(
        self, first_weights: npt.ArrayLike | None = None, second_weights: npt.ArrayLike | None = None
    ) -> FloatArray:
        """`wasserstein` for many weightings of the graphs at once.

        Args:
            first_weights: Weights of the first set's graphs, non-negative, each row with a positive sum, [B, G]; None for equal ones.
            second_weights: Likewise of the second's, [B, H].

        Returns:
            One distance a row, float64 [B].
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
        """`squared_mmd` for many weightings of the graphs at once; weights and result as for `wasserstein`."""
        differences = self._differences(first_weights, second_weights)
        total = np.zeros(len(differences))
        for start in range(0, len(self.embedding), _BLOCK):
            here = slice(start, start + _BLOCK)
            rows, after = self.embedding[here], slice(start + _BLOCK, None)
            # the kernel is symmetric: what stands right of the diagonal blocks counts twice
            kernel = np.exp(-_l1_distances(rows, self.embedding[start:]) / scale)
            seen = differences[:, here] @ kernel[:, : len(rows)] + 2 * differences[:, after] @ kernel[:, len(rows) :].T
            total += np.einsum("bu,bu->b", seen, differences[:, here])
        # positive definite, but for rounding
        return np.maximum(total, 0.0)

    def _differences(self, first: npt.ArrayLike | None, second: npt.ArrayLike | None) -> FloatArray:
        """Share of each different histogram in the first set less that in the second, float64 [B, U]."""
        sides = (
            _shares(self.first, first, len(self.embedding), "first_weights"),
            _shares(self.second, second, len(self.embedding), "second_weights"),
        )
        differences: FloatArray = sides[0] - sides[1]
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
    # by their bytes, which is much faster than numpy's own way to find equal rows
    texts = [row.tobytes() for row in shares]
    places = {text: place for place, text in enumerate(sorted(set(texts)))}
    distinct = np.frombuffer(b"".join(places), dtype=np.float64).reshape(len(places), len(values))
    rows = np.fromiter(map(places.__getitem__, texts), dtype=np.int64, count=len(texts))
    embedding = distinct / 2
    if first.ground == "line":
        embedding = np.cumsum(distinct, axis=1)[:, :-1] * np.diff(values)
    return Pooled(embedding, rows[: len(first)], rows[len(first) :])


def wasserstein(
    first: Histograms,
    second: Histograms,
    *,
    first_weights: npt.ArrayLike | None = None,
    second_weights: npt.ArrayLike | None = None,
) -> float:
    """W1 of the mean histograms of two sets of graphs.

    Args:
        first: Histograms of one set, G of them.
        second: Those of another, H of them.
        first_weights: Weights of the first set's graphs, non-negative, with a positive sum, [G]; equal unless given.
        second_weights: Likewise of the second's, [H].

    Returns:
        The distance in the unit of the values, at least 0; for operators the total variation, in [0, 1]; lower is nearer.

    Raises:
        MetricError: If a set is empty, the grounds differ, or weights are not such numbers.
    """
    pooled = pool(first, second)
    return float(pooled.wasserstein(_row(first_weights), _row(second_weights))[0])


def squared_mmd(
    first: Histograms,
    second: Histograms,
    scale: float,
    *,
    first_weights: npt.ArrayLike | None = None,
    second_weights: npt.ArrayLike | None = None,
) -> float:
    """Biased squared maximum mean discrepancy of two sets of graphs, with the kernel exp(-W1 / scale).

    Args:
        first: Histograms of one set, G of them.
        second: Those of another, H of them.
        scale: 2 sigma^2, the distance at which the kernel has fallen to 1/e; positive, in the unit of the values.
        first_weights: Weights of the first set's graphs, non-negative, with a positive sum, [G]; equal unless given.
        second_weights: Likewise of the second's, [H].

    Returns:
        The discrepancy, in [0, 2], 0 for equal sets and only for them; lower is nearer.

    Raises:
        MetricError: As for `wasserstein`, or if the scale is not positive.
    """
    if not 0 < scale < np.inf:
        raise MetricError(f"scale: expected a positive number, got {scale}.")
    pooled = pool(first, second)
    return float(pooled.squared_mmd(scale, _row(first_weights), _row(second_weights))[0])


def mean_distance(histograms: Histograms) -> float:
    """Mean W1 over all pairs of different graphs of a set; what a kernel's scale should be of the order of.

    Raises:
        MetricError: If there are fewer than two graphs.
    """
    if len(histograms) < 2:
        raise MetricError(f"Expected at least two graphs, got {len(histograms):,}.")
    pooled = pool(histograms, histograms)
    counts = np.bincount(pooled.first).astype(np.float64)
    total = 0.0
    for start in range(0, len(counts), _BLOCK):
        distances = _l1_distances(pooled.embedding[start : start + _BLOCK], pooled.embedding)
        total += float(counts[start : start + _BLOCK] @ distances @ counts)
    return total / (len(histograms) * (len(histograms) - 1))


def _l1_distances(rows: FloatArray, others: FloatArray) -> FloatArray:
    """L1 distance of each row [R, F] to each of the others [U, F], float64 [R, U]; U x F numbers are held beside."""
    distances = np.empty((len(rows), len(others)))
    space = np.empty_like(others)
    for index, row in enumerate(rows):
        np.abs(np.subtract(others, row, out=space), out=space).sum(axis=1, out=distances[index])
    return distances


def _shares(places: IntArray, weights: npt.ArrayLike | None, num_rows: int, name: str) -> FloatArray:
    """Share of the weight on each row, float64 [B, num_rows]."""
    if weights is None:
        counts = np.bincount(places, minlength=num_rows)
        return counts[None] / len(places)
    try:
        array = np.asarray(weights, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise MetricError(f"{name}: expected numbers, got {type(weights).__name__} ({error}).") from error
    if array.ndim != 2 or array.shape[1] != len(places):
        raise MetricError(f"{name}: expected one weight for each of {len(places):,} graphs, got shape {array.shape}.")
    if not np.isfinite(array).all() or (array < 0).any() or not (array.sum(axis=1) > 0).all():
        raise MetricError(f"{name}: expected finite weights of at least 0 with a positive sum.")
    summed = np.zeros((num_rows, len(array)))
    np.add.at(summed, places, array.T)
    shares: FloatArray = (summed / array.sum(axis=1)).T
    return shares


def _row(weights: npt.ArrayLike | None) -> npt.NDArray[np.generic] | None:
    return None if weights is None else np.asarray(weights)[None]
