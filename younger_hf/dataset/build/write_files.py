"""Arrow tables -> the files of a dataset repo: Parquet data and `manifest.json`; the answers in a folder of their own."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from pathlib import Path
from types import MappingProxyType

import pyarrow as pa
import pyarrow.parquet as pq

from younger_hf.dataset.read.release import (
    FORMAT,
    MANIFEST,
    Answers,
    Release,
    content_hash_of,
    open_release,
    sha256_of,
)
from younger_hf.dataset.schema import CONFIGS, SUBMISSION_TRACKS, answer_schema_of, possible_splits_of, schema_of
from younger_hf.dataset.seal import SUFFIX, seal_table

PARTIAL = ".partial"
"""Ending of a file that is being written."""

_DELTAS = ("edge_index", "pair_index", "input_node")
_DICTIONARIES = ("node_feat", "node_feat_w", "node_feat_wo", "y", "input_kind", "input_dtype")
_LEVEL = 9
"""Of zstd: 3 takes a fifth more, 19 a tenth less and thirty times as long."""


def write_release(
    root: Path,
    tables: Mapping[str, Mapping[str, pa.Table]],
    version: str,
    record: Mapping[str, object] = MappingProxyType({}),
) -> Release:
    """Write every config's data files and the manifest; the card is written by `card.write_card`.

    The same tables give the same bytes, whatever an earlier build, finished or not, left in the folder. A split without rows is left
    out: `datasets` cannot read a Parquet file without any.

    Args:
        root: Folder of the dataset repo; made if it is missing.
        tables: config -> split -> rows with the columns of `schema_of(config)`.
        version: Version of the release, as `0.1.0`.
        record: How it was built (`Release.record`), for the card.

    Returns:
        The release, opened again from what was written.
    """
    configs: dict[str, dict[str, dict[str, object]]] = {}
    rows: dict[str, dict[str, int]] = {}
    files: dict[str, dict[str, str]] = {}
    digests: dict[str, dict[str, str]] = {}
    for config, splits in ((config, tables[config]) for config in CONFIGS if config in tables):
        schema = schema_of(config)
        configs[config], rows[config], files[config], digests[config] = {}, {}, {}, {}
        for split in possible_splits_of(config):
            if split not in splits or not splits[split].num_rows:
                continue
            table = splits[split].cast(schema)
            path = root / config / f"{split}-00000-of-00001.parquet"
            write_parquet(path, table)
            rows[config][split], files[config][split] = table.num_rows, path.relative_to(root).as_posix()
            digests[config][split] = sha256_of(path)
            configs[config][split] = {
                "rows": table.num_rows,
                "path": files[config][split],
                "bytes": path.stat().st_size,
                "sha256": digests[config][split],
            }
    content_hash = content_hash_of(rows, files, digests)
    manifest = {"format": FORMAT, "version": version, "content_hash": content_hash, "configs": configs}
    _write_json(root / MANIFEST, {**manifest, "built": dict(record)})
    release = open_release(root)
    _sweep(root, {path for paths in files.values() for path in paths.values()})
    return release


def _sweep(root: Path, known: Collection[str]) -> None:
    """Remove what an earlier build in this folder left: data files that the manifest does not name, finished or not."""
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
        tables: track -> rows with the columns of `answer_schema_of(track)`.
        content_hash: Content hash of the release.
    """
    for track, table in tables.items():
        write_parquet(root / f"{track}.parquet", table.cast(answer_schema_of(track)))
    for track in set(SUBMISSION_TRACKS) - set(tables):
        (root / f"{track}.parquet").unlink(missing_ok=True)
    _write_json(root / MANIFEST, {"format": FORMAT, "content_hash": content_hash, "tracks": sorted(tables)})


def seal_answers(answers: Answers, root: Path, key: bytes) -> None:
    """Write a copy of the answers that may lie in public.

    Args:
        answers: Those of a build.
        root: Folder of the sealed ones.
        key: The host's key.
    """
    for track in answers.tracks:
        seal_table(answers.table(track), root / f"{track}{SUFFIX}", key, answers.content_hash, track)
    named = {"format": FORMAT, "content_hash": answers.content_hash, "tracks": list(answers.tracks), "sealed": True}
    _write_json(root / MANIFEST, named)


def write_parquet(path: Path, table: pa.Table) -> None:
    """Write one small Parquet file: delta-encoded node numbers, dictionary-encoded classes, zstd, checksums, row groups of 256."""
    leaves = {name: _leaf(table.schema.field(name)) for name in table.column_names}
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(PARTIAL)
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
    partial.replace(path)


def _leaf(field: pa.Field) -> str:
    """Parquet's dotted path of a list column's innermost values."""
    path: str = field.name
    kind = field.type
    while pa.types.is_list(kind):
        path, kind = f"{path}.list.element", kind.value_type
    return path


def _write_json(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(PARTIAL)
    partial.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
    partial.replace(path)
