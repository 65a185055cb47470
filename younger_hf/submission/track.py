"""What a track asks for: the column of its predictions, the graphs of its test split, and how many predictions each takes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from younger_hf.dataset.release import Release
from younger_hf.dataset.schema import TRACKS, signature_of, task_of
from younger_hf.errors import DatasetError

GRAPH_ID = "graph_id"


@dataclass(frozen=True)
class Format:
    """What a predictions file of a task holds beside `graph_id`.

    Attributes:
        column: Name of its other column.
        value_type: Arrow type of the list elements as the project writes them.
        value: What one list element is, for messages.
        target: What a list element is predicted for, for messages.
        targets: Column of the test split that the list is aligned with.
    """

    column: str
    value_type: pa.DataType
    value: str
    target: str
    targets: str

    @property
    def schema(self) -> pa.Schema:
        """Schema of the Parquet file that the project writes."""
        return pa.schema([(GRAPH_ID, pa.string()), (self.column, pa.list_(self.value_type))])


FORMATS = {
    "operator": Format("predictions", pa.int32(), "class id", "node", "mask_index"),
    "dataflow": Format("scores", pa.float32(), "score", "pair", "pair_index"),
}
"""Task -> what its predictions files hold."""


@dataclass(frozen=True)
class Track:
    """One track of one release.

    Attributes:
        name: Config name, as `operator_w_attrs`.
        task: `operator` or `dataflow`.
        format: What its predictions files hold.
        graph_ids: The graphs of the test split in its order, string [G].
        lengths: How many predictions each graph takes, int64 [G].
        num_classes: Size of the vocabulary, UNK and MASK included; 0 where classes are not predicted.
    """

    name: str
    task: str
    format: Format
    graph_ids: pa.StringArray
    lengths: npt.NDArray[np.int64]
    num_classes: int


def open_track(release: Release, name: str) -> Track:
    """Read what a track of a release asks for.

    Raises:
        DatasetError: If there is no such track, or the release lacks its test split or its vocabulary, or they are damaged.
    """
    if name not in TRACKS:
        raise DatasetError(f"There is no track {name!r}; expected one of: {', '.join(TRACKS)}.")
    task = task_of(name)
    form = FORMATS[task]
    table = release.table(name, "test", [GRAPH_ID, form.targets])
    targets = table[form.targets].combine_chunks()
    if task == "dataflow":  # pair_index is [2, P]
        targets = pc.list_element(targets, 0) if len(targets) else pa.array([], pa.list_(pa.int32()))
    num_classes = _num_classes(release, f"vocabulary_{signature_of(name)}") if task == "operator" else 0
    lengths = pc.list_value_length(targets).to_numpy(zero_copy_only=False).astype(np.int64)
    return Track(name, task, form, table[GRAPH_ID].combine_chunks(), lengths, num_classes)


def _num_classes(release: Release, vocabulary: str) -> int:
    try:
        return release.rows[vocabulary]["train"]
    except KeyError:
        raise DatasetError(
            f"{release.root}: there is no config {vocabulary!r}.", "Build or download the dataset again."
        ) from None
