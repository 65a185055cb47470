"""Test regions that must be predicted: neither public architectures nor other test rows show their answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from younger_hf.dataset.architecture import Architecture
from younger_hf.dataset.audit.crossing import crossing_rows
from younger_hf.dataset.audit.embedded import embedded_rows, independent_rows
from younger_hf.dataset.build.split import Split
from younger_hf.dataset.tasks.dataflow import HeldOut
from younger_hf.dataset.tasks.operator import OperatorRows, OperatorSample, Region, independent, sample_of
from younger_hf.graph.identity.search_pattern import Pattern
from younger_hf.graph.vocabulary import Signature, Vocabulary


def novel_regions(
    split: Split,
    regions_of: Mapping[str, Sequence[Region]],
    flows: Sequence[tuple[Architecture, HeldOut]],
    vocabularies: Mapping[Signature, Vocabulary],
    secret: str,
) -> tuple[dict[str, list[Region]], int]:
    """The regions of test architectures that are no copies of anything public, and of which none shows what another masks.

    Blocks repeat across architectures that are otherwise new: wherever a region lies in public ones, its answers can be looked up. It is
    left out if either signature has an answer there; so is one that lies in a data-flow test row, which shows every operator.

    Args:
        split: The architectures of each split.
        regions_of: graph_id of each test architecture -> its regions.
        flows: The data-flow test rows.
        vocabularies: Those of both signatures.
        secret: Decides which of two regions of an architecture stays.

    Returns:
        graph_id of each test architecture -> its regions, and how many were left out because something public answers them.
    """
    candidates = [region for a in split.operator_test for region in regions_of[a.graph_id]]
    found = np.zeros(len(candidates), dtype=bool)
    for kind, vocabulary in vocabularies.items():
        classes = {a.graph_id: vocabulary.encode(a.dag.signatures(kind)) for a in split.public + split.operator_test}
        public = [(classes[a.graph_id], a.dag.edge_index) for a in split.public]
        samples = [sample_of(region, classes[region.architecture.graph_id]) for region in candidates]
        rows = np.flatnonzero([len(sample.mask_index) > 0 for sample in samples])
        patterns = [_pattern(samples[row]) for row in rows]
        shown = [
            (vocabulary.encode(a.dag.signatures(kind))[held.nodes], held.edge_index, held.pair_index)
            for a, held in flows
        ]
        found[rows] |= embedded_rows(public, patterns) | crossing_rows(shown, patterns)
    left = {a.graph_id: list[Region]() for a in split.operator_test}
    for region, gone in zip(candidates, found.tolist(), strict=True):
        if not gone:
            left[region.architecture.graph_id].append(region)
    return {name: independent(items, secret) for name, items in left.items()}, int(found.sum())


def without_answered(operator: Mapping[Signature, OperatorRows]) -> tuple[dict[Signature, OperatorRows], int]:
    """The rows without those of the test split that other test rows answer, in both signatures alike.

    Ids of test rows are keyed hashes: which of two rows stays is the secret's choice.

    Returns:
        What is left, and how many rows went, both signatures together.
    """
    gone: set[str] = set()
    for rows in operator.values():
        left = [sample for sample in rows.rows["test"] if sample.graph_id not in gone]
        stays = independent_rows([_pattern(sample) for sample in left])
        gone |= {sample.graph_id for sample, keep in zip(left, stays.tolist(), strict=True) if not keep}
    kept = {
        kind: replace(rows, rows={**rows.rows, "test": tuple(s for s in rows.rows["test"] if s.graph_id not in gone)})
        for kind, rows in operator.items()
    }
    return kept, sum(len(operator[kind].rows["test"]) - len(kept[kind].rows["test"]) for kind in operator)


def _pattern(sample: OperatorSample) -> Pattern:
    masked = np.zeros(len(sample.node_feat), dtype=bool)
    masked[sample.mask_index] = True
    return Pattern(sample.node_feat, sample.edge_index, masked)
