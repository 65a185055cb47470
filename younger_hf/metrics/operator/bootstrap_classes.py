"""The operator metrics of many resamples of graphs: weighted sums of each graph's class counts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from younger_hf.metrics.checked_arrays import class_ids, same_length
from younger_hf.metrics.resampling import CHUNK, FloatArray, IntArray, blocks, graph_of_items


@dataclass(frozen=True)
class GraphClassCounts:
    """How often each class occurs in each graph, where it does; rows by ascending class.

    Attributes:
        graph: Graph of each row, int64 [R].
        count: Times that its class occurs in it, int64 [R].
        classes: The classes that occur, int64 [C].
        ends: Rows up to the end of each such class, int64 [C].
    """

    graph: IntArray
    count: IntArray
    classes: IntArray
    ends: IntArray

    def totals(self, weights: IntArray, num_classes: int) -> IntArray:
        """Times that each class occurs in each resample, int64 [B, num_classes]."""
        found = np.zeros((len(weights), num_classes), np.int64)
        for start, end in blocks(self.ends, max(1, CHUNK // 8 // len(weights))):
            first, last = int(self.ends[start - 1]) if start else 0, int(self.ends[end - 1])
            times = np.take(weights, self.graph[first:last], axis=1)
            times *= self.count[first:last]
            starts = np.concatenate([[0], self.ends[start : end - 1] - first])
            found[:, self.classes[start:end]] = np.add.reduceat(times, starts, axis=1)
        return found


@dataclass(frozen=True)
class ResampledClasses:
    """True and predicted classes, counted once.

    Attributes:
        true: Counts of the references.
        predicted: Counts of the predictions.
        correct: Counts of both being the same.
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
        """Graphs or classes, whichever are more."""
        return max(int(self.required.shape[1]), self.num_classes)

    def values(self, weights: IntArray) -> dict[str, FloatArray]:
        """Accuracy and macro averages over the classes that the resample has, of each resample; see `Resampled`."""
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
    """Prepare true and predicted classes; arguments and errors as `younger_hf.metrics.bootstrap`."""
    true, predicted = class_ids(references, "references"), class_ids(predictions, "predictions")
    same_length(true, predicted)
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
    return GraphClassCounts(keys % num_graphs, count, which, np.append(starts[1:], len(keys))[: len(which)])
