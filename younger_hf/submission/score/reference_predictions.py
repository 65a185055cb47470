"""Predictions without a model: the floor that any system on the board must beat."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from younger_hf.dataset.read.release import Release
from younger_hf.errors import DatasetError, SubmissionError
from younger_hf.graph.vocabulary import FIRST_CLASS
from younger_hf.submission.format.track import Track, open_track
from younger_hf.submission.score.reference_generators import bootstrap_graphs, random_graphs, training_graphs
from younger_hf.tasks import PROPERTY, TASKS, task_of

REFERENCES: Mapping[str, tuple[str, ...]] = MappingProxyType({name: task.references for name, task in TASKS.items()})
"""Task -> names of its reference predictors or generators."""


def reference_predictions(
    name: str, release: Release, track: str, seed: int = 0, split: str = "test"
) -> Iterator[tuple[Any, Any]]:
    """Make rows for `write_predictions` without learning anything.

    The predictors ignore the graphs.

    `uniform` draws classes uniformly from the vocabulary without UNK and MASK (int32), scores
    uniformly from [0, 1) (float32), or values from those of the training rows (float64). `majority`
    predicts the most frequent class of the training labels (the smallest id among equals), the
    score .5, or the median of the training values. `random` and `bootstrap` generate architectures;
    see `reference_generators`.

    Args:
        name: One of `REFERENCES` of the track's task.
        release: The dataset.
        track: Config name.
        seed: Seed of everything that is drawn; the same seed returns the same rows.
        split: The split to predict, `test` or `validation`.

    Returns:
        graph_id and predictions of each graph of the split, in its order; or node_feat and
        edge_index of 1,000 graphs.

    Raises:
        SubmissionError: If the task does not have this predictor.
        DatasetError: If the track or split does not exist, or the release has no classes, labels or
            graphs to predict from.
    """
    _check_name(name, task_of(track).name)
    opened = open_track(release, track, split)
    generator = np.random.default_rng(seed)
    if opened.task.predicts == "graph":
        graphs = training_graphs(release, track)
        return iter(random_graphs(graphs, generator) if name == "random" else bootstrap_graphs(graphs, generator))
    flat = _uniform(opened, release, generator) if name == "uniform" else _majority(opened, release)
    if opened.task.predicts == "value":
        return zip(opened.graph_ids.to_pylist(), flat.tolist(), strict=True)
    ends = np.cumsum(opened.lengths)
    return (
        (graph_id, flat[end - length : end])
        for graph_id, length, end in zip(opened.graph_ids.to_pylist(), opened.lengths, ends, strict=True)
    )


def _check_name(name: str, task: str) -> None:
    names = REFERENCES[task]
    if name in names:
        return
    hint = f"Use one of: {', '.join(names)}."
    if name == "random":
        raise SubmissionError(f"The reference predictor 'random' of the {task} task is called 'uniform' now.", hint)
    raise SubmissionError(f"The {task} task has no reference predictor {name!r}.", hint)


def _uniform(opened: Track, release: Release, generator: np.random.Generator) -> npt.NDArray[np.generic]:
    total = int(opened.lengths.sum())
    if opened.task.predicts == "score":
        return generator.random(total, dtype=np.float32)
    if opened.task.predicts == "value":
        return generator.choice(_training_values(release), total)
    if opened.num_classes <= FIRST_CLASS:
        raise DatasetError(f"{release.root}: the vocabulary of {opened.name} has no classes beside UNK and MASK.")
    return generator.integers(FIRST_CLASS, opened.num_classes, size=total, dtype=np.int32)


def _majority(opened: Track, release: Release) -> npt.NDArray[np.generic]:
    total = int(opened.lengths.sum())
    if opened.task.predicts == "score":
        return np.full(total, 0.5, dtype=np.float32)
    if opened.task.predicts == "value":
        return np.full(total, np.median(_training_values(release)))
    labels = release.table(opened.name, "train", ["y"])["y"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    labels = labels[labels >= FIRST_CLASS]
    if not len(labels):
        raise DatasetError(
            f"{release.root}: the training split of {opened.name} has no labels.", "Build the dataset again."
        )
    return np.full(total, np.bincount(labels).argmax(), dtype=np.int32)


def _training_values(release: Release) -> npt.NDArray[np.float64]:
    """Read the known values of the property of the training architectures; float64."""
    column = release.table("prediction", "train", [PROPERTY])[PROPERTY].combine_chunks().drop_null()
    values: npt.NDArray[np.float64] = column.to_numpy(zero_copy_only=False).astype(np.float64)
    if not len(values):
        raise DatasetError(
            f"{release.root}: no training row of prediction has {PROPERTY}.", "Build or download the dataset again."
        )
    return values
