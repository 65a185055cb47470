"""Opening a built dataset repo, and the answers that belong to it, straight from their Parquet files.

This is the reader of everything that must not depend on `datasets`: the validation and scoring of submissions, the
statistics, the board.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from younger_hf.crypto import key_from_environment
from younger_hf.dataset.schema import CONFIGS, answer_schema_of, possible_splits_of, schema_of
from younger_hf.dataset.seal import SUFFIX, open_table
from younger_hf.errors import DatasetError

MANIFEST = "manifest.json"
FORMAT = 1
"""Version of the layout of files and manifest; raised when a reader must change."""

_DAMAGED = (
    pa.ArrowInvalid,
    pa.ArrowNotImplementedError,
    pa.ArrowTypeError,
    pa.ArrowKeyError,
    pa.ArrowIndexError,
    OSError,
    UnicodeDecodeError,  # a column's name
)
"""What Arrow raises for a damaged file; its bare ArrowException and ArrowMemoryError say nothing about the file."""

_Kind = TypeVar("_Kind", int, str, list[Any], dict[str, Any])
_AGAIN = "Build or download the dataset again."


@dataclass(frozen=True)
class Release:
    """A dataset repo in a local folder.

    Attributes:
        root: The folder with `README.md`, `manifest.json` and one folder a config.
        version: Version of the release, as `0.1.0`.
        content_hash: `sha256:` and 64 hex digits over every data file.
        rows: config -> split -> number of rows.
        files: config -> split -> path of the Parquet file relative to `root`.
        digests: config -> split -> SHA-256 of that file in hex.
        record: How it was built: `protocol`, `public_secret`, `statistics` (name -> count), `versions` (package -> version).
    """

    root: Path
    version: str
    content_hash: str
    rows: Mapping[str, Mapping[str, int]]
    files: Mapping[str, Mapping[str, str]]
    digests: Mapping[str, Mapping[str, str]]
    record: Mapping[str, Any] = field(default_factory=dict)

    def table(self, config: str, split: str, columns: Sequence[str] | None = None) -> pa.Table:
        """One split of one config as an Arrow table.

        Raises:
            DatasetError: If the config or split is not in the release, or its file is missing or damaged.
        """
        self.check_config(config)
        if split not in self.files[config]:
            raise DatasetError(
                f"{self.root}: config {config!r} has no split {split!r}; expected one of: {', '.join(self.files[config])}.",
                "The answers to test rows, and all rows of test architectures, are not public.",
            )
        return read_parquet(self.root / self.files[config][split], schema_of(config), columns)

    def check_config(self, config: str) -> None:
        """Do nothing if the release has the config.

        Raises:
            DatasetError: If it has not.
        """
        if config not in self.files:
            raise DatasetError(
                f"{self.root}: there is no config {config!r}; expected one of: {', '.join(self.files)}.",
                "Run `younger-hf stats DATASET` to see what the dataset holds.",
            )


@dataclass(frozen=True)
class Answers:
    """The hidden answers of a release: one Parquet file a track, with the columns of `answer_schema_of`, in the clear or sealed.

    Attributes:
        root: The folder that holds them; never inside the dataset repo.
        content_hash: `content_hash` of the release they belong to.
        tracks: Tracks that they are for.
        sealed: Whether they are encrypted; the key is then in the environment (`seal.KEY`).
    """

    root: Path
    content_hash: str
    tracks: tuple[str, ...]
    sealed: bool = False

    def table(self, track: str) -> pa.Table:
        """The answers of one track, in the order of the track's test rows.

        Raises:
            DatasetError: If the track has no answers here, its file is damaged, or sealed and the environment has no key for it.
        """
        if self.sealed:
            path = self.root / f"{track}{SUFFIX}"
            return open_table(path, answer_schema_of(track), key_from_environment(), self.content_hash, track)
        return read_parquet(self.root / f"{track}.parquet", answer_schema_of(track))


def default_answers(root: Path) -> Path:
    """Where a build puts the answers unless told otherwise: `PATH-answers`, beside the dataset repo."""
    folder = root if root.name else root.absolute()
    return folder.with_name(f"{folder.name}-answers")


def open_release(root: str | Path) -> Release:
    """Open a dataset repo in a local folder.

    Raises:
        DatasetError: If the folder is missing or empty, or is no dataset repo.
    """
    folder = Path(root)
    manifest = _manifest(folder, "dataset", "Build one with `younger-hf build --preset mini --out PATH`.")
    configs = _entry(folder, manifest, "configs", dict)
    rows: dict[str, dict[str, int]] = {}
    paths: dict[str, dict[str, str]] = {}
    digests: dict[str, dict[str, str]] = {}
    for config in CONFIGS:
        if config in configs:
            splits = _entry(folder, configs, config, dict)
            files = {
                split: _entry(folder, splits, split, dict) for split in possible_splits_of(config) if split in splits
            }
            rows[config] = {split: _entry(folder, file, "rows", int) for split, file in files.items()}
            paths[config] = {split: _entry(folder, file, "path", str) for split, file in files.items()}
            digests[config] = {split: _entry(folder, file, "sha256", str) for split, file in files.items()}
    version, content_hash = _entry(folder, manifest, "version", str), _entry(folder, manifest, "content_hash", str)
    record = _entry(folder, {"built": {}, **manifest}, "built", dict)
    return Release(folder, version, content_hash, rows, paths, digests, record)


def content_hash_of(
    rows: Mapping[str, Mapping[str, int]],
    files: Mapping[str, Mapping[str, str]],
    digests: Mapping[str, Mapping[str, str]],
) -> str:
    """What identifies a release: `sha256:` and 64 hex digits over the path, rows and SHA-256 of every data file."""
    digest = hashlib.sha256()
    for config in sorted(files):
        for split in sorted(files[config]):
            line = f"{files[config][split]} {rows[config][split]} {digests[config][split]}\n"
            digest.update(line.encode())
    return f"sha256:{digest.hexdigest()}"


def sha256_of(path: Path) -> str:
    """SHA-256 of a file in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def open_answers(root: str | Path) -> Answers:
    """Open the folder with the answers of a dataset. Sealed ones are not decrypted before a track is asked for.

    Raises:
        DatasetError: If the folder is missing or empty, or holds no answers.
    """
    folder = Path(root)
    manifest = _manifest(folder, "answers", "`younger-hf build` writes them beside the dataset, in `PATH-answers`.")
    tracks = tuple(map(str, _entry(folder, manifest, "tracks", list)))
    return Answers(folder, _entry(folder, manifest, "content_hash", str), tracks, manifest.get("sealed") is True)


