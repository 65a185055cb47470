"""The audit's view of a release: its public rows as arrays, each file read once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from younger_hf.arrays import Int32Array, IntArray
from younger_hf.dataset.read.list_columns import integer_lists, integer_pairs
from younger_hf.dataset.read.release import Release
from younger_hf.dataset.schema import signature_of
from younger_hf.dataset.tasks.region_lookup import masked_pattern
from younger_hf.errors import DatasetError
from younger_hf.graph.identity.graph_index import Graph
from younger_hf.graph.identity.search_pattern import Pattern
from younger_hf.graph.vocabulary import UNK
from younger_hf.task_types import PUBLIC_SPLITS, SIGNATURES
from younger_hf.tasks import TRACKS, task_of


@dataclass(frozen=True)
class Row:
    """One row of a scored task.

    Attributes:
        graph_id: Its identifier.
        num_nodes: Its number of nodes according to the file.
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
    def graph(self) -> Graph:
        """The row as it is shown."""
        return self.node_feat, self.edge_index

    @property
    def pattern(self) -> Pattern:
        """The row with its targets masked, to search for; operator rows only."""
        return masked_pattern(self.node_feat, self.edge_index, self.targets)

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
        return tuple(track for track in TRACKS if "test" in self.release.configs.get(track, {}))

    def rows(self, track: str, split: str) -> tuple[Row, ...]:
        """The rows of one split of a track in file order; empty if the release lacks the split.

        Raises:
            DatasetError: If the file is damaged, or its lists do not fit together.
        """
        if split not in self.release.configs.get(track, {}):
            return ()
        if (track, split) not in self._rows:
            self._rows[track, split] = tuple(_rows(self.release, track, split))
        return self._rows[track, split]

    def known(self, track: str) -> tuple[Row, ...]:
        """The rows of a track whose answers are public."""
        return tuple(row for split in PUBLIC_SPLITS for row in self.rows(track, split))

    def architectures(self, track: str) -> list[Graph]:
        """Every public architecture, with node classes as in the track's rows."""
        name = "node_feat_w" if signature_of(track) == "w_attrs" else "node_feat_wo"
        graphs: list[Graph] = []
        for split in PUBLIC_SPLITS:
            if split in self.release.configs.get("architectures", {}):
                table = self.release.table("architectures", split, [name, "edge_index"])
                columns = integer_lists(table, name), integer_pairs(table, "edge_index")
                graphs += (
                    (node_feat.astype(np.int32), edges.astype(np.int32))
                    for node_feat, edges in zip(*columns, strict=True)
                )
        return graphs

    def operators(self, track: str) -> list[tuple[str, str]]:
        """Domain and operator of every class id of the track's vocabulary."""
        table = self.release.table(f"vocabulary_{signature_of(track)}", "train", ["domain", "op_type"])
        return list(zip(table["domain"].to_pylist(), table["op_type"].to_pylist(), strict=True))

    def counts(self, track: str) -> IntArray:
        """Count in training of every class id of the track's vocabulary, int64 [V]."""
        counts = self.release.table(f"vocabulary_{signature_of(track)}", "train", ["count"])["count"]
        return np.array(counts.to_pylist(), dtype=np.int64)


def other_signature(track: str) -> str:
    """The track of the same task with the other node signature."""
    (other,) = (signature for signature in SIGNATURES if signature != signature_of(track))
    return f"{task_of(track).name}_{other}"


def projection(public: Public) -> Int32Array:
    """For every class id with attributes the id without them, UNK if it has none, int32 [V]."""
    without = {name: number for number, name in enumerate(public.operators("operator_wo_attrs"))}
    return np.array([without.get(name, UNK) for name in public.operators("operator_w_attrs")], dtype=np.int32)


def pairs_of(index: Int32Array) -> set[tuple[int, int]]:
    """The columns of a [2, E] array."""
    return set(zip(*index.tolist(), strict=True))


def _rows(release: Release, track: str, split: str) -> Iterator[Row]:
    targets = task_of(track).targets
    table = release.table(track, split)
    names = ("node_feat", "edge_index", targets, "y")
    columns = [
        (integer_pairs if name in ("edge_index", "pair_index") else integer_lists)(table, name) for name in names
    ]
    plain = (table[name].to_pylist() for name in ("graph_id", "num_nodes"))
    for graph_id, num_nodes, *lists in zip(*plain, *columns, strict=True):
        row = Row(graph_id, num_nodes, *(values.astype(np.int32) for values in lists))
        nodes = np.concatenate([row.edge_index.ravel(), row.targets.ravel()])
        if row.targets.shape[-1] != len(row.y) or (
            len(nodes) and not 0 <= nodes.min() <= nodes.max() < len(row.node_feat)
        ):
            raise DatasetError(
                f"{release.root / release.files[track][split]}: row {row.graph_id}: its lists do not fit together.",
                "Build or download the dataset again.",
            )
        yield row
