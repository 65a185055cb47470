"""The results of one system trained with several seeds, as mean and standard deviation."""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from younger_hf.errors import MetricError


@dataclass(frozen=True)
class SeedSummary:
    """One metric over several seeds.

    Attributes:
        mean: Mean of the values.
        deviation: Sample standard deviation (divided by n - 1); None for a single seed.
        n: Number of seeds.
    """

    mean: float
    deviation: float | None
    n: int


def aggregate_seeds(results: Sequence[Mapping[str, float]]) -> dict[str, SeedSummary]:
    """Compute the mean and sample standard deviation of each metric over the seeds.

    Args:
        results: For each seed, metric name -> value; all have the same names.

    Returns:
        Metric name -> summary, in the order of the first result.

    Raises:
        MetricError: If results are missing, have different metrics, a value is NaN or infinite, or
            a summary is too large for a float.

    Example:
        >>> aggregate_seeds([{"auc": 0.75}, {"auc": 0.25}])["auc"].mean
        0.5
    """
    if not results:
        raise MetricError("Expected the results of at least one seed, got none.")
    for number, result in enumerate(results):
        if set(result) != set(results[0]):
            raise MetricError(
                f"results[{number}]: expected the metrics {', '.join(sorted(results[0]))}, got {', '.join(sorted(result))}."
            )
        for name, value in result.items():
            if not math.isfinite(value):
                raise MetricError(f"results[{number}]: expected a finite {name}, got {value}.")
    return {name: _summary(name, [float(result[name]) for result in results]) for name in results[0]}


def _summary(name: str, values: list[float]) -> SeedSummary:
    # `statistics` computes with fractions, exactly until the last step.
    try:
        mean = float(statistics.mean(values))
        deviation = statistics.stdev(values) if len(values) > 1 else None
    except OverflowError as error:
        raise MetricError(f"The deviation of {name} over the seeds is too large for a float.") from error
    return SeedSummary(mean, deviation, len(values))
