"""How sure a score is: bootstrap intervals over graphs, and the paired test between two systems.

Graphs are resampled, not masked nodes or pairs: what is in one architecture goes together, and intervals over items would be too narrow.
Each resample's metrics are exactly those of the data in which the drawn graphs are repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from younger_hf.errors import MetricError
from younger_hf.metrics.dataflow.bootstrap_ranking import resample_ranking
from younger_hf.metrics.load import load_metric
from younger_hf.metrics.operator.bootstrap_classes import resample_classes
from younger_hf.metrics.prediction.bootstrap_values import resample_values
from younger_hf.metrics.resampling import CHUNK, FloatArray, Resampled, draw

LEVEL = 0.95
"""Share of the resamples that an interval holds."""
FEWEST = 40
"""Fewest resamples: with fewer, none is expected beyond the ends of an interval of 95%."""
_MOST_AT_ONCE = 64

_PREPARE: dict[str, Callable[[npt.ArrayLike, npt.ArrayLike, npt.ArrayLike], Resampled]] = {
    "operator": resample_classes,
    "dataflow": resample_ranking,
    "prediction": resample_values,
}


@dataclass(frozen=True)
class Interval:
    """Where a metric lies in most resamples of the graphs.

    Attributes:
        low: Lower end, in the range of the metric.
        high: Upper end.
        level: Share of the resamples between them.
        resamples: How many were drawn and kept.
        redrawn: How many more were drawn and held one label only, or nothing, for which no metric is defined.
    """

    low: float
    high: float
    level: float
    resamples: int
    redrawn: int


@dataclass(frozen=True)
class Comparison:
    """How much higher a metric is for the first of two systems than for the second, on the same graphs.

    Attributes:
        difference: Value of the first minus value of the second.
        interval: Where the difference lies in most resamples.
        p_value: Two-sided, in (0, 1]: how often a difference of none would be this far out among the resamples.
    """

    difference: float
    interval: Interval
    p_value: float


def bootstrap(
    task: str,
    references: npt.ArrayLike,
    predictions: npt.ArrayLike,
    offsets: npt.ArrayLike,
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> dict[str, Interval]:
    """95% intervals of a task's metrics by the percentile bootstrap over graphs (Efron & Tibshirani 1993, section 13.3).

    A resample with one label only, or without items, is drawn anew and counted: the interval is that of the data for which the metrics
    are defined. A macro average is over the classes that occur: rare ones are missing from most resamples, whose values are higher for
    it. Where most classes are rare, the interval lies above the value; its width is what counts there, and differences of two systems.

    Args:
        task: `operator`, `dataflow` or `prediction`.
        references: As the task's metrics want them, of all graphs together, [N].
        predictions: Likewise, [N].
        offsets: Graph g has the items from `offsets[g]` up to `offsets[g + 1]`, integers [G + 1], G >= 2.
        resamples: How many, at least 40.
        seed: Of the resamples; the same seed gives the same intervals.

    Returns:
        Metric name -> its interval, in the order of `METRICS[task]`.

    Raises:
        MetricError: If the metrics are not defined for these arrays, the offsets do not fit them or are of fewer than two graphs, or the
            task has no bootstrap.

    Example:
        >>> interval = bootstrap("operator", [2, 2, 3, 4], [2, 3, 3, 4], [0, 2, 4])["accuracy"]
        >>> interval.low, interval.high
        (0.5, 1.0)
    """
    values, redrawn = _resample(task, references, [predictions], offsets, resamples, seed)
    return {name: interval_of(each[0], redrawn) for name, each in values.items()}


def paired_bootstrap(
    task: str,
    references: npt.ArrayLike,
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    offsets: npt.ArrayLike,
    *,
    resamples: int = 1000,
    seed: int = 0,
) -> dict[str, Comparison]:
    """Whether one system is better than another: both on the same resamples of the graphs.

    With R resamples, in L of which the first system is not ahead and in H of which it is not behind, the p value is
    min(1, 2 (min(L, H) + 1) / (R + 1)). It is Koehn's (2004, Statistical significance tests for machine translation evaluation) count of
    the resamples that contradict the difference, for both directions, and agrees with the percentile interval: the one is below .05 where
    the other leaves out 0 (Efron & Tibshirani 1993, section 15.4). The added 1 is the data itself: no p value is 0 (Davison & Hinkley
    1997, section 4.2). Berg-Kirkpatrick et al. (2012) compare it with the variant that shifts the differences; the two agree where these
    are symmetric. Several metrics or systems are several tests, for which nothing is corrected here.

    Args:
        task: `operator`, `dataflow` or `prediction`.
        references: As the task's metrics want them, of all graphs together, [N].
        first: Predictions of the first system, [N].
        second: Predictions of the second system, [N].
        offsets: Graph g has the items from `offsets[g]` up to `offsets[g + 1]`, integers [G + 1], G >= 2.
        resamples: How many, at least 40.
        seed: Of the resamples; the same seed gives the same result.

    Returns:
        Metric name -> comparison, in the order of `METRICS[task]`.

    Raises:
        MetricError: As for `bootstrap`.
    """
    values, redrawn = _resample(task, references, [first, second], offsets, resamples, seed)
    metric = load_metric(task)
    of_first = metric.compute(references=references, predictions=first)
    of_second = metric.compute(references=references, predictions=second)
    compared = {}
    for name, (ours, theirs) in values.items():
        differences = ours - theirs
        contradict = min(np.count_nonzero(differences <= 0), np.count_nonzero(differences >= 0))
        p_value = min(1.0, 2 * (int(contradict) + 1) / (resamples + 1))
        compared[name] = Comparison(of_first[name] - of_second[name], interval_of(differences, redrawn), p_value)
    return compared


def _resample(
    task: str,
    references: npt.ArrayLike,
    systems: Sequence[npt.ArrayLike],
    offsets: npt.ArrayLike,
    resamples: int,
    seed: int,
) -> tuple[dict[str, FloatArray], int]:
    """Metric name -> values [systems, resamples], and how many resamples were drawn anew."""
    metric = load_metric(task)
    if task not in _PREPARE:
        raise MetricError(
            f"There is no bootstrap for the task {task!r}; expected one of: {', '.join(_PREPARE)}.",
            "Ask for the value alone, without resamples.",
        )
    if resamples < FEWEST:
        raise MetricError(
            f"Expected at least {FEWEST} resamples, got {resamples}.", "1,000 are usual: they take seconds."
        )
    prepared = [_PREPARE[task](references, predictions, offsets) for predictions in systems]
    at_once = max(1, min(_MOST_AT_ONCE, CHUNK // max(each.width for each in prepared)))
    values = {each.name: np.empty((len(prepared), resamples)) for each in metric.metrics}
    done = redrawn = 0
    for weights, again in draw(np.random.default_rng(seed), prepared[0].required, resamples, at_once):
        for system, each in enumerate(prepared):
            for name, found in each.values(weights).items():
                values[name][system, done : done + len(weights)] = found
        done, redrawn = done + len(weights), redrawn + again
    return values, redrawn


def interval_of(values: FloatArray, redrawn: int) -> Interval:
    """The interval of a metric's values over resamples [R], of which so many more were drawn anew."""
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(low), float(high), LEVEL, len(values), redrawn)
