"""What a track asks for: the columns of its predictions, the graphs of its test split, and how many predictions each takes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

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

_SLACK = 100_000
_GRAPH_VALUES = GENERATION_NODES * (1 + 2 * EDGES_PER_NODE)


@dataclass(frozen=True)
class Track:
    """One track of one release.

    Attributes:
        name: Config name, as `operator_w_attrs`.
        task: Its task.
        graph_ids: The graphs of the test split in its order, string [G]; none for generation.
        lengths: How many predictions each graph takes, int64 [G].
        num_classes: Size of the vocabulary, UNK and MASK included; 0 where classes are not predicted.
    """

    name: str
    task: Task
    graph_ids: pa.StringArray
    lengths: npt.NDArray[np.int64]
    num_classes: int

    @property
    def format(self) -> Format:
        """What its predictions files contain."""
        return self.task.format

    def limits(self, max_bytes: int) -> Limits:
        """How much of a predictions file is read: room for duplicates and wrong lengths, so that they can be named, and not more.

        Args:
            max_bytes: Largest file.
        """
        if self.task.predicts == "graph":
            most = GENERATED_GRAPHS * GENERATION_NODES * (1 + 2 * MEAN_EDGES_PER_NODE) + _SLACK
            return Limits(max_bytes, 3 * GENERATED_GRAPHS, most, 10 * _GRAPH_VALUES)
        most = 2 * int(self.lengths.sum()) + _SLACK
        return Limits(max_bytes, 2 * len(self.graph_ids) + 1000, most, most)


def offered_tracks(release: Release) -> list[str]:
    """The tracks that submissions to a release can be made for.

    Those with test rows, and generation tracks with the validation rows and the vocabulary that generated graphs are compared with.
    """
    return [name for name in SUBMISSION_TRACKS if _is_offered(release, name)]


def _is_offered(release: Release, name: str) -> bool:
    if task_of(name).predicts != "graph":
        return bool(release.rows.get(name, {}).get("test", 0))
    vocabulary = release.rows.get(f"vocabulary_{signature_of(name)}", {})
    return bool(release.rows.get(name, {}).get("validation", 0) and vocabulary.get("train", 0))


def check_track(name: str) -> None:
    """Do nothing if there is such a track.

    Raises:
        DatasetError: If there is not.
    """
    if name not in SUBMISSION_TRACKS:
        raise DatasetError(f"There is no track {name!r}; expected one of: {', '.join(SUBMISSION_TRACKS)}.")


def open_track(release: Release, name: str) -> Track:
    """Read what a track of a release asks for.

    Raises:
        DatasetError: If there is no such track, or the release lacks its test split or its vocabulary, or they are damaged.
    """
    check_track(name)
    task = task_of(name)
    has_classes = task.predicts in ("class", "graph")
    num_classes = _num_classes(release, f"vocabulary_{signature_of(name)}") if has_classes else 0
    if task.predicts == "graph":
        return Track(name, task, pa.array([], pa.string()), np.zeros(0, dtype=np.int64), num_classes)
    table = release.table(name, "test", [GRAPH_ID, task.targets] if task.targets else [GRAPH_ID])
    graph_ids = table[GRAPH_ID].combine_chunks()
    if not task.targets:
        return Track(name, task, graph_ids, np.ones(len(graph_ids), dtype=np.int64), num_classes)
    targets = table[task.targets].combine_chunks()
    if task.predicts == "score":  # pair_index is [2, P]
        targets = pc.list_element(targets, 0) if len(targets) else pa.array([], pa.list_(pa.int32()))
    lengths = pc.list_value_length(targets).to_numpy(zero_copy_only=False).astype(np.int64)
    return Track(name, task, graph_ids, lengths, num_classes)


def _num_classes(release: Release, vocabulary: str) -> int:
    try:
        return release.rows[vocabulary]["train"]
    except KeyError:
        raise DatasetError(
            f"{release.root}: there is no config {vocabulary!r}.", "Build or download the dataset again."
        ) from None
