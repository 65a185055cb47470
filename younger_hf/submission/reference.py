"""Predictions that need no model: the floor that any system on the board must beat."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from younger_hf.dataset.release import Release
from younger_hf.errors import DatasetError, SubmissionError
from younger_hf.submission.track import Track, open_track

REFERENCES = ("random", "majority")
"""Names of the reference predictors."""

_FIRST_CLASS = 2  # after UNK and MASK


def reference_predictions(
    name: str, release: Release, track: str, seed: int = 0
) -> Iterator[tuple[str, npt.NDArray[np.generic]]]:
    """Rows for `write_predictions` by a predictor that looks at no graph.

    `random` draws classes uniformly from the vocabulary without UNK and MASK (int32), or scores uniformly from [0, 1) (float32).
    `majority` gives the most frequent class of the training labels, the smaller id if several are, or the score .5.

    Args:
        name: `random` or `majority`.
        release: The dataset.
        track: Config name.
        seed: Seed of `random`; the same seed gives the same rows.

    Returns:
        graph_id and predictions of each graph of the test split, in its order.

    Raises:
        SubmissionError: If there is no such predictor.
        DatasetError: If there is no such track, or the release has no classes or training labels to predict from.
    """
    if name not in REFERENCES:
        raise SubmissionError(f"There is no reference predictor {name!r}.", f"Use one of: {', '.join(REFERENCES)}.")
    asked = open_track(release, track)
    flat = _random(asked, release, seed) if name == "random" else _majority(asked, release)
    ends = np.cumsum(asked.lengths)
    return (
        (graph_id, flat[end - length : end])
        for graph_id, length, end in zip(asked.graph_ids.to_pylist(), asked.lengths, ends, strict=True)
    )


def _random(asked: Track, release: Release, seed: int) -> npt.NDArray[np.generic]:
    generator = np.random.default_rng(seed)
    total = int(asked.lengths.sum())
    if asked.task == "dataflow":
        return generator.random(total, dtype=np.float32)
    if asked.num_classes <= _FIRST_CLASS:
        raise DatasetError(f"{release.root}: the vocabulary of {asked.name} has no classes beside UNK and MASK.")
    return generator.integers(_FIRST_CLASS, asked.num_classes, size=total, dtype=np.int32)


def _majority(asked: Track, release: Release) -> npt.NDArray[np.generic]:
    total = int(asked.lengths.sum())
    if asked.task == "dataflow":
        return np.full(total, 0.5, dtype=np.float32)
    labels = release.table(asked.name, "train", ["y"])["y"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
    labels = labels[labels >= _FIRST_CLASS]
    if not len(labels):
        raise DatasetError(
            f"{release.root}: the training split of {asked.name} has no labels.", "Build the dataset again."
        )
    return np.full(total, np.bincount(labels).argmax(), dtype=np.int32)
