"""Choosing test regions whose answers appear in no public architecture and no other test row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from younger_hf.dataset.architecture import Architecture
from younger_hf.dataset.partition import Split
from younger_hf.dataset.tasks.dataflow import HeldOut
from younger_hf.dataset.tasks.operator import OperatorRows, Region, independent, sample_of
from younger_hf.dataset.tasks.region_lookup import crossing_rows, embedded_rows, independent_rows
from younger_hf.graph.vocabulary import Signature, Vocabulary


def novel_regions(
    split: Split,
    regions_of: Mapping[str, Sequence[Region]],
    flows: Sequence[tuple[Architecture, HeldOut]],
    vocabularies: Mapping[Signature, Vocabulary],
    secret: str,
) -> tuple[dict[str, list[Region]], int]:
    """Choose test regions that nothing public answers and that do not show each other's answers.

    Blocks repeat across architectures that are otherwise new: wherever a region occurs in public
    ones, its answers can be looked up. A region is left out if either signature has an answer
    there, or if it occurs in a data-flow test row, which shows every operator.

    Args:
        split: The architectures of each split.
        regions_of: graph_id of each test architecture -> its regions.
        flows: The data-flow test rows.
        vocabularies: The vocabularies of both signatures.
        secret: Decides which of two regions of an architecture stays.

    Returns:
        graph_id of each test architecture -> its regions, and how many were left out because
        something public answers them.
    """
    candidates = [region for a in split.operator_test for region in regions_of[a.graph_id]]
    answered = np.zeros(len(candidates), dtype=bool)
    for kind, vocabulary in vocabularies.items():
        classes = {a.graph_id: vocabulary.encode(a.dag.signatures(kind)) for a in split.public + split.operator_test}
        public = [(classes[a.graph_id], a.dag.edge_index) for a in split.public]
        samples = [sample_of(region, classes[region.architecture.graph_id]) for region in candidates]
        rows = np.flatnonzero([len(sample.mask_index) > 0 for sample in samples])
        patterns = [samples[row].pattern for row in rows]
        shown = [
            (vocabulary.encode(a.dag.signatures(kind))[held.nodes], held.edge_index, held.pair_index)
            for a, held in flows
        ]
        answered[rows] |= embedded_rows(public, patterns) | crossing_rows(shown, patterns)
    left = {a.graph_id: list[Region]() for a in split.operator_test}
    for region, drop in zip(candidates, answered.tolist(), strict=True):
        if not drop:
            left[region.architecture.graph_id].append(region)
    return {name: independent(items, secret) for name, items in left.items()}, int(answered.sum())


def without_answered(operator: Mapping[Signature, OperatorRows]) -> tuple[dict[Signature, OperatorRows], int]:
    """Drop test rows that other test rows answer, in both signatures alike.

    Ids of test rows are keyed hashes, so the secret decides which of two rows stays.

    Returns:
        The remaining rows, and how many were dropped, both signatures together.
    """
    dropped: set[str] = set()
    for rows in operator.values():
        left = [sample for sample in rows.rows["test"] if sample.graph_id not in dropped]
        stays = independent_rows([sample.pattern for sample in left])
        dropped |= {sample.graph_id for sample, keep in zip(left, stays.tolist(), strict=True) if not keep}
    remaining = {}
    for kind, rows in operator.items():
        test = tuple(sample for sample in rows.rows["test"] if sample.graph_id not in dropped)
        remaining[kind] = replace(rows, rows={**rows.rows, "test": test})
    return remaining, sum(len(operator[kind].rows["test"]) - len(remaining[kind].rows["test"]) for kind in operator)
