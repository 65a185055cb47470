"""Writing a dataset repo: Parquet data and `manifest.json`, with the answers in another folder."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType

import pyarrow as pa
import pyarrow.parquet as pq

from younger_hf.dataset.read.release import (
    FORMAT,
    MANIFEST,
    Answers,
    DataFile,
    Release,
    content_hash_of,
    open_release,
    sha256_of,
)
from younger_hf.dataset.schema import CONFIGS, possible_splits_of, schema_of
from younger_hf.tasks import SUBMISSION_TRACKS, task_of
from younger_hf.dataset.seal import SUFFIX, seal_table
from younger_hf.files import PARTIAL, replacing, write_json

_DELTAS = ("edge_index", "pair_index", "input_node")
_DICTIONARIES = ("node_feat", "node_feat_w", "node_feat_wo", "y", "input_kind", "input_dtype")
_LEVEL = 9
"""Compression level of zstd.

Files are a fifth larger at 3, and a tenth smaller at 19, which takes thirty times as long.
"""


def write_release(
    root: Path,
    tables: Mapping[str, Mapping[str, pa.Table]],
    version: str,
    record: Mapping[str, object] = MappingProxyType({}),
) -> Release:
    """Write every config's data files and the manifest; `card.write_card` writes the card.

    The same tables always give the same bytes, whatever an earlier build left in the folder,
    finished or not. Splits without rows are left out: `datasets` cannot read an empty Parquet file.

    Args:
        root: Folder of the dataset repo; created if it is missing.
        tables: config -> split -> rows with the columns of `schema_of(config)`.
        version: Version of the release, such as `0.1.0`.
        record: How it was built (`Release.record`), for the card.

    Returns:
        The release, opened again from what was written.
    """
    configs: dict[str, dict[str, DataFile]] = {}
    for config in (config for config in CONFIGS if config in tables):
        configs[config] = {}
        for split in possible_splits_of(config):
            if split in tables[config] and tables[config][split].num_rows:
                table = tables[config][split].cast(schema_of(config))
                path = root / config / f"{split}-00000-of-00001.parquet"
                write_parquet(path, table)
                name, size = path.relative_to(root).as_posix(), path.stat().st_size
                configs[config][split] = DataFile(table.num_rows, name, size, sha256_of(path))
    manifest = {
        "version": version,
        "content_hash": content_hash_of(configs),
        "configs": {
            config: {split: asdict(file) for split, file in splits.items()} for config, splits in configs.items()
        },
        "built": dict(record),
    }
    _write_manifest(root, manifest)
    release = open_release(root)
    _sweep(root, {file.path for splits in configs.values() for file in splits.values()})
    return release


def _write_manifest(root: Path, values: Mapping[str, object]) -> None:
    root.mkdir(parents=True, exist_ok=True)
    write_json(root / MANIFEST, {"format": FORMAT, **values})


def _sweep(root: Path, known: Collection[str]) -> None:
    """Remove files left by an earlier build that the manifest does not name, finished or not."""
    for config in CONFIGS:
        for path in (root / config).glob("*"):
            if path.suffix in (".parquet", PARTIAL) and path.relative_to(root).as_posix() not in known:
                path.unlink()
        if (root / config).is_dir() and not any((root / config).iterdir()):
            (root / config).rmdir()


def write_answers(root: Path, tables: Mapping[str, pa.Table], content_hash: str) -> None:
    """Write the hidden answers of a release.

    Args:
        root: Folder for the answers; must not lie inside the dataset repo.
        tables: track -> rows with the columns of `task_of(track).answers`.
        content_hash: Content hash of the release.
    """
    for track, table in tables.items():
        write_parquet(root / f"{track}.parquet", table.cast(task_of(track).answers))
    for track in set(SUBMISSION_TRACKS) - set(tables):
        (root / f"{track}.parquet").unlink(missing_ok=True)
    _write_manifest(root, {"content_hash": content_hash, "tracks": sorted(tables)})


def seal_answers(answers: Answers, root: Path, key: bytes) -> None:
    """Write an encrypted copy of the answers, which may be published.

    Args:
        answers: The answers of a build.
        root: Folder for the sealed copy.
        key: The host's key.
    """
    for track in answers.tracks:
        seal_table(answers.table(track), root / f"{track}{SUFFIX}", key, answers.content_hash, track)
    _write_manifest(root, {"content_hash": answers.content_hash, "tracks": list(answers.tracks), "sealed": True})


def write_parquet(path: Path, table: pa.Table) -> None:
    """Write one small Parquet file.

    Node numbers are delta-encoded and classes dictionary-encoded; it has zstd compression,
    checksums and row groups of 256 rows.
    """
    leaves = {name: _leaf(table.schema.field(name)) for name in table.column_names}
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as partial:
        pq.write_table(
            table.replace_schema_metadata(None),
            partial,
            compression="zstd",
            compression_level=_LEVEL,
            row_group_size=256,
            write_page_checksum=True,
            use_dictionary=[leaves[name] for name in _DICTIONARIES if name in leaves],
            column_encoding={leaves[name]: "DELTA_BINARY_PACKED" for name in _DELTAS if name in leaves},
        )


def _leaf(field: pa.Field) -> str:
    """Parquet's dotted path of a list column's innermost values."""
    path: str = field.name
    kind = field.type
    while pa.types.is_list(kind):
        path, kind = f"{path}.list.element", kind.value_type
    return path
