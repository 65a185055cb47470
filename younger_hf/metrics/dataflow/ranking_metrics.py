"""Metrics of the data-flow task: how well scores tell true data flows from false ones."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from younger_hf.arrays import BoolArray
from younger_hf.errors import MetricError
from younger_hf.metrics.checked_arrays import binary_labels, finite_scores, same_length

THRESHOLD = 0.5
"""A pair with a score of at least this counts as predicted to be a data flow."""


@dataclass(frozen=True)
class ScoresByLabel:
    """The scores of the two classes, each sorted ascending and not empty.

    Attributes:
        positives: Scores of the true pairs, [P].
        negatives: Scores of the false pairs, [N].
    """

    positives: npt.NDArray[np.floating]
    negatives: npt.NDArray[np.floating]

    @property
    def roc_auc(self) -> float:
        """Probability that a positive outranks a negative; ties count one half.

        It is in [0, 1], and .5 is chance.
        """
        # For each positive, two look-ups in the sorted negatives count those below it twice and
        # those equal to it once. The sum is an integer: nothing depends on the order, and constant
        # scores are exactly one half.
        twice_won = int(np.searchsorted(self.negatives, self.positives, "left").sum())
        twice_won += int(np.searchsorted(self.negatives, self.positives, "right").sum())
        return twice_won / (2 * len(self.positives) * len(self.negatives))

    @property
    def average_precision(self) -> float:
        """Mean over positives of the precision at their score.

        It is in (0, 1], and the share of positives is chance.
        """
        # The precision-recall curve has a step at each distinct score, but recall rises only at
        # those of positives. So these are enough, each weighted by the number of positives that
        # share it.
        starts = np.flatnonzero(np.concatenate([[True], self.positives[1:] != self.positives[:-1]]))
        true = len(self.positives) - starts
        false = len(self.negatives) - np.searchsorted(self.negatives, self.positives[starts], "left")
        tied = np.diff(starts, append=len(self.positives))
        precision = true / (true + false)
        # Relative to the precision at the lowest positive, so that constant scores are exactly the
        # share of positives.
        lowest = precision[0]
        return min(1.0, float(lowest + np.sum(tied * (precision - lowest)) / len(self.positives)))

    @property
    def f1(self) -> float:
        """F1 of the positives where a score >= .5 predicts one; in [0, 1]."""
        found = len(self.positives) - int(np.searchsorted(self.positives, THRESHOLD, "left"))
        predicted = found + len(self.negatives) - int(np.searchsorted(self.negatives, THRESHOLD, "left"))
        return 2 * found / (len(self.positives) + predicted)


def labelled_scores(references: npt.ArrayLike, scores: npt.ArrayLike) -> tuple[BoolArray, npt.NDArray[np.floating]]:
    """Check labels and scores that rank two classes.

    Args:
        references: Labels 0 and 1, integers or booleans, [N].
        scores: Finite scores, higher for a pair more likely to be a data flow, [N].

    Returns:
        Whether each pair is a data flow, bool [N], and its score, float32 or float64 [N].

    Raises:
        MetricError: If the two are not such arrays, differ in length, or hold one class only.
    """
    positive, values = _checked(references, scores)
    count = int(np.count_nonzero(positive))
    if count in (0, len(positive)):
        raise MetricError(
            f"references: expected both labels 0 and 1, got {len(positive):,} of label {int(count > 0)} only.",
            "A ranking is defined only between two classes: pool the pairs of all graphs before computing.",
        )
    return positive, values


def split_scores(references: npt.ArrayLike, scores: npt.ArrayLike) -> ScoresByLabel:
    """Sort the scores of each class; arguments and errors as for `labelled_scores`."""
    positive, values = labelled_scores(references, scores)
    positives, negatives = values[positive], values[~positive]
    positives.sort()
    negatives.sort()
    return ScoresByLabel(positives, negatives)


def roc_auc(references: npt.ArrayLike, scores: npt.ArrayLike) -> float:
    """Compute the area under the ROC curve, with the average rank for ties; in [0, 1].

    Constant scores have exactly .5.

    Arguments and errors as for `labelled_scores`.
    """
    return split_scores(references, scores).roc_auc


def average_precision(references: npt.ArrayLike, scores: npt.ArrayLike) -> float:
    """Compute the step-wise area under the precision-recall curve; in (0, 1].

    Ties are grouped, as in scikit-learn.

    Arguments and errors as for `labelled_scores`.
    """
    return split_scores(references, scores).average_precision


def f1_at_half(references: npt.ArrayLike, scores: npt.ArrayLike) -> float:
    """Compute F1 of the positive class, which a score >= .5 predicts; in [0, 1].

    It is 0 if nothing is positive and nothing is predicted to be.

    Args:
        references: Labels 0 and 1, integers or booleans, [N], N >= 1; a single class is allowed.
        scores: Finite scores, [N].

    Raises:
        MetricError: If the two are not such arrays, or differ in length.
    """
    positive, values = _checked(references, scores)
    predicted = values >= THRESHOLD
    either = int(np.count_nonzero(positive)) + int(np.count_nonzero(predicted))
    return 2 * int(np.count_nonzero(positive & predicted)) / either if either else 0.0


def dataflow_metrics(references: npt.ArrayLike, scores: npt.ArrayLike) -> dict[str, float]:
    """Compute all metrics of the data-flow task, pooled over the pairs of all graphs.

    Args:
        references: Labels 0 and 1 of the pairs of all graphs, integers or booleans, [N]; both
            occur.
        scores: Finite scores, [N]; for F1 they should be probabilities.

    Returns:
        auc, average_precision, f1 (at a threshold of .5); each in [0, 1], higher is better.

    Raises:
        MetricError: If the two are not such arrays, differ in length, or hold one class only.

    Example:
        >>> dataflow_metrics([1, 0, 1, 0], [0.9, 0.1, 0.4, 0.4])["auc"]
        0.875
    """
    by_label = split_scores(references, scores)
    return {"auc": by_label.roc_auc, "average_precision": by_label.average_precision, "f1": by_label.f1}


def _checked(references: npt.ArrayLike, scores: npt.ArrayLike) -> tuple[BoolArray, npt.NDArray[np.floating]]:
    positive, values = binary_labels(references, "references"), finite_scores(scores, "scores")
    same_length(positive, values)
    return positive, values
