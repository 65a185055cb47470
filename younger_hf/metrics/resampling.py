"""Bootstrap resamples of graphs, each as the number of times that every graph was drawn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
import numpy.typing as npt

from younger_hf.arrays import FloatArray, IntArray
from younger_hf.errors import MetricError

CHUNK = 2**21
"""Numbers in the largest array that a chunk of resamples needs: 16 MB of int64.

A few such arrays exist at a time.
"""


class Resampled(Protocol):
    """References and predictions, prepared to compute the metrics of many resamples fast."""

    @property
    def required(self) -> IntArray:
        """Items in each graph of each kind without which no metric is defined, int64 [K, G]."""

    @property
    def width(self) -> int:
        """Length of the longest row that one resample needs.

        CHUNK / width resamples are computed at once.
        """

    def values(self, weights: IntArray) -> dict[str, FloatArray]:
        """Compute the metrics of each resample.

        Args:
            weights: How often each graph is in each resample, int64 [B, G].

        Returns:
            Metric name -> its values, float64 [B].
        """


def draw(rng: np.random.Generator, required: IntArray, resamples: int, at_once: int) -> Iterator[tuple[IntArray, int]]:
    """Draw as many graphs as there are, with replacement, again and again.

    A resample without any item of some kind, such as one without a positive pair, is drawn anew,
    because no metric is defined on it. Every kind occurs in at least one graph, so that at least
    two of five draws are accepted, whatever the data.

    Args:
        rng: The source of randomness; the draws do not depend on `at_once`.
        required: Items of each kind in each graph, int64 [K, G]; each row has a positive one.
        resamples: Number of resamples.
        at_once: Largest number of resamples that are yielded together.

    Yields:
        How often each graph is in each resample, int64 [B, G], B <= at_once, and how many resamples
        were drawn anew for it.
    """
    num_graphs = required.shape[1]
    for start in range(0, resamples, at_once):
        weights = np.empty((min(at_once, resamples - start), num_graphs), np.int64)
        redrawn = 0
        for row in weights:
            while True:
                row[:] = np.bincount(rng.integers(num_graphs, size=num_graphs), minlength=num_graphs)
                if (required @ row > 0).all():
                    break
                redrawn += 1
        yield weights, redrawn


def graph_of_items(offsets: npt.ArrayLike, num_items: int) -> tuple[IntArray, int]:
    """Find the graph that each item belongs to.

    Args:
        offsets: Graph g has the items from `offsets[g]` up to `offsets[g + 1]`, integers [G + 1]; a
            graph may have none.
        num_items: Number of items.

    Returns:
        Number of the graph of each item, int64 [N], and the number of graphs.

    Raises:
        MetricError: If the offsets do not fit the items, or there are fewer than two graphs to
            resample.
    """
    array = np.asarray(offsets)
    hint = "Use younger_hf.arrays.offsets_of(lengths of the graphs)."
    if array.ndim != 1 or array.dtype.kind not in "iu" or len(array) < 1:
        raise MetricError(
            f"offsets: expected integers [graphs + 1], got dtype {array.dtype} and shape {array.shape}.", hint
        )
    bounds = array.astype(np.int64)
    sizes = np.diff(bounds)
    if bounds[0] != 0 or bounds[-1] != num_items or (sizes < 0).any():
        raise MetricError(
            f"offsets: expected to rise from 0 to the {num_items:,} items, got {bounds[0]} to {bounds[-1]}"
            f"{', falling in between' if (sizes < 0).any() else ''}.",
            hint,
        )
    if len(sizes) < 2:
        raise MetricError(
            f"offsets: expected at least two graphs to resample, got {len(sizes)}.",
            "Compute the value alone, without resamples.",
        )
    return np.repeat(np.arange(len(sizes)), sizes), len(sizes)


def blocks(ends: IntArray, largest: int) -> Iterator[tuple[int, int]]:
    """Cut groups of rows into blocks of whole groups.

    A block has at most `largest` rows, or is a single larger group.

    Args:
        ends: Number of rows up to the end of each group, ascending, int64 [C].
        largest: Largest number of rows in a block.

    Yields:
        The first group of a block, and the first group after it.
    """
    start = 0
    while start < len(ends):
        before = int(ends[start - 1]) if start else 0
        end = max(start + 1, int(np.searchsorted(ends, before + largest, "right")))
        yield start, end
        start = end
