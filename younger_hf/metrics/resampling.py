"""Draws bootstrap resamples of graphs, as the number of times that each graph is in each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import numpy as np
import numpy.typing as npt

from younger_hf.errors import MetricError

IntArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

CHUNK = 2**21
"""Numbers in the largest array that a chunk of resamples makes: 16 MB of int64; a few such arrays are alive at a time."""


class Resampled(Protocol):
    """A task's references and predictions, prepared so that metrics of many resamples are quick."""

    @property
    def required(self) -> IntArray:
        """Items of each kind, without which no metric is defined, that each graph has; int64 [K, G]."""

    @property
    def width(self) -> int:
        """Length of the longest row that one resample needs: so many that CHUNK bounds how many are computed at once."""

    def values(self, weights: IntArray) -> dict[str, FloatArray]:
        """Metric name -> its value for each resample, float64 [B].

        Args:
            weights: How often each graph is in each resample, int64 [B, G].
        """


def draw(rng: np.random.Generator, required: IntArray, resamples: int, at_once: int) -> Iterator[tuple[IntArray, int]]:
    """Draw as many graphs as there are, with replacement, again and again.

    A resample that has none of the items of some kind, as one without a positive pair, is drawn anew: no metric is defined on it. Every
    kind is in one graph at least, so that at least two of five draws are kept, whatever the data.

    Args:
        rng: Where randomness comes from; what is drawn does not depend on `at_once`.
        required: Items of each kind in each graph, int64 [K, G]; each row has a positive one.
        resamples: How many.
        at_once: How many are handed over together.

    Yields:
        How often each graph is in each resample, int64 [B, G], B <= at_once, and how many were drawn anew for it.
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
    """Which graph each item is of.

    Args:
        offsets: Graph g has the items from `offsets[g]` up to `offsets[g + 1]`, integers [G + 1]; a graph may have none.
        num_items: How many items there are.

    Returns:
        Number of the graph of each item, int64 [N], and the number of graphs.

    Raises:
        MetricError: If they are not such offsets, or of fewer than two graphs, between which nothing varies.
    """
    array = np.asarray(offsets)
    if array.ndim != 1 or array.dtype.kind not in "iu" or len(array) < 1:
        raise MetricError(
            f"offsets: expected integers [graphs + 1], got dtype {array.dtype} and shape {array.shape}.",
            "numpy.concatenate([[0], numpy.cumsum(lengths)]) makes them of the graphs' lengths.",
        )
    bounds = array.astype(np.int64)
    sizes = np.diff(bounds)
    if bounds[0] != 0 or bounds[-1] != num_items or (sizes < 0).any():
        raise MetricError(
            f"offsets: expected to rise from 0 to the {num_items:,} items, got {bounds[0]} to {bounds[-1]}"
            f"{', falling in between' if (sizes < 0).any() else ''}.",
            "numpy.concatenate([[0], numpy.cumsum(lengths)]) makes them of the graphs' lengths.",
        )
    if len(sizes) < 2:
        raise MetricError(
            f"offsets: expected at least two graphs to resample, got {len(sizes)}.",
            "Ask for the value alone, without resamples.",
        )
    return np.repeat(np.arange(len(sizes)), sizes), len(sizes)


def blocks(ends: IntArray, largest: int) -> Iterator[tuple[int, int]]:
    """Cut groups of rows into blocks of whole groups with at most `largest` rows each, unless one group alone has more.

    Args:
        ends: Rows up to the end of each group, ascending, int64 [C].
        largest: Rows in a block.

    Yields:
        First group of a block, and the first that is not in it any more.
    """
    start = 0
    while start < len(ends):
        before = int(ends[start - 1]) if start else 0
        end = max(start + 1, int(np.searchsorted(ends, before + largest, "right")))
        yield start, end
        start = end
