"""Attacks on the files themselves: footers, other files, sizes of row groups."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from younger_hf.arrays import Ragged, offsets_of
from younger_hf.dataset.audit.guesses import Guesses, no_guesses
from younger_hf.dataset.audit.order import guess_by_key
from younger_hf.dataset.audit.public_view import Public
from younger_hf.dataset.read.release import MANIFEST
from younger_hf.dataset.read.verify import CARD
from younger_hf.dataset.schema import UNKNOWN_LABEL, schema_of
from younger_hf.task_types import PUBLIC_SPLITS

ARROW_SCHEMA = b"ARROW:schema"
"""The only entry that Arrow itself writes into a footer."""
_LONGEST = 60
"""Most characters in the name of a count, a package or a version."""
_INTEGER = re.compile(rb"-?\d+")


def footers(public: Public, track: str) -> Guesses:
    """Metadata and statistics in the test file's footer, and columns that no row should have.

    A leak: a file rewritten after its answers were hidden keeps statistics of them, and tools write
    what they know into metadata. Integers in metadata are tried as the answers of all rows in turn.
    """
    rows = public.rows(track, "test")
    values = no_guesses(rows)
    path = public.release.root / public.release.files[track]["test"]
    found = []
    with pq.ParquetFile(path) as file:
        entries = {**(file.metadata.metadata or {}), **(file.schema_arrow.metadata or {})}
        columns = set(file.schema_arrow.names)
        statistics = list(_statistics(file.metadata))
    entries.pop(ARROW_SCHEMA, None)
    for key, text in entries.items():
        found.append(f"the footer of {track}/test has an entry {key.decode(errors='replace')!r} of {len(text)} bytes")
        numbers = [float(number) for number in _INTEGER.findall(text)]
        if len(numbers) == sum(len(row.y) for row in rows):
            values = list(Ragged(np.array(numbers), offsets_of(len(row.y) for row in rows)))
    extra = sorted(columns - set(schema_of(track).names))
    found += [f"{track}/test has a column {name!r} that no test row should have" for name in extra]
    found += [
        f"the statistics of y in {track}/test say {low} to {high}, expected {UNKNOWN_LABEL} alone"
        for low, high in statistics
        if (low, high) != (UNKNOWN_LABEL, UNKNOWN_LABEL)
    ]
    return Guesses(tuple(values), tuple(found))


def strange_files(public: Public, track: str) -> Guesses:
    """Files in the dataset's folder, and entries of its manifest, that do not belong to a release.

    A leak: answers were once left in such folders by mistake. The result is the same for every
    track.
    """
    root, rows = public.release.root, public.rows(track, "test")
    named = {MANIFEST, CARD} | {path for files in public.release.files.values() for path in files.values()}
    found = [f"there is a file {name} that the manifest does not name" for name in _files(root) if name not in named]
    manifest = json.loads((root / MANIFEST).read_text(encoding="utf-8"))
    extra = set(manifest) - {"format", "version", "content_hash", "configs", "built"}
    extra |= {f"built: {name}" for name in _strange_record(manifest.get("built", {}))}
    for files in manifest["configs"].values():
        extra |= {key for entry in files.values() for key in entry} - {"rows", "path", "bytes", "sha256"}
    found += [f"the manifest has an entry {name!r} that no manifest should have" for name in sorted(extra)]
    return Guesses(tuple(no_guesses(rows)), tuple(found))


def row_group_sizes(public: Public, track: str) -> Guesses:
    """The operator that goes with the compressed size of a row's row group.

    A leak: sizes may depend only on what the rows show. Sizes are compared with the row groups of
    public splits.
    """
    known_rows = [row for split in PUBLIC_SPLITS for row in public.rows(track, split)]
    known = [size for split in PUBLIC_SPLITS for size in _row_sizes(public, track, split)]
    keys = np.repeat(known, [len(row.y) for row in known_rows])
    rows = public.rows(track, "test")
    wanted = [np.full(len(row.y), size) for row, size in zip(rows, _row_sizes(public, track, "test"), strict=True)]
    return Guesses(guess_by_key(keys, np.concatenate([row.y for row in known_rows]), wanted))


def _strange_record(built: Any) -> set[str]:
    """Entries of the manifest's record of the build that are not settings, counts or versions."""
    expected: dict[str, type] = {"protocol": str, "public_secret": bool, "statistics": dict, "versions": dict}
    if not isinstance(built, dict):
        return {"not an object"}
    strange = {name for name, value in built.items() if not isinstance(value, expected.get(name, type(None)))}
    if strange:
        return strange
    counts, versions = built.get("statistics", {}), built.get("versions", {})
    strange |= {name for name, value in counts.items() if not isinstance(value, int | float) or len(name) > _LONGEST}
    return strange | {n for n, v in versions.items() if not isinstance(v, str) or max(len(n), len(v)) > _LONGEST}


def _row_sizes(public: Public, track: str, split: str) -> list[float]:
    """For each row the compressed bytes per row of its row group."""
    if split not in public.release.configs[track]:
        return []
    metadata = pq.read_metadata(public.release.root / public.release.configs[track][split].path)
    sizes: list[float] = []
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        total = sum(group.column(column).total_compressed_size for column in range(group.num_columns))
        sizes += [total / group.num_rows] * group.num_rows
    return sizes


def _statistics(metadata: pq.FileMetaData) -> Iterator[tuple[int, int]]:
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        for column in map(group.column, range(group.num_columns)):
            if column.path_in_schema.split(".")[0] == "y" and column.statistics and column.statistics.has_min_max:
                yield column.statistics.min, column.statistics.max


def _files(root: Path) -> list[str]:
    """Files of a folder, except those that git and the Hub keep there and the card's figures."""
    paths = (path.relative_to(root) for path in root.rglob("*") if path.is_file())
    return sorted(
        p.as_posix()
        for p in paths
        if not any(part.startswith(".") for part in p.parts) and not p.match("figures/*.png")
    )
