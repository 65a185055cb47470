"""A track of a release: graphs to predict, predictions per graph, and limits for files."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from younger_hf.arrays import IntArray
from younger_hf.dataset.read.release import Release
from younger_hf.dataset.schema import signature_of
from younger_hf.errors import DatasetError
from younger_hf.submission.format.prediction_rows import Limits
from younger_hf.task_types import GRAPH_ID, Format, Task
from younger_hf.tasks import (
    EDGES_PER_NODE,
    GENERATED_GRAPHS,
    GENERATION_NODES,
    MEAN_EDGES_PER_NODE,
    SUBMISSION_TRACKS,
    task_of,
)

PREDICTED_SPLITS = ("test", "validation")
"""Splits that can be predicted and scored.

`test` has hidden answers; those of `validation` are in the release.
"""

_SLACK = 100_000
_GRAPH_VALUES = GENERATION_NODES * (1 + 2 * EDGES_PER_NODE)


@dataclass(frozen=True)
class Track:
    """One track of one release.

    Attributes:
        name: Config name, such as `operator_w_attrs`.
        task: Its task.
        graph_ids: The graphs of the split in its order, string [G]; empty for generation.
        lengths: Number of predictions for each graph, int64 [G].
        num_classes: Size of the vocabulary, UNK and MASK included; 0 unless classes are predicted.
        split: The split to predict.
    """

    name: str
    task: Task
    graph_ids: pa.StringArray
    lengths: IntArray
    num_classes: int
    split: str = "test"

    @property
    def format(self) -> Format:
        """Contents of its predictions files."""
        return self.task.format

    def limits(self, max_bytes: int) -> Limits:
        """Return reading limits that leave room for duplicates and wrong lengths.

        These can then be reported one by one.

        Args:
            max_bytes: Largest file.
        """
        if self.task.predicts == "graph":
            most = GENERATED_GRAPHS * GENERATION_NODES * (1 + 2 * MEAN_EDGES_PER_NODE) + _SLACK
            return Limits(max_bytes, 3 * GENERATED_GRAPHS, most, 10 * _GRAPH_VALUES)
        most = 2 * int(self.lengths.sum()) + _SLACK
        return Limits(max_bytes, 2 * len(self.graph_ids) + 1000, most, most)


def offered_tracks(release: Release, split: str = "test") -> list[str]:
    """List the tracks for which a split of a release can be predicted.

    These are the tracks with rows in the split, and for `test` the generation tracks with the
    validation rows and the vocabulary that generated graphs are compared with.
    """
    return [name for name in SUBMISSION_TRACKS if _is_offered(release, name, split)]


def _is_offered(release: Release, name: str, split: str) -> bool:
    if task_of(name).predicts != "graph":
        return bool(release.rows.get(name, {}).get(split, 0))
    vocabulary = release.rows.get(f"vocabulary_{signature_of(name)}", {})
    has_rows = release.rows.get(name, {}).get("validation", 0) and vocabulary.get("train", 0)
    return split == "test" and bool(has_rows)


def open_track(release: Release, name: str, split: str = "test") -> Track:
    """Read the graphs of a track, and how many predictions each needs.

    Args:
        release: The dataset.
        name: Config name.
        split: One of `PREDICTED_SPLITS`; generated graphs belong to no split, which is `test` here.

    Raises:
        DatasetError: If the track or split does not exist, or the release lacks its rows or its
            vocabulary, or they are damaged.
    """
    task = task_of(name)
    if split not in PREDICTED_SPLITS or (task.predicts == "graph" and split != "test"):
        raise DatasetError(
            f"{name}: the split {split!r} cannot be predicted.",
            "Generated graphs are compared with the validation split as they are: leave the split out."
            if task.predicts == "graph"
            else f"Use one of: {', '.join(PREDICTED_SPLITS)}.",
        )
    has_classes = task.predicts in ("class", "graph")
    num_classes = _num_classes(release, f"vocabulary_{signature_of(name)}") if has_classes else 0
    if task.predicts == "graph":
        return Track(name, task, pa.array([], pa.string()), np.zeros(0, dtype=np.int64), num_classes)
    table = release.table(name, split, [GRAPH_ID, task.targets] if task.targets else [GRAPH_ID])
    graph_ids = table[GRAPH_ID].combine_chunks()
    if not task.targets:
        return Track(name, task, graph_ids, np.ones(len(graph_ids), dtype=np.int64), num_classes, split)
    targets = table[task.targets].combine_chunks()
    if task.predicts == "score":  # pair_index is [2, P]
        targets = pc.list_element(targets, 0) if len(targets) else pa.array([], pa.list_(pa.int32()))
    lengths = pc.list_value_length(targets).to_numpy(zero_copy_only=False).astype(np.int64)
    return Track(name, task, graph_ids, lengths, num_classes, split)


def _num_classes(release: Release, vocabulary: str) -> int:
    try:
        return release.rows[vocabulary]["train"]
    except KeyError:
        raise DatasetError(
            f"{release.root}: the config {vocabulary!r} is missing.", "Build or download the dataset again."
        ) from None
