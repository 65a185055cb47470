"""Bootstrap intervals of metrics over graphs, and the paired test between two systems.

Graphs are resampled rather than masked nodes or pairs: the items of one architecture depend on each
other, and intervals over items would be too narrow. The metrics of a resample are exactly those of
its graphs, each repeated as often as it was drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from younger_hf.arrays import FloatArray
from younger_hf.errors import MetricError
from younger_hf.metrics.load import load_metric
from younger_hf.metrics.resampling import CHUNK, draw
from younger_hf.tasks import TASKS

LEVEL = 0.95
"""Share of the resamples inside an interval."""
FEWEST = 40
"""Fewest resamples: with fewer, none is expected outside a 95% interval."""
_MOST_AT_ONCE = 64


@dataclass(frozen=True)
class Interval:
    """The range of a metric in most resamples of the graphs.

    Attributes:
        low: Lower end, in the range of the metric.
        high: Upper end.
        level: Share of the resamples between them.
        resamples: Number of resamples that were used.
        redrawn: Number of further resamples that were drawn anew, because they held one label only,
            or nothing.
    """

    low: float
    high: float
    level: float
    resamples: int
    redrawn: int


@dataclass(frozen=True)
class Comparison:
    """By how much a metric of one system exceeds that of another on the same graphs.

    Attributes:
        difference: Value of the first minus value of the second.
        interval: The range of the difference in most resamples.
        p_value: Two-sided, in (0, 1]: the probability of a difference at least this large if there
            were none.
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
    """Compute 95% intervals of a task's metrics by the percentile bootstrap over graphs.

    Source: Efron & Tibshirani 1993, section 13.3. A resample with one label only, or without items,
    is drawn anew and counted: the interval is that of data for which the metrics are defined. Macro
    averages are over the classes that occur. Rare classes are missing from most resamples, which
    raises their values: where most classes are rare, the interval may lie above the value. Its
    width, and differences of two systems, are meaningful even then.

    Args:
        task: `operator`, `dataflow` or `prediction`.
        references: As for the task's metrics, of all graphs together, [N].
        predictions: As for the task's metrics, [N].
        offsets: Graph g has the items from `offsets[g]` up to `offsets[g + 1]`, integers [G + 1], G
            >= 2.
        resamples: Number of resamples, at least 40.
        seed: Seed of the resamples; the same seed returns the same intervals.

    Returns:
        Metric name -> its interval, in the order of `METRICS[task]`.

    Raises:
        MetricError: If the metrics are not defined for these arrays, the offsets do not fit them or
            have fewer than two graphs, or the task has no bootstrap.

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
    """Test whether one system is better than another on the same resamples of the graphs.

    With R resamples, in L of which the first system is not ahead and in H of which it is not
    behind, the p value is min(1, 2 (min(L, H) + 1) / (R + 1)). This is the number of resamples that
    contradict the difference of Koehn (2004, Statistical significance tests for machine translation
    evaluation), for both directions. It agrees with the percentile interval: p is below .05 where
    the interval excludes 0 (Efron & Tibshirani 1993, section 15.4). The added 1 is the data itself,
    so that p is never 0 (Davison & Hinkley 1997, section 4.2). Berg-Kirkpatrick et al. (2012)
    compare it with the variant that shifts the differences; both agree where these are symmetric.
    Several metrics or systems are several tests, and p is not corrected for that.

    Args:
        task: `operator`, `dataflow` or `prediction`.
        references: As for the task's metrics, of all graphs together, [N].
        first: Predictions of the first system, [N].
        second: Predictions of the second system, [N].
        offsets: Graph g has the items from `offsets[g]` up to `offsets[g + 1]`, integers [G + 1], G
            >= 2.
        resamples: Number of resamples, at least 40.
        seed: Seed of the resamples; the same seed returns the same result.

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
    """Compute the metrics of each resample, and the number of resamples that were redrawn.

    The values of each metric are an array [systems, resamples].
    """
    metric = load_metric(task)
    resample = TASKS[task].resample_function()
    if resample is None:
        able = ", ".join(name for name, each in TASKS.items() if each.resample)
        raise MetricError(
            f"The task {task!r} has no bootstrap; expected one of: {able}.",
            "Compute the value alone, without resamples.",
        )
    if resamples < FEWEST:
        raise MetricError(
            f"Expected at least {FEWEST} resamples, got {resamples}.", "1,000 are usual, and take seconds."
        )
    prepared = [resample(references, predictions, offsets) for predictions in systems]
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
    """Compute the interval of a metric.

    Args:
        values: Its value in each resample, float64 [R].
        redrawn: Number of further resamples that were drawn anew.
    """
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(low), float(high), LEVEL, len(values), redrawn)
