"""Graphs of each task for tests of resampling, and resamples that really repeat graphs."""

from __future__ import annotations

import numpy as np

from younger_hf.metrics.dataflow.bootstrap_ranking import resample_ranking
from younger_hf.metrics.operator.bootstrap_classes import resample_classes
from younger_hf.metrics.prediction.bootstrap_values import resample_values

PREPARE = {"operator": resample_classes, "dataflow": resample_ranking, "prediction": resample_values}


def data(task, rng, lengths, decimals):
    """References, predictions and offsets of graphs of these lengths.

    With few decimals nearly everything is tied.
    """
    number = int(sum(lengths))
    if task == "operator":
        references = rng.integers(2, 10 ** (decimals + 1), number)
        predictions = np.where(rng.random(number) < 0.5, references, rng.integers(2, 10 ** (decimals + 1), number))
    elif task == "dataflow":
        references = (rng.random(number) < 0.4).astype(int)
        references[:2] = 0, 1
        predictions = np.clip(rng.normal(0.4 + 0.2 * references, 0.2), 0, 1).round(decimals)
    else:
        references = 1 + rng.lognormal(size=number).round(decimals)
        predictions = (references * rng.lognormal(sigma=0.2, size=number)).round(decimals)
    return references, predictions, np.concatenate([[0], np.cumsum(lengths)]).astype(int)


def repeated(weights, offsets):
    """Positions of the items of a resample's graphs."""
    places = [np.tile(np.arange(offsets[g], offsets[g + 1]), times) for g, times in enumerate(weights)]
    return np.concatenate(places)