def read_parquet(path: Path, schema: pa.Schema, columns: Sequence[str] | None = None) -> pa.Table:
    """Read one Parquet file whole, its checksums verified.

    Args:
        path: The file.
        schema: Columns that it must have.
        columns: Which of them to read; None for all.

    Raises:
        DatasetError: If it is missing or damaged, or has other columns.
    """
    wanted = schema if columns is None else pa.schema([schema.field(name) for name in columns])
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            found = file.schema_arrow
            for field in wanted:
                if field.name not in found.names or found.field(field.name).type != field.type:
                    kind = found.field(field.name).type if field.name in found.names else "no such column"
                    raise DatasetError(
                        f"{path}: expected a column {field.name!r} of type {field.type}, found {kind}.", _AGAIN
                    )
            return file.read(columns=wanted.names)
    except FileNotFoundError as error:
        raise DatasetError(f"{path}: the file is missing.", _AGAIN) from error
    except _DAMAGED as error:
        raise DatasetError(f"{path}: no readable Parquet file ({error}).", _AGAIN) from error


def _manifest(folder: Path, kind: str, hint: str) -> dict[str, Any]:
    if not folder.is_dir():
        raise DatasetError(f"{folder}: there is no such folder; expected a {kind} folder.", hint)
    path = folder / MANIFEST
    if not path.is_file():
        found = "it is empty" if not any(folder.iterdir()) else f"it has no {MANIFEST}"
        raise DatasetError(f"{folder}: this is no {kind} folder: {found}.", hint)
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise DatasetError(f"{path}: no readable JSON ({error}).", hint) from error
    if not isinstance(manifest, dict):
        raise DatasetError(f"{path}: expected a JSON object, found {type(manifest).__name__}.", hint)
    if manifest.get("format") != FORMAT:
        raise DatasetError(
            f"{path}: expected the format {FORMAT}, found {manifest.get('format')!r}.",
            "pip install --upgrade younger-hf, or build or download the dataset again.",
        )
    return manifest


def _entry(folder: Path, values: Mapping[str, Any], name: str, kind: type[_Kind]) -> _Kind:
    value = values.get(name)
    if not isinstance(value, kind):
        raise DatasetError(
            f"{folder / MANIFEST}: expected {name!r} as {kind.__name__}, found {type(value).__name__}.", _AGAIN
        )
    return value
