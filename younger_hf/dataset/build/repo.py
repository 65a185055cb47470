"""Building a dataset repo from models: deduplicate, build the rows by a protocol, write, card."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version as version_of
from pathlib import Path

import pyarrow as pa

from younger_hf.dataset.architecture import Architecture, Provenance
from younger_hf.dataset.build.card import write_card
from younger_hf.dataset.build.deduplicate import Deduplication, deduplicate
from younger_hf.dataset.build.grouped_protocol import grouped_rows
from younger_hf.dataset.build.paper_protocol import paper_rows
from younger_hf.dataset.build.protocol_rows import Protocol, Report
from younger_hf.dataset.read.release import Release
from younger_hf.dataset.schema import splits_of
from younger_hf.dataset.build.write_files import write_answers, write_release
from younger_hf.errors import DatasetError
from younger_hf.graph.dag import Dag

FEWEST_ARCHITECTURES = 10
"""A dataset of fewer architectures cannot be split."""

_PACKAGES = ("younger-hf", "numpy", "igraph", "datasketch", "pyarrow")
"""Packages whose version may change rows or bytes.

The archive names those that exported the models.
"""


@dataclass(frozen=True)
class BuildStatistics:
    """Counts of one build, for the card and the console.

    Attributes:
        models: Models that went in.
        hubs: Hubs and libraries that they come from.
        families: Families of architectures that these name.
        architectures: Distinct architectures.
        variants: Those of them that are not as their authors define them: quantised, fused or
            reduced.
        hash_collisions: Architectures that share a WL hash without being isomorphic.
        counts: Counts of the protocol, such as architectures in each split and dropped rows.
    """

    models: int
    hubs: int
    families: int
    architectures: int
    variants: int
    hash_collisions: int
    counts: Mapping[str, int | float]

    def to_dict(self) -> dict[str, int | float]:
        """All counts by name."""
        own = asdict(self)
        del own["counts"]
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

    The same models, version and secret give the same bytes, whatever the order of the models and
    the earlier content of the folders.

    Args:
        models: The Dag of every model, with its provenance.
        root: Folder of the dataset repo.
        answers: Folder of the answers; must lie outside `root`.
        version: Version of the release, such as `0.1.0`.
        secret: The host's secret, which decides what is tested.
        public_secret: Whether that secret is public, for the card.
        protocol: How the rows are built and split.
        report: Called with the name of each step as it begins.

    Raises:
        DatasetError: If there are too few architectures to fill every split, the answers would lie
            inside the repo, or a test row leaks.
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
            f"Expected at least {FEWEST_ARCHITECTURES} distinct architectures to split, found {len(architectures)}.",
            "Add models.",
        )
    rows = grouped_rows(architectures, secret, report) if protocol == "grouped" else paper_rows(architectures, report)
    _check_filled(rows.tables)
    report("Writing files")
    statistics = _statistics(distinct, architectures, rows.counts)
    record = {
        "protocol": protocol,
        "public_secret": public_secret,
        "statistics": statistics.to_dict(),
        "versions": {name: version_of(name) for name in _PACKAGES},
    }
    release = write_release(root, rows.tables, version, record)
    write_answers(answers, rows.answers, release.content_hash)
    write_card(release)
    return release, statistics


def _statistics(
    distinct: Deduplication, architectures: Sequence[Architecture], counts: Mapping[str, int | float]
) -> BuildStatistics:
    sources = [source for a in architectures for source in a.sources]
    return BuildStatistics(
        models=distinct.num_models,
        hubs=len({source.hub for source in sources}),
        families=len({source.family.casefold() for source in sources} - {""}),
        architectures=len(architectures),
        variants=sum(all(source.variant for source in a.sources) for a in architectures),
        hash_collisions=distinct.hash_collisions,
        counts=counts,
    )


def _check_filled(tables: Mapping[str, Mapping[str, pa.Table]]) -> None:
    for config, splits in tables.items():
        for name in splits_of(config):
            if not splits[name].num_rows:
                raise DatasetError(
                    f"The split {name!r} of {config!r} would be empty: there are too few architectures to fill it.",
                    "Add models, or split with another secret (--secret-file).",
                )
