"""Data-flow and operator metrics against scikit-learn: ten million predictions, and resamples of graphs."""

from __future__ import annotations

import numpy as np
import sklearn

from benchmarks.measure import Ratio, compare
from benchmarks.metric_route import SIZE, cost, inputs, scikit_learn, younger
from younger_hf.metrics import bootstrap
from younger_hf.metrics.resampling import draw

PEER = f"scikit-learn {sklearn.__version__}"
PAIRS, GRAPHS, RESAMPLES = 90_000, 190, 40
"""About the test split of `dataflow_w_attrs`; a thousand resamples take scikit-learn minutes."""


def run() -> list[Ratio]:
    """AUC, AP and F1 of scores; accuracy and macro precision, recall and F1 of 4,500 classes."""
    return [ratio for task in ("dataflow", "operator") for ratio in _of_task(task)] + [_resamples()]


def _of_task(task: str) -> list[Ratio]:
    name = f"{task} metrics of {SIZE:,} predictions"
    times = _times(name, task)  # first, so that its arrays are gone before the others run
    here, peer, module = (cost(task, way) for way in ("younger_hf", "scikit-learn", "evaluate"))
    return [
        times,
        Ratio(
            f"{name}, peak above the inputs",
            PEER,
            here.megabytes,
            peer.megabytes,
            peer.megabytes / here.megabytes,
            "MB",
        ),
        Ratio(f"{name}, through evaluate", PEER, module.seconds, peer.seconds, peer.seconds / module.seconds),
        Ratio(
            f"{name}, through evaluate, peak above the inputs",
            PEER,
            module.megabytes,
            peer.megabytes,
            peer.megabytes / module.megabytes,
            "MB",
        ),
    ]


def _times(name: str, task: str) -> Ratio:
    references, predictions = inputs(task)
    ours, theirs = younger(task), scikit_learn(task)
    return compare(name, PEER, lambda: ours(references, predictions), lambda: theirs(references, predictions), rounds=3)


def _resamples() -> Ratio:
    labels, scores = inputs("dataflow", PAIRS)
    offsets = np.linspace(0, PAIRS, GRAPHS + 1).astype(np.int64)
    graphs = np.split(np.arange(PAIRS), offsets[1:-1])
    theirs = scikit_learn("dataflow")

    def repeated() -> None:
        required = np.ones((1, GRAPHS), np.int64)
        for weights, _ in draw(np.random.default_rng(0), required, RESAMPLES, 1):
            at = np.concatenate([graphs[graph] for graph in np.repeat(np.arange(GRAPHS), weights[0])])
            theirs(labels[at], scores[at])

    return compare(
        f"dataflow metrics of {RESAMPLES} resamples of {GRAPHS} graphs with {PAIRS:,} pairs",
        f"{PEER} on each",
        lambda: bootstrap("dataflow", labels, scores, offsets, resamples=RESAMPLES),
        repeated,
        rounds=3,
    )
