"""Distinct models -> a dataset repo: deduplicate, make the rows by a protocol, write, card."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from younger_hf.dataset.architecture import Provenance
from younger_hf.dataset.card import write_card
from younger_hf.dataset.deduplicate import deduplicate
from younger_hf.dataset.grouped import grouped_rows
from younger_hf.dataset.paper import paper_rows
from younger_hf.dataset.protocol import Protocol, Report
from younger_hf.dataset.release import Release
from younger_hf.dataset.schema import splits_of
from younger_hf.dataset.write import write_answers, write_release
from younger_hf.errors import DatasetError
from younger_hf.graph.dag import Dag

FEWEST_ARCHITECTURES = 10
"""A dataset of fewer architectures cannot be split."""


@dataclass(frozen=True)
class BuildStatistics:
    """Counts of one build, for the card and the console.

    Attributes:
        models: Models that went in.
        architectures: Distinct architectures.
        hash_collisions: Architectures that share a WL hash without being isomorphic.
        counts: What the protocol counted, as architectures in each split and rows that were dropped.
    """

    models: int
    architectures: int
    hash_collisions: int
    counts: Mapping[str, int | float]

    def to_dict(self) -> dict[str, int | float]:
        """All of them by name."""
        own = {"models": self.models, "architectures": self.architectures, "hash_collisions": self.hash_collisions}
        return {**own, **self.counts}


def build(
    models: Iterable[tuple[Dag, Provenance]],
    root: Path,
    answers: Path,
    *,
    version: str,
    secret: str,
    public_secret: bool = False,
    protocol: Protocol = "grouped",
    report: Report = lambda _: None,
) -> tuple[Release, BuildStatistics]:
    """Write the dataset repo and, in a folder of their own, the hidden answers.

    The same models, version and secret give the same bytes, in whatever order the models come, whatever was in the folders before.

    Args:
        models: The Dag of every model, with where it comes from.
        root: Folder of the dataset repo.
        answers: Folder of the answers; must lie outside `root`.
        version: Version of the release, as `0.1.0`.
        secret: The host's secret, which decides what is tested.
        public_secret: Whether that secret is public; the card then says so.
        protocol: How the rows are made and split.
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
    rows = grouped_rows(architectures, secret, report) if protocol == "grouped" else paper_rows(architectures, report)
    _check_filled(rows.tables)
    report("Writing files")
    release = write_release(root, rows.tables, version)
    write_answers(answers, rows.answers, release.content_hash)
    statistics = BuildStatistics(distinct.num_models, len(architectures), distinct.hash_collisions, rows.counts)
    write_card(release, statistics.to_dict(), protocol=protocol, public_secret=public_secret)
    return release, statistics


def _check_filled(tables: Mapping[str, Mapping[str, pa.Table]]) -> None:
    for config, splits in tables.items():
        for name in splits_of(config):
            if not splits[name].num_rows:
                raise DatasetError(
                    f"The split {name!r} of {config!r} would have no rows: there are too few architectures to fill every split.",
                    "Add models, or split with another secret (--secret-file).",
                )
