"""Metrics of the operator task: how well the classes of masked nodes are predicted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from younger_hf.arrays import IntArray
from younger_hf.metrics.checked_arrays import class_ids, same_length

_BLOCK = 2**20


@dataclass(frozen=True)
class ClassCounts:
    """How often each class in the references or predictions is true, predicted, and both.

    Attributes:
        true: Times that the class is the reference, int64 [C], by ascending class id.
        predicted: Times that the class is the prediction, int64 [C].
        correct: Times that it is both, int64 [C].
    """

    true: IntArray
    predicted: IntArray
    correct: IntArray

    @property
    def accuracy(self) -> float:
        """Share of correct predictions, in [0, 1]."""
        return int(self.correct.sum()) / int(self.true.sum())

    @property
    def macro_precision(self) -> float:
        """Mean over classes of correct / predicted, in [0, 1]; 0 for a class never predicted."""
        return float(np.mean(self.correct / np.maximum(self.predicted, 1)))

    @property
    def macro_recall(self) -> float:
        """Mean over classes of correct / true, 0 for a class that is never true; in [0, 1]."""
        return float(np.mean(self.correct / np.maximum(self.true, 1)))

    @property
    def macro_f1(self) -> float:
        """Mean over classes of 2 correct / (true + predicted); in [0, 1]."""
        return float(np.mean(2 * self.correct / (self.true + self.predicted)))


def checked_classes(
    references: npt.ArrayLike, predictions: npt.ArrayLike
) -> tuple[npt.NDArray[np.integer], npt.NDArray[np.integer]]:
    """Check true and predicted classes, and return both as arrays.

    Arguments and errors are those of `count_classes`.
    """
    true, predicted = class_ids(references, "references"), class_ids(predictions, "predictions")
    same_length(true, predicted)
    return true, predicted


def count_classes(references: npt.ArrayLike, predictions: npt.ArrayLike) -> ClassCounts:
    """Count how often each class is true, predicted, and both.

    Args:
        references: True class ids, integers in [0, 2**31), [N], N >= 1.
        predictions: Predicted class ids, likewise.

    Raises:
        MetricError: If the two are not such arrays, or differ in length.
    """
    true, predicted = checked_classes(references, predictions)
    size = int(max(true.max(), predicted.max())) + 1
    # One slot for each class id is fastest, unless a stray huge id would need more memory than the
    # ids themselves.
    if size <= len(true) // 8 + 65_536:
        slots = _counts(true, predicted, size)
        return ClassCounts(*slots[:, slots[:2].any(axis=0)])
    classes = np.union1d(np.unique(true), np.unique(predicted))
    counts = np.zeros((3, len(classes)), np.int64)
    for start in range(0, len(true), _BLOCK):  # numbering all at once needs several more arrays of their size
        block = slice(start, start + _BLOCK)
        counts += _counts(
            np.searchsorted(classes, true[block]), np.searchsorted(classes, predicted[block]), len(classes)
        )
    return ClassCounts(*counts)


def _counts(true: npt.NDArray[np.integer], predicted: npt.NDArray[np.integer], size: int) -> IntArray:
    """Count how often each id below `size` is true, predicted, and both; int64 [3, size]."""
    counted = [np.bincount(ids, minlength=size) for ids in (true, predicted, true[true == predicted])]
    return np.stack(counted).astype(np.int64, copy=False)


def accuracy(references: npt.ArrayLike, predictions: npt.ArrayLike) -> float:
    """Compute the share of correct predictions, in [0, 1].

    Arguments and errors are those of `count_classes`.
    """
    return count_classes(references, predictions).accuracy


def macro_precision(references: npt.ArrayLike, predictions: npt.ArrayLike) -> float:
    """Compute the unweighted mean of the classes' precision, in [0, 1].

    It equals scikit-learn's with zero_division=0.

    The classes are those in the references or the predictions. Arguments and errors as for
    `count_classes`.
    """
    return count_classes(references, predictions).macro_precision


def macro_recall(references: npt.ArrayLike, predictions: npt.ArrayLike) -> float:
    """Compute the unweighted mean of the classes' recall, in [0, 1].

    It equals scikit-learn's with zero_division=0.

    The classes are those in the references or the predictions. Arguments and errors as for
    `count_classes`.
    """
    return count_classes(references, predictions).macro_recall


def macro_f1(references: npt.ArrayLike, predictions: npt.ArrayLike) -> float:
    """Compute the unweighted mean of the classes' F1, in [0, 1].

    It equals scikit-learn's with zero_division=0.

    The classes are those in the references or the predictions. Arguments and errors as for
    `count_classes`.
    """
    return count_classes(references, predictions).macro_f1


def operator_metrics(references: npt.ArrayLike, predictions: npt.ArrayLike) -> dict[str, float]:
    """Compute all metrics of the operator task, pooled over all masked nodes.

    Args:
        references: True class ids of the masked nodes of all graphs, integers in [0, 2**31), [N], N
            >= 1.
        predictions: Predicted class ids, likewise.

    Returns:
        accuracy, macro_f1, macro_precision, macro_recall; each in [0, 1], higher is better.

    Raises:
        MetricError: If the two are not such arrays, or differ in length.

    Example:
        >>> operator_metrics([2, 2, 3, 4], [2, 3, 3, 2])["accuracy"]
        0.5
    """
    counts = count_classes(references, predictions)
    return {
        "accuracy": counts.accuracy,
        "macro_f1": counts.macro_f1,
        "macro_precision": counts.macro_precision,
        "macro_recall": counts.macro_recall,
    }
