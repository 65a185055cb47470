"""What the audit sees: the rows of a release as arrays, each file read once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from younger_hf.dataset.read.release import Release
from younger_hf.dataset.schema import signature_of
from younger_hf.errors import DatasetError
from younger_hf.graph.vocabulary import UNK
from younger_hf.task_types import PUBLIC_SPLITS
from younger_hf.tasks import TRACKS, task_of

Int32Array = npt.NDArray[np.int32]
Graph = tuple[Int32Array, Int32Array]
"""Class ids [N] and edge_index [2, E]."""


@dataclass(frozen=True)
class Row:
    """One row of a scored task.

    Attributes:
        graph_id: Its identifier.
        num_nodes: Its number of nodes, as the file says.
        node_feat: Class ids, int32 [N].
        edge_index: int32 [2, E].
        targets: `mask_index` int32 [M], or `pair_index` int32 [2, P].
        y: Answers, -1 in test rows, int32 [M] or [P].
    """

    graph_id: str
    num_nodes: int
    node_feat: Int32Array
    edge_index: Int32Array
    targets: Int32Array
    y: Int32Array

    @property
    def masked(self) -> npt.NDArray[np.bool_]:
        """Which nodes are asked for, bool [N]; operator rows only."""
        masked = np.zeros(len(self.node_feat), dtype=bool)
        masked[self.targets] = True
        return masked

    @property
    def whole(self) -> Graph:
        """The row with its answers filled in; public operator rows only."""
        feat = self.node_feat.copy()
        feat[self.targets] = self.y
        return feat, self.edge_index

    @property
    def edges(self) -> set[tuple[int, int]]:
        """The edges that the row shows."""
        return pairs_of(self.edge_index)


@dataclass(eq=False)
class Public:
    """A release as anyone sees it.

    Attributes:
        release: The opened dataset repo.
    """

    release: Release
    _rows: dict[tuple[str, str], tuple[Row, ...]] = field(default_factory=dict, repr=False)

    @property
    def tracks(self) -> tuple[str, ...]:
        """Tracks that have test rows."""
        return tuple(track for track in TRACKS if "test" in self.release.files.get(track, {}))

    def rows(self, track: str, split: str) -> tuple[Row, ...]:
        """The rows of one split of a track, in the order of the file; none if the release has no such split.

        Raises:
            DatasetError: If the file is damaged, or its lists do not fit together.
        """
        if split not in self.release.files.get(track, {}):
            return ()
        if (track, split) not in self._rows:
            self._rows[track, split] = tuple(_rows(self.release, track, split))
        return self._rows[track, split]

    def known(self, track: str) -> tuple[Row, ...]:
        """The rows of a track whose answers are public."""
        return tuple(row for split in PUBLIC_SPLITS for row in self.rows(track, split))

    def architectures(self, track: str) -> list[Graph]:
        """Every public architecture, its nodes' classes as in the track's rows."""
        name = "node_feat_w" if signature_of(track) == "w_attrs" else "node_feat_wo"
        graphs: list[Graph] = []
        for split in PUBLIC_SPLITS:
            if split in self.release.files.get("architectures", {}):
                table = self.release.table("architectures", split, [name, "edge_index"])
                graphs += zip(_lists(table[name]), _pairs(table["edge_index"]), strict=True)
        return graphs

    def operators(self, track: str) -> list[tuple[str, str]]:
        """Domain and operator of every class id of the track's vocabulary."""
        table = self.release.table(f"vocabulary_{signature_of(track)}", "train", ["domain", "op_type"])
        return list(zip(table["domain"].to_pylist(), table["op_type"].to_pylist(), strict=True))

    def counts(self, track: str) -> npt.NDArray[np.int64]:
        """Count in training of every class id of the track's vocabulary, int64 [V]."""
        counts = self.release.table(f"vocabulary_{signature_of(track)}", "train", ["count"])["count"]
        return np.array(counts.to_pylist(), dtype=np.int64)


def other_signature(track: str) -> str:
    """The track of the same task with the other node signature."""
    return f"{task_of(track).name}_{'wo_attrs' if signature_of(track) == 'w_attrs' else 'w_attrs'}"


def projection(public: Public) -> Int32Array:
    """For every class id with attributes the id without them, UNK if there is none, int32 [V]."""
    without = {name: number for number, name in enumerate(public.operators("operator_wo_attrs"))}
    return np.array([without.get(name, UNK) for name in public.operators("operator_w_attrs")], dtype=np.int32)


def pairs_of(index: Int32Array) -> set[tuple[int, int]]:
    """The columns of a [2, E] array."""
    return set(zip(*index.tolist(), strict=True))


def _rows(release: Release, track: str, split: str) -> Iterator[Row]:
    targets = task_of(track).targets
    table = release.table(track, split)
    columns = (
        table["graph_id"].to_pylist(),
        table["num_nodes"].to_pylist(),
        _lists(table["node_feat"]),
        _pairs(table["edge_index"]),
        _lists(table[targets]) if targets == "mask_index" else _pairs(table[targets]),
        _lists(table["y"]),
    )
    for values in zip(*columns, strict=True):
        row = Row(*values)
        nodes = np.concatenate([row.edge_index.ravel(), row.targets.ravel()])
        if row.targets.shape[-1] != len(row.y) or (
            len(nodes) and not 0 <= nodes.min() <= nodes.max() < len(row.node_feat)
        ):
            raise DatasetError(
                f"{release.root / release.files[track][split]}: row {row.graph_id}: its lists do not fit together.",
                "Build or download the dataset again.",
            )
        yield row


def _lists(column: pa.ChunkedArray) -> list[Int32Array]:
    array = pa.concat_arrays(column.chunks)
    values, bounds = array.values.to_numpy().astype(np.int32), array.offsets.to_numpy()
    return [values[start:stop] for start, stop in pairwise(bounds.tolist())]


def _pairs(column: pa.ChunkedArray) -> list[Int32Array]:
    array = pa.concat_arrays(column.chunks)
    outer, inner = array.offsets.to_numpy(), array.values.offsets.to_numpy()
    values, bounds = array.values.values.to_numpy().astype(np.int32), inner[outer]
    if (np.diff(outer) != 2).any() or (np.diff(bounds) != 2 * (inner[outer[:-1] + 1] - bounds[:-1])).any():
        raise DatasetError("A column of edges: expected two lists of one length in every row, found others.")
    return [values[start:stop].reshape(2, -1) for start, stop in pairwise(bounds.tolist())]
