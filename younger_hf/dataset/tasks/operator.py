"""The operator task: predict the masked operators at the boundary of a community."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from younger_hf.arrays import BoolArray, Int32Array, IntArray
from younger_hf.dataset.architecture import Architecture
from younger_hf.dataset.partition import Split, keyed_name, keyed_order
from younger_hf.dataset.tasks.communities import boundary, communities, induced_edges
from younger_hf.dataset.tasks.region_lookup import masked_pattern
from younger_hf.graph.identity.fingerprints import graph_fingerprint
from younger_hf.graph.identity.search_pattern import Pattern
from younger_hf.graph.vocabulary import MASK, UNK, Vocabulary


@dataclass(frozen=True)
class Region:
    """A community C with its boundary B in one architecture; independent of any vocabulary.

    Attributes:
        architecture: The architecture that holds it.
        number: Running number of the community in the architecture.
        nodes: Node indices of C and B in the architecture, ascending, int64 [N].
        masked: Which of them are B, bool [N].
        edge_index: Edges among them, int32 [2, E].
    """

    architecture: Architecture
    number: int
    nodes: IntArray
    masked: BoolArray
    edge_index: Int32Array


@dataclass(frozen=True)
class OperatorSample:
    """One row of the operator task.

    Attributes:
        graph_id: Identifier of the row.
        node_feat: Class ids with MASK at the targets, int32 [N].
        edge_index: int32 [2, E].
        mask_index: The targets: boundary nodes whose class occurs in training, int32 [M].
        y: Their classes, int32 [M].
    """

    graph_id: str
    node_feat: Int32Array
    edge_index: Int32Array
    mask_index: Int32Array
    y: Int32Array

    @property
    def pattern(self) -> Pattern:
        """The sample as it is shown, to search for in other graphs."""
        return masked_pattern(self.node_feat, self.edge_index, self.mask_index)

    @cached_property
    def masked_hash(self) -> str:
        """Fingerprint of the sample as a solver sees it: equal for isomorphic samples."""
        return graph_fingerprint(self.edge_index, self.node_feat)

    @cached_property
    def whole_hash(self) -> str:
        """Fingerprint of the sample with its answers filled in and the targets marked."""
        classes = self.node_feat.copy()
        classes[self.mask_index] = -self.y
        return graph_fingerprint(self.edge_index, classes)


@dataclass(frozen=True)
class OperatorRows:
    """The operator task for one vocabulary.

    Attributes:
        rows: Split -> samples, ordered by graph_id.
        repeated: Number of samples dropped because their split has an isomorphic one.
        leaked: Number of validation and test samples dropped because an earlier split has one that
            looks the same, whole or masked.
    """

    rows: dict[str, tuple[OperatorSample, ...]]
    repeated: int
    leaked: int


def regions(architecture: Architecture) -> list[Region]:
    """Every community of an architecture that has a boundary."""
    dag = architecture.dag
    found = []
    for number, community in enumerate(communities(dag)):
        around = boundary(dag, community)
        if len(around):
            nodes = np.union1d(community, around)
            found.append(Region(architecture, number, nodes, np.isin(nodes, around), induced_edges(dag, nodes)))
    return found


def independent(candidates: Sequence[Region], secret: str) -> list[Region]:
    """Choose regions of one architecture such that none shows what another one masks.

    A boundary node of one community lies inside another: two such test rows would answer each
    other. The secret decides which stay.
    """
    order = sorted(candidates, key=lambda r: keyed_order(secret, "region", r.architecture.graph_id, str(r.number)))
    chosen: list[Region] = []
    shown: set[int] = set()
    hidden: set[int] = set()
    for region in order:
        masked = set(region.nodes[region.masked].tolist())
        visible = set(region.nodes[~region.masked].tolist())
        if not masked & shown and not visible & hidden:
            chosen.append(region)
            shown |= visible
            hidden |= masked
    return sorted(chosen, key=lambda region: region.number)


def operator_rows(
    split: Split, regions_of: dict[str, list[Region]], vocabulary: Vocabulary, secret: str
) -> OperatorRows:
    """Build the rows of all splits for one vocabulary.

    Samples that repeat within a split are dropped (fingerprint of the whole sample); validation and
    test samples that look like one of an earlier split, whole or masked, are dropped too.

    Args:
        split: The architectures of each split.
        regions_of: graph_id of an architecture -> its regions; those of test architectures
            independent.
        vocabulary: Classes of the signature in question.
        secret: Decides the identifiers of test rows, which must not reveal their architectures.
    """
    parts = {"train": split.train, "validation": split.validation, "test": split.operator_test}
    rows: dict[str, tuple[OperatorSample, ...]] = {}
    whole: set[str] = set()
    masked: set[str] = set()
    repeated = leaked = 0
    for name, architectures in parts.items():
        chosen: dict[str, OperatorSample] = {}
        for sample in _samples(architectures, regions_of, vocabulary, secret if name == "test" else None):
            if sample.whole_hash in whole or sample.masked_hash in masked:
                leaked += 1
            elif sample.whole_hash in chosen:
                repeated += 1
            else:
                chosen[sample.whole_hash] = sample
        rows[name] = tuple(sorted(chosen.values(), key=lambda sample: sample.graph_id))
        whole.update(chosen)
        masked.update(sample.masked_hash for sample in chosen.values())
    return OperatorRows(rows, repeated, leaked)


def _samples(
    architectures: Sequence[Architecture],
    regions_of: dict[str, list[Region]],
    vocabulary: Vocabulary,
    secret: str | None,
) -> Iterator[OperatorSample]:
    for architecture in architectures:
        classes = vocabulary.encode(architecture.dag.signatures(vocabulary.signature))
        for region in regions_of[architecture.graph_id]:
            name = f"{architecture.graph_id}-c{region.number}"
            sample = sample_of(region, classes, name if secret is None else keyed_name(secret, name))
            if len(sample.mask_index):
                yield sample


def sample_of(region: Region, classes: Int32Array, graph_id: str = "") -> OperatorSample:
    """The row of a region; `classes` are those of the whole architecture, int32 [N]."""
    features = classes[region.nodes]
    targets = region.masked & (features != UNK)
    shown = np.where(targets, MASK, features).astype(np.int32)
    return OperatorSample(
        graph_id, shown, region.edge_index, np.flatnonzero(targets).astype(np.int32), features[targets]
    )
