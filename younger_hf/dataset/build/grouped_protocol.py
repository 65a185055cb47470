"""The protocol of this dataset: groups are split, test rows are hidden and appear nowhere else."""

from __future__ import annotations

from collections.abc import Sequence

from younger_hf.dataset.architecture import Architecture
from younger_hf.dataset.build.groups import group
from younger_hf.dataset.build.leak_check import check_leaks
from younger_hf.dataset.build.protocol_rows import ProtocolRows, Report
from younger_hf.dataset.build.split import split
from younger_hf.dataset.build.tables import Samples, build_tables
from younger_hf.dataset.build.build_vocabulary import build_vocabulary
from younger_hf.dataset.partition import Split
from younger_hf.task_types import SIGNATURES
from younger_hf.dataset.tasks.dataflow import HeldOut, hold_out, operator_pairs
from younger_hf.dataset.tasks.novel import novel_regions, without_answered
from younger_hf.dataset.tasks.operator import operator_rows, regions


def grouped_rows(architectures: Sequence[Architecture], secret: str, report: Report = lambda _: None) -> ProtocolRows:
    """Split architectures by group and build every task's rows.

    Args:
        architectures: Distinct architectures, ordered by graph_id.
        secret: The host's secret, which decides what is tested.
        report: Called with the name of each step as it begins.

    Raises:
        DatasetError: If a test row leaks.
    """
    report("Grouping near-duplicates and splitting")
    grouping = group(architectures)
    parts = split(architectures, grouping, secret)
    report("Building vocabularies")
    built = {kind: build_vocabulary(parts.train, kind) for kind in SIGNATURES}
    vocabularies = {kind: vocabulary for kind, (vocabulary, _) in built.items()}
    report("Finding communities")
    regions_of = {a.graph_id: regions(a) for a in parts.public + parts.operator_test}
    report("Holding out data flows")
    held_out = _hold_out(parts, secret)
    report("Choosing test regions")
    novel, answerable = novel_regions(parts, regions_of, held_out["test"], vocabularies, secret)
    regions_of |= novel
    operator = {kind: operator_rows(parts, regions_of, vocabularies[kind], secret) for kind in SIGNATURES}
    operator, answered = without_answered(operator)
    report("Checking for leaks")
    check_leaks(architectures, grouping, parts, regions_of, operator)
    report("Building rows")
    public = {"train": parts.train, "validation": parts.validation}
    samples = Samples(
        public=public,
        groups={a.graph_id: architectures[first].graph_id for first, a in zip(grouping.groups, architectures, strict=True)},
        generation=public,
        operator={kind: rows.rows for kind, rows in operator.items()},
        dataflow=dict.fromkeys(SIGNATURES, held_out),
        vocabularies=built,
        secret=secret,
    )
    counts = {
        "groups": len(set(grouping.groups)),
        "largest_group": grouping.largest,
        "near_duplicate_threshold": grouping.threshold,
        **{name: len(getattr(parts, name)) for name in ("train", "validation", "operator_test", "dataflow_test")},
        "repeated_rows": sum(rows.repeated for rows in operator.values()),
        "leaking_rows": sum(rows.leaked for rows in operator.values()),
        "answerable_regions": answerable,
        "rows_answered_by_other_test_rows": answered,
    }
    return ProtocolRows(*build_tables(samples), counts)


def _hold_out(parts: Split, secret: str) -> dict[str, list[tuple[Architecture, HeldOut]]]:
    known = operator_pairs(parts.train)
    named = {"train": parts.train, "validation": parts.validation, "test": parts.dataflow_test}
    return {
        name: [(a, sample) for a in items if (sample := hold_out(a, known, secret)) is not None]
        for name, items in named.items()
    }
