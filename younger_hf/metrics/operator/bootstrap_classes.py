"""Operator metrics of many resamples of graphs, as weighted sums of each graph's class counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from younger_hf.arrays import FloatArray, IntArray, Ragged
from younger_hf.metrics.operator.classification_metrics import checked_classes
from younger_hf.metrics.resampling import CHUNK, blocks, graph_of_items


@dataclass(frozen=True)
class GraphClassCounts:
    """How often each class occurs in each graph that has it.

    Attributes:
        classes: The classes that occur, ascending, int64 [C].
        graphs: For each such class the graphs that have it, and how often they do, int64 [2, R].
    """

    classes: IntArray
    graphs: Ragged[np.int64]

    def totals(self, weights: IntArray, num_classes: int) -> IntArray:
        """Count how often each class occurs in each resample, int64 [B, num_classes]."""
        found = np.zeros((len(weights), num_classes), np.int64)
        offsets = self.graphs.offsets
        for start, end in blocks(offsets[1:], max(1, CHUNK // 8 // len(weights))):
            graph, count = self.graphs.values[:, offsets[start] : offsets[end]]
            times = np.take(weights, graph, axis=1)
            times *= count
            starts = offsets[start:end] - offsets[start]
            found[:, self.classes[start:end]] = np.add.reduceat(times, starts, axis=1)
        return found


@dataclass(frozen=True)
class ResampledClasses:
    """True and predicted classes, counted once.

    Attributes:
        true: Counts of the references.
        predicted: Counts of the predictions.
        correct: Counts of the correct predictions.
        num_classes: Classes that occur in the references or predictions.
        required: Items of each graph, int64 [1, G].
    """

    true: GraphClassCounts
    predicted: GraphClassCounts
    correct: GraphClassCounts
    num_classes: int
    required: IntArray

    @property
    def width(self) -> int:
        """Number of graphs or classes, whichever is larger."""
        return max(int(self.required.shape[1]), self.num_classes)

    def values(self, weights: IntArray) -> dict[str, FloatArray]:
        """Compute accuracy and the macro averages in each resample; see `Resampled`."""
        true = self.true.totals(weights, self.num_classes)
        predicted = self.predicted.totals(weights, self.num_classes)
        correct = self.correct.totals(weights, self.num_classes)
        either = true + predicted
        present = np.count_nonzero(either, axis=1)
        return {
            "accuracy": correct.sum(axis=1) / true.sum(axis=1),
            "macro_f1": (2 * correct / np.maximum(either, 1)).sum(axis=1) / present,
            "macro_precision": (correct / np.maximum(predicted, 1)).sum(axis=1) / present,
            "macro_recall": (correct / np.maximum(true, 1)).sum(axis=1) / present,
        }


def resample_classes(references: npt.ArrayLike, predictions: npt.ArrayLike, offsets: npt.ArrayLike) -> ResampledClasses:
    """Prepare true and predicted classes.

    Arguments and errors are those of `younger_hf.metrics.bootstrap`.
    """
    true, predicted = checked_classes(references, predictions)
    graph, num_graphs = graph_of_items(offsets, len(true))
    names, joined = np.unique(np.concatenate([true, predicted]), return_inverse=True)
    true, predicted = joined[: len(true)], joined[len(true) :]
    correct = true == predicted
    return ResampledClasses(
        _counted(true, graph, num_graphs),
        _counted(predicted, graph, num_graphs),
        _counted(true[correct], graph[correct], num_graphs),
        len(names),
        np.bincount(graph, minlength=num_graphs)[None],
    )


def _counted(classes: npt.NDArray[np.integer], graph: IntArray, num_graphs: int) -> GraphClassCounts:
    keys, count = np.unique(classes.astype(np.int64) * num_graphs + graph, return_counts=True)
    which, starts = np.unique(keys // num_graphs, return_index=True)
    return GraphClassCounts(which, Ragged(np.stack([keys % num_graphs, count]), np.append(starts, len(keys))))
