"""Data-flow metrics of many resamples of graphs.

Scores are sorted once; the metrics are weighted sums in that order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from younger_hf.arrays import BoolArray, FloatArray, IntArray
from younger_hf.metrics.dataflow.ranking_metrics import THRESHOLD, labelled_scores
from younger_hf.metrics.resampling import CHUNK, blocks, graph_of_items


@dataclass(frozen=True)
class RankedItems:
    """Items in descending order of score; items of one graph at the same position share a row.

    Attributes:
        graph: Graph of each row, int64 [R].
        count: Items in each row, int64 [R]; None if every row is one item.
    """

    graph: IntArray
    count: IntArray | None

    def cumulated(self, weights: IntArray, start: int, end: int, before: IntArray) -> IntArray:
        """Count the weighted items up to each of the rows from `start` to `end`.

        Args:
            weights: How often each graph is in each resample, int64 [B, G].
            start: First row.
            end: First row after them.
            before: Weighted items in the rows before `start`, int64 [B].

        Returns:
            `before`, then the number up to each row, int64 [B, 1 + end - start].
        """
        found = np.empty((len(weights), 1 + end - start), np.int64)
        found[:, 0] = before
        np.take(weights, self.graph[start:end], axis=1, out=found[:, 1:], mode="clip")
        if self.count is not None:
            found[:, 1:] *= self.count[start:end]
        return np.cumsum(found, axis=1, out=found)


@dataclass(frozen=True)
class ResampledRanking:
    """Scores and labels, sorted once; a step is a distinct score of a positive, highest first.

    Attributes:
        positives: The positives.
        negatives: The negatives except those below every positive, which outrank nothing.
        positive_ends: Rows of positives at each step or above, int64 [S].
        above_ends: Rows of negatives with a higher score than the step's, int64 [S].
        tied_ends: Rows of negatives with at least the step's score, int64 [S].
        required: Positives and negatives of each graph, int64 [2, G].
        found: Positives with a score >= .5 of each graph, int64 [G].
        predicted: Items with a score >= .5 of each graph, int64 [G].
    """

    positives: RankedItems
    negatives: RankedItems
    positive_ends: IntArray
    above_ends: IntArray
    tied_ends: IntArray
    required: IntArray
    found: IntArray
    predicted: IntArray

    @property
    def width(self) -> int:
        """Number of graphs; rows are processed in blocks."""
        return int(self.required.shape[1])

    def values(self, weights: IntArray) -> dict[str, FloatArray]:
        """Compute auc, average_precision and f1 of each resample; see `Resampled`."""
        num_positives, num_negatives = np.einsum("bg,kg->kb", weights, self.required)
        twice_lost = np.zeros(len(weights), np.int64)
        precisions = np.zeros(len(weights))
        true, false = np.zeros((2, len(weights)), np.int64)
        rows_before = np.zeros(2, np.int64)
        for start, end in blocks(self.positive_ends + self.tied_ends, max(1, CHUNK // 8 // len(weights))):
            rows_after = self.positive_ends[end - 1], self.tied_ends[end - 1]
            trues = self.positives.cumulated(weights, rows_before[0], rows_after[0], true)
            falses = self.negatives.cumulated(weights, rows_before[1], rows_after[1], false)
            found = _columns(trues, self.positive_ends[start:end] - rows_before[0])
            above = _columns(falses, self.above_ends[start:end] - rows_before[1])
            tied = _columns(falses, self.tied_ends[start:end] - rows_before[1])
            here = np.diff(found, axis=1, prepend=true[:, None])
            twice_lost += np.einsum("bs,bs->b", here, above + tied)
            precisions += np.einsum("bs,bs->b", here, found / np.maximum(found + tied, 1))
            true, false, rows_before = trues[:, -1], falses[:, -1], np.array(rows_after)
        predicted = np.einsum("bg,g->b", weights, self.predicted)
        return {
            "auc": 1 - twice_lost / (2 * num_positives * num_negatives),
            "average_precision": np.minimum(1.0, precisions / num_positives),
            "f1": 2 * np.einsum("bg,g->b", weights, self.found) / (num_positives + predicted),
        }


def resample_ranking(references: npt.ArrayLike, predictions: npt.ArrayLike, offsets: npt.ArrayLike) -> ResampledRanking:
    """Prepare labels and scores; arguments and errors as for `younger_hf.metrics.bootstrap`."""
    positive, scores = labelled_scores(references, predictions)
    graph, num_graphs = graph_of_items(offsets, len(positive))
    steps, step = np.unique(-scores[positive], return_inverse=True)
    descending = -scores[~positive]
    # A negative is at place 2s if it outranks step s, but not the step before, and at 2s + 1 if it
    # ties with s.
    place = 2 * np.searchsorted(steps, descending, "left")
    reached = place < 2 * len(steps)
    place, negative_graph = place[reached], graph[~positive][reached]
    place += steps[place // 2] == descending[reached]
    positives, positive_place = _joined(step.astype(np.int64), graph[positive], num_graphs)
    negatives, negative_place = _joined(place, negative_graph, num_graphs)
    numbers = np.arange(len(steps))
    high = scores >= THRESHOLD

    def per_graph(chosen: BoolArray) -> IntArray:
        return np.bincount(graph[chosen], minlength=num_graphs)

    return ResampledRanking(
        positives,
        negatives,
        np.searchsorted(positive_place, numbers, "right"),
        np.searchsorted(negative_place, 2 * numbers, "right"),
        np.searchsorted(negative_place, 2 * numbers + 1, "right"),
        np.stack([per_graph(positive), per_graph(~positive)]),
        per_graph(positive & high),
        per_graph(high),
    )


def _joined(place: IntArray, graph: IntArray, num_graphs: int) -> tuple[RankedItems, IntArray]:
    """Merge the items of one graph at one position.

    Return the rows in the order of their positions, and the positions.
    """
    keys, counts = np.unique(place * num_graphs + graph, return_counts=True)
    return RankedItems(keys % num_graphs, counts if (counts > 1).any() else None), keys // num_graphs


def _columns(cumulated: IntArray, ends: IntArray) -> IntArray:
    """Return the columns at these ends, without a copy if they are all but the first."""
    if np.array_equal(ends, np.arange(1, cumulated.shape[1])):
        return cumulated[:, 1:]
    return np.take(cumulated, ends, axis=1)
