"""The protocol of this dataset: groups are split, test rows are hidden, and nothing else shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa

from younger_hf.dataset.architecture import Architecture
from younger_hf.dataset.build.groups import Grouping, group
from younger_hf.dataset.build.leak_check import check_leaks
from younger_hf.dataset.build.protocol_rows import ProtocolRows, Report
from younger_hf.task_types import SIGNATURES
from younger_hf.dataset.build.split import Split, split
from younger_hf.dataset.build.tables import (
    architecture_table,
    dataflow_tables,
    generation_table,
    operator_tables,
    prediction_table,
)
from younger_hf.dataset.tasks.dataflow import HeldOut, hold_out, operator_pairs
from younger_hf.dataset.tasks.novel import novel_regions, without_answered
from younger_hf.dataset.tasks.operator import operator_rows, regions
from younger_hf.dataset.build.vocabulary import build_vocabulary
from younger_hf.graph.vocabulary import Signature, Vocabulary


def grouped_rows(architectures: Sequence[Architecture], secret: str, report: Report = lambda _: None) -> ProtocolRows:
    """Split architectures by group and make every task's rows.

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
    report("Making rows")
    tables: dict[str, Mapping[str, pa.Table]] = {
        "architectures": _architectures(parts, grouping, architectures, vocabularies),
        "prediction": {
            name: prediction_table(items, vocabularies["w_attrs"], vocabularies["wo_attrs"])
            for name, items in _public(parts).items()
        },
    }
    answers: dict[str, pa.Table] = {}
    for kind in SIGNATURES:
        vocabulary = vocabularies[kind]
        rows = {
            f"operator_{kind}": {
                name: operator_tables(f"operator_{kind}", samples, hide=name == "test")
                for name, samples in operator[kind].rows.items()
            },
            f"dataflow_{kind}": {
                name: dataflow_tables(f"dataflow_{kind}", samples, vocabulary, secret, hide=name == "test")
                for name, samples in held_out.items()
            },
        }
        for track, splits in rows.items():
            tables[track] = {name: table for name, (table, _) in splits.items()}
            answers[track] = splits["test"][1]
        config = f"generation_{kind}"
        tables[config] = {name: generation_table(config, items, vocabulary) for name, items in _public(parts).items()}
        tables[f"vocabulary_{kind}"] = {"train": built[kind][1]}
    counts = {
        "groups": len(set(grouping.groups)),
        "largest_group": grouping.largest,
        "near_duplicate_threshold": grouping.threshold,
        "train": len(parts.train),
        "validation": len(parts.validation),
        "operator_test": len(parts.operator_test),
        "dataflow_test": len(parts.dataflow_test),
        "repeated_rows": sum(rows.repeated for rows in operator.values()),
        "leaking_rows": sum(rows.leaked for rows in operator.values()),
        "answerable_regions": answerable,
        "rows_answered_by_other_test_rows": answered,
    }
    return ProtocolRows(tables, answers, counts)


def _public(parts: Split) -> dict[str, tuple[Architecture, ...]]:
    return {"train": parts.train, "validation": parts.validation}


def _hold_out(parts: Split, secret: str) -> dict[str, list[tuple[Architecture, HeldOut]]]:
    known = operator_pairs(parts.train)
    named = {**_public(parts), "test": parts.dataflow_test}
    return {
        name: [(a, sample) for a in items if (sample := hold_out(a, known, secret)) is not None]
        for name, items in named.items()
    }


def _architectures(
    parts: Split,
    grouping: Grouping,
    architectures: Sequence[Architecture],
    vocabularies: Mapping[Signature, Vocabulary],
) -> dict[str, pa.Table]:
    """With the group of each: named by its first member, which is as public as the others."""
    first: dict[int, str] = {}
    groups = {
        a.graph_id: first.setdefault(number, a.graph_id)
        for number, a in zip(grouping.groups, architectures, strict=True)
    }
    return {
        name: architecture_table(items, vocabularies["w_attrs"], vocabularies["wo_attrs"], groups)
        for name, items in _public(parts).items()
    }
