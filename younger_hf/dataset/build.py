"""Distinct models -> a dataset repo: deduplicate, group, split, tasks, leak check, write, card."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa

from younger_hf.dataset.architecture import Architecture, Provenance
from younger_hf.dataset.card import write_card
from younger_hf.dataset.deduplicate import deduplicate
from younger_hf.dataset.groups import group
from younger_hf.dataset.leaks import check_leaks
from younger_hf.dataset.release import Release
from younger_hf.dataset.schema import SIGNATURES, splits_of
from younger_hf.dataset.split import Split, split
from younger_hf.dataset.tables import architecture_table, dataflow_tables, generation_table, operator_tables
from younger_hf.dataset.tasks.dataflow import HeldOut, hold_out, operator_pairs
from younger_hf.dataset.tasks.operator import OperatorRows, independent, operator_rows, regions
from younger_hf.dataset.vocabulary import build_vocabulary
from younger_hf.dataset.write import write_answers, write_release
from younger_hf.errors import DatasetError
from younger_hf.graph.dag import Dag
from younger_hf.graph.vocabulary import Signature, Vocabulary

FEWEST_ARCHITECTURES = 10
"""A dataset of fewer architectures cannot be split."""

Report = Callable[[str], None]


@dataclass(frozen=True)
class BuildStatistics:
    """Counts of one build, for the card and the console.

    Attributes:
        models: Models that went in.
        architectures: Distinct architectures.
        hash_collisions: Architectures that share a WL hash without being isomorphic.
        groups: Architecture groups.
        near_duplicate_threshold: Jaccard similarity above which architectures share a group.
        train: Training architectures.
        validation: Validation architectures.
        operator_test: Test architectures of the operator task.
        dataflow_test: Test architectures of the data-flow task.
        repeated_rows: Operator rows dropped as repetitions, both signatures together.
        leaking_rows: Operator rows dropped because an earlier split has one that looks the same, both signatures
            together.
    """

    models: int
    architectures: int
    hash_collisions: int
    groups: int
    near_duplicate_threshold: float
    train: int
    validation: int
    operator_test: int
    dataflow_test: int
    repeated_rows: int
    leaking_rows: int


def build(
    models: Iterable[tuple[Dag, Provenance]],
    root: Path,
    answers: Path,
    *,
    version: str,
    secret: str,
    public_secret: bool = False,
    report: Report = lambda _: None,
) -> tuple[Release, BuildStatistics]:
    """Write the dataset repo and, in a folder of their own, the hidden answers.

    The same models, version and secret give the same bytes, in whatever order the models come.

    Args:
        models: The Dag of every model, with where it comes from.
        root: Folder of the dataset repo.
        answers: Folder of the answers; must lie outside `root`.
        version: Version of the release, as `0.1.0`.
        secret: The host's secret, which decides what is tested.
        public_secret: Whether that secret is public; the card then says so.
        report: Called with the name of each step as it begins.

    Raises:
        DatasetError: If there are too few architectures to fill every split, the answers would lie inside the repo,
            or a test row leaks.
    """
    if answers.resolve().is_relative_to(root.resolve()):
        raise DatasetError(
            f"{answers}: the answers must not lie inside the dataset repo {root}.", "Choose another folder for them."
        )
    report("Deduplicating architectures")
    distinct = deduplicate(models)
    architectures = tuple(a for a in distinct.architectures if a.dag.num_nodes)
    if len(architectures) < FEWEST_ARCHITECTURES:
        raise DatasetError(
            f"There are {len(architectures)} distinct architectures, expected at least {FEWEST_ARCHITECTURES} to split.",
            "Add models.",
        )
    report("Grouping near-duplicates and splitting")
    grouping = group(architectures)
    parts = split(architectures, grouping, secret)
    report("Building vocabularies")
    built = {kind: build_vocabulary(parts.train, kind) for kind in SIGNATURES}
    vocabularies = {kind: vocabulary for kind, (vocabulary, _) in built.items()}
    report("Finding communities")
    regions_of = {a.graph_id: regions(a) for a in parts.public + parts.operator_test}
    for architecture in parts.operator_test:
        regions_of[architecture.graph_id] = independent(regions_of[architecture.graph_id], secret)
    operator = {kind: operator_rows(parts, regions_of, vocabularies[kind], secret) for kind in SIGNATURES}
    report("Holding out data flows")
    held_out = _hold_out(parts, secret)
    report("Checking for leaks")
    check_leaks(architectures, grouping, parts, regions_of, operator)
    report("Writing files")
    tables: dict[str, dict[str, pa.Table]] = {"architectures": _architectures(parts, vocabularies)}
    hidden: dict[str, pa.Table] = {}
    for kind in SIGNATURES:
        for task, rows in (
            ("operator", _operator(operator[kind], kind)),
            ("dataflow", _dataflow(held_out, vocabularies[kind], secret)),
        ):
            tables[f"{task}_{kind}"] = {name: table for name, (table, _) in rows.items()}
            hidden[f"{task}_{kind}"] = rows["test"][1]
        config = f"generation_{kind}"
        public = {"train": parts.train, "validation": parts.validation}
        tables[config] = {name: generation_table(config, items, vocabularies[kind]) for name, items in public.items()}
        tables[f"vocabulary_{kind}"] = {"train": built[kind][1]}
    _check_filled(tables)
    release = write_release(root, tables, version)
    write_answers(answers, hidden, release.content_hash)
    statistics = BuildStatistics(
        models=distinct.num_models,
        architectures=len(architectures),
        hash_collisions=distinct.hash_collisions,
        groups=len(set(grouping.groups)),
        near_duplicate_threshold=grouping.threshold,
        train=len(parts.train),
        validation=len(parts.validation),
        operator_test=len(parts.operator_test),
        dataflow_test=len(parts.dataflow_test),
        repeated_rows=sum(rows.repeated for rows in operator.values()),
        leaking_rows=sum(rows.leaked for rows in operator.values()),
    )
    write_card(release, asdict(statistics), public_secret=public_secret)
    return release, statistics


def _check_filled(tables: dict[str, dict[str, pa.Table]]) -> None:
    for config, splits in tables.items():
        for name in splits_of(config):
            if not splits[name].num_rows:
                raise DatasetError(
                    f"The split {name!r} of {config!r} would have no rows: there are too few architectures to fill every split.",
                    "Add models, or split with another secret (--secret-file).",
                )


def _hold_out(parts: Split, secret: str) -> dict[str, list[tuple[Architecture, HeldOut]]]:
    known = operator_pairs(parts.train)
    named = {"train": parts.train, "validation": parts.validation, "test": parts.dataflow_test}
    return {
        name: [(a, sample) for a in items if (sample := hold_out(a, known, secret)) is not None]
        for name, items in named.items()
    }


def _architectures(parts: Split, vocabularies: Mapping[Signature, Vocabulary]) -> dict[str, pa.Table]:
    named = {"train": parts.train, "validation": parts.validation}
    return {
        name: architecture_table(items, vocabularies["w_attrs"], vocabularies["wo_attrs"])
        for name, items in named.items()
    }


def _operator(rows: OperatorRows, kind: str) -> dict[str, tuple[pa.Table, pa.Table]]:
    return {
        name: operator_tables(f"operator_{kind}", samples, hide=name == "test") for name, samples in rows.rows.items()
    }


def _dataflow(
    held_out: dict[str, list[tuple[Architecture, HeldOut]]], vocabulary: Vocabulary, secret: str
) -> dict[str, tuple[pa.Table, pa.Table]]:
    config = f"dataflow_{vocabulary.signature}"
    return {
        name: dataflow_tables(config, samples, vocabulary, secret, hide=name == "test")
        for name, samples in held_out.items()
    }
