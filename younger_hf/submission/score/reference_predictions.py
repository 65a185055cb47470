"""Predictions that need no model: the floor that any system on the board must beat."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from younger_hf.dataset.read.release import Release
from younger_hf.errors import DatasetError, SubmissionError
from younger_hf.graph.vocabulary import FIRST_CLASS
from younger_hf.submission.format.track import Track, check_track, open_track
from younger_hf.submission.score.reference_generators import bootstrap_graphs, random_graphs, training_graphs
from younger_hf.tasks import PROPERTY, TASKS, task_of

REFERENCES: Mapping[str, tuple[str, ...]] = MappingProxyType({name: task.references for name, task in TASKS.items()})
"""Task -> names of its reference predictors or generators."""


def reference_predictions(name: str, release: Release, track: str, seed: int = 0) -> Iterator[tuple[Any, Any]]:
    """Rows for `write_predictions` by a predictor that looks at no graph, or by a generator that learns nothing.

    `uniform` draws classes uniformly from the vocabulary without UNK and MASK (int32), scores uniformly from [0, 1) (float32), or values
    from those of the training rows (float64). `majority` gives the most frequent class of the training labels, the smaller id if
    several are, the score .5, or the median of the training values. `random` and `bootstrap` generate architectures
    (`generators.random_graphs`, `generators.bootstrap_graphs`).

    Args:
        name: One of `REFERENCES` of the track's task.
        release: The dataset.
        track: Config name.
        seed: Seed of everything that is drawn; the same seed gives the same rows.

    Returns:
        graph_id and predictions of each graph of the test split, in its order; or node_feat and edge_index of 1,000 graphs.

    Raises:
        SubmissionError: If there is no such predictor for the task.
        DatasetError: If there is no such track, or the release has no classes, labels or graphs to predict from.
    """
    check_track(track)
    _check_name(name, task_of(track).name)
    asked = open_track(release, track)
    generator = np.random.default_rng(seed)
    if asked.task.predicts == "graph":
        graphs = training_graphs(release, track)
        return iter(random_graphs(graphs, generator) if name == "random" else bootstrap_graphs(graphs, generator))
    flat = _uniform(asked, release, generator) if name == "uniform" else _majority(asked, release)
    if asked.task.predicts == "value":
        return zip(asked.graph_ids.to_pylist(), flat.tolist(), strict=True)
    ends = np.cumsum(asked.lengths)
    return (
        (graph_id, flat[end - length : end])
        for graph_id, length, end in zip(asked.graph_ids.to_pylist(), asked.lengths, ends, strict=True)
    )


def _check_name(name: str, task: str) -> None:
    names = REFERENCES[task]
    if name in names:
        return
    hint = f"Use one of: {', '.join(names)}."
    if name == "random":
        raise SubmissionError(f"The reference predictor 'random' of the {task} task is called 'uniform' now.", hint)
    raise SubmissionError(f"There is no reference predictor {name!r} for the {task} task.", hint)


def _uniform(asked: Track, release: Release, generator: np.random.Generator) -> npt.NDArray[np.generic]:
    total = int(asked.lengths.sum())
    if asked.task.predicts == "score":
        return generator.random(total, dtype=np.float32)
    if asked.task.predicts == "value":
        return generator.choice(_training_values(release), total)
    if asked.num_classes <= FIRST_CLASS:
        raise DatasetError(f"{release.root}: the vocabulary of {asked.name} has no classes beside UNK and MASK.")
    return generator.integers(FIRST_CLASS, asked.num_classes, size=total, dtype=np.int32)


def _majority(asked: Track, release: Release) -> npt.NDArray[np.generic]:
    total = int(asked.lengths.sum())
    if asked.task.predicts == "score":
        return np.full(total, 0.5, dtype=np.float32)
    if asked.task.predicts == "value":
        return np.full(total, np.median(_training_values(release)))
    labels = release.table(asked.name, "train", ["y"])["y"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    labels = labels[labels >= FIRST_CLASS]
    if not len(labels):
        raise DatasetError(
            f"{release.root}: the training split of {asked.name} has no labels.", "Build the dataset again."
        )
    return np.full(total, np.bincount(labels).argmax(), dtype=np.int32)


def _training_values(release: Release) -> npt.NDArray[np.float64]:
    """The property of the training architectures of which it is known; float64."""
    column = release.table("prediction", "train", [PROPERTY])[PROPERTY].combine_chunks().drop_null()
    values: npt.NDArray[np.float64] = column.to_numpy(zero_copy_only=False).astype(np.float64)
    if not len(values):
        raise DatasetError(
            f"{release.root}: no training row of prediction has {PROPERTY}.", "Build or download the dataset again."
        )
    return values
