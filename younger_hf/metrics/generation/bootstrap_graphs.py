"""Bootstrap intervals of the generation metrics over the generated graphs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

import numpy as np
import numpy.typing as npt

from younger_hf.arrays import FloatArray, IntArray
from younger_hf.errors import MetricError
from younger_hf.graph.labelled_graphs import Graphs
from younger_hf.graph.vocabulary import Vocabulary
from younger_hf.metrics.generation.descriptors import Descriptors, describe
from younger_hf.metrics.generation.distances import Pooled, pool
from younger_hf.metrics.generation.generation_metrics import SCALES, assess_graphs, describe_generated
from younger_hf.metrics.resampling import draw
from younger_hf.metrics.uncertainty import FEWEST, Interval, interval_of

AT_ONCE = 256
"""Resamples whose distances are computed together; the kernel is computed once per batch."""


def bootstrap_generation(
    generated: Graphs,
    reference: Graphs,
    train: Graphs,
    vocabulary: Vocabulary,
    *,
    executable: npt.ArrayLike | None = None,
    resamples: int = 1000,
    seed: int = 0,
) -> dict[str, Interval]:
    """Compute 95% percentile bootstrap intervals of the generation metrics.

    Generated graphs are drawn with replacement, so a resample contains copies that the generator
    did not make: `unique` and the shares that depend on it have no interval. Distances of a
    resample are slightly larger than those of the graphs themselves, because drawing adds variance.
    The reference is fixed.

    Args:
        generated: The graphs to assess, G >= 2.
        reference: As for `generation_metrics`.
        train: As for `generation_metrics`.
        vocabulary: As for `generation_metrics`.
        executable: As for `generation_metrics`.
        resamples: Number of resamples, at least 40.
        seed: Seed of the resamples; the same seed results in the same intervals.

    Returns:
        Metric name -> its interval, for `acyclic`, `valid`, `executable` (if given), `novel` and
        every distance.

    Raises:
        MetricError: As for `generation_metrics`, or if there are fewer than two graphs or too few
            resamples.
    """
    if len(generated) < 2 or resamples < FEWEST:
        raise MetricError(
            f"Expected at least two graphs and {FEWEST} resamples, got {len(generated)} and {resamples}.",
            "Compute the values without intervals.",
        )
    assessment = assess_graphs(generated, train, vocabulary, executable=executable)
    properties = {"acyclic": assessment.acyclic, "valid": assessment.valid}
    if assessment.executable is not None:
        properties["executable"] = assessment.executable
    properties["novel"] = assessment.novel
    ours, theirs = describe_generated(generated, vocabulary), describe(reference)
    pooled = {field.name: pool(getattr(ours, field.name), getattr(theirs, field.name)) for field in fields(Descriptors)}
    found: dict[str, list[FloatArray]] = {}
    number = np.ones((1, len(generated)), dtype=np.int64)
    for weights, _ in draw(np.random.default_rng(seed), number, resamples, AT_ONCE):
        for name, values in properties.items():
            found.setdefault(name, []).append(weights @ values.astype(np.int64) / len(generated))
        for name, distances in _distances(pooled, weights):
            found.setdefault(name, []).append(distances)
    return {name: interval_of(np.concatenate(values), 0) for name, values in found.items()}


def _distances(pooled: dict[str, Pooled], weights: IntArray) -> Iterator[tuple[str, FloatArray]]:
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1, "blas"):  # as in `descriptors.spectra`
        for name, each in pooled.items():
            yield f"{name}_w1", each.wasserstein(weights)
            yield f"{name}_mmd", each.squared_mmd(SCALES[name], weights)
