"""One implementation of the metrics on ten million predictions, in a process of its own.

Run it with `python -m benchmarks.metric_route TASK WAY`.

Prints seconds and the peak of memory above the inputs, in 10^6 bytes, as JSON. Needs Linux's /proc.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

SIZE = 10_000_000
NUM_CLASSES = 4500
"""As many as the paper's vocabulary has operators."""

Way = Callable[[Any, Any], object]


@dataclass(frozen=True)
class Cost:
    """What a way cost.

    Attributes:
        seconds: Of the second of two runs.
        megabytes: Most memory during the first, above what the process had with its inputs and imports.
    """

    seconds: float
    megabytes: float


def inputs(task: str, size: int = SIZE) -> tuple[Any, Any]:
    """References and predictions, as int64 and float64."""
    rng = np.random.default_rng(0)
    if task == "dataflow":
        return rng.integers(0, 2, size), rng.random(size)
    return rng.integers(0, NUM_CLASSES, size), rng.integers(0, NUM_CLASSES, size)


def scikit_learn(task: str) -> Way:
    """The same metrics by scikit-learn."""
    from sklearn import metrics

    def dataflow(labels: Any, scores: Any) -> None:
        metrics.roc_auc_score(labels, scores)
        metrics.average_precision_score(labels, scores)
        metrics.f1_score(labels, scores >= 0.5)

    def operator(classes: Any, guesses: Any) -> None:
        metrics.accuracy_score(classes, guesses)
        metrics.precision_recall_fscore_support(classes, guesses, average="macro", zero_division=0)

    return dataflow if task == "dataflow" else operator


def younger(task: str) -> Way:
    """`younger_hf.load_metric`."""
    from younger_hf import load_metric

    metric = load_metric(task)
    return lambda references, predictions: metric.compute(references=references, predictions=predictions)


def through_evaluate(task: str) -> Way:
    """The `evaluate` module."""
    import evaluate

    from younger_hf.metrics import evaluate_module

    metric = evaluate.load(evaluate_module(task))
    return lambda references, predictions: metric.compute(references=references, predictions=predictions)


WAYS: dict[str, Callable[[str], Way]] = {
    "scikit-learn": scikit_learn,
    "younger_hf": younger,
    "evaluate": through_evaluate,
}


def cost(task: str, way: str) -> Cost:
    """What a way costs in a fresh process."""
    command = [sys.executable, "-m", "benchmarks.metric_route", task, way]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    return Cost(**json.loads(run.stdout.splitlines()[-1]))


def _peak() -> float:
    found = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) * 1024 / 1e6


def main(task: str, way: str) -> None:
    """Run a way twice and print what it cost."""
    compute = WAYS[way](task)
    compute(*inputs(task, 1000))  # imports what is imported late
    references, predictions = inputs(task)
    before = _peak()
    compute(references, predictions)
    megabytes = _peak() - before
    start = perf_counter()
    compute(references, predictions)
    print(json.dumps({"seconds": perf_counter() - start, "megabytes": megabytes}))


if __name__ == "__main__":
    main(*sys.argv[1:])
