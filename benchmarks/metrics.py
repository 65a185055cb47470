"""The data-flow and operator metrics against scikit-learn, on two million predictions."""

from __future__ import annotations

import numpy as np
import sklearn
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    f1_score,
    precision_recall_fscore_support,
    roc_auc_score,
)

from benchmarks.measure import Ratio, compare
from younger_hf import load_metric

SIZE = 2_000_000


def run() -> list[Ratio]:
    """AUC, AP and F1 of scores; accuracy and macro precision, recall and F1 of 4,500 classes."""
    rng = np.random.default_rng(0)
    labels, scores = rng.integers(0, 2, SIZE), rng.random(SIZE)
    classes, guesses = rng.integers(0, 4500, SIZE), rng.integers(0, 4500, SIZE)
    peer = f"scikit-learn {sklearn.__version__}"

    def their_dataflow() -> None:
        roc_auc_score(labels, scores)
        average_precision_score(labels, scores)
        f1_score(labels, scores >= 0.5)

    def their_operator() -> None:
        accuracy_score(classes, guesses)
        precision_recall_fscore_support(classes, guesses, average="macro", zero_division=0)

    dataflow, operator = load_metric("dataflow"), load_metric("operator")
    return [
        compare(
            f"data-flow metrics of {SIZE:,} scores",
            peer,
            lambda: dataflow.compute(references=labels, predictions=scores),
            their_dataflow,
            rounds=3,
        ),
        compare(
            f"operator metrics of {SIZE:,} predictions",
            peer,
            lambda: operator.compute(references=classes, predictions=guesses),
            their_operator,
            rounds=3,
        ),
    ]
