"""Opening a built dataset repo, and its answers, straight from their Parquet files.

Everything that must not depend on `datasets` reads a release this way: the validation and scoring
of submissions, the statistics, the board.
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
from younger_hf.dataset.schema import CONFIGS, possible_splits_of, schema_of
from younger_hf.dataset.seal import SUFFIX, open_table
from younger_hf.errors import DatasetError
from younger_hf.tasks import task_of

MANIFEST = "manifest.json"
FORMAT = 1
"""Version of the layout of files and manifest; raised when readers must change."""

_DAMAGED = (
    pa.ArrowInvalid,
    pa.ArrowNotImplementedError,
    pa.ArrowTypeError,
    pa.ArrowKeyError,
    pa.ArrowIndexError,
    OSError,
    UnicodeDecodeError,  # a column's name
)
"""Arrow's errors for a damaged file.

ArrowException itself and ArrowMemoryError have other causes.
"""

_Kind = TypeVar("_Kind", int, str, list[Any], dict[str, Any])
_AGAIN = "Build or download the dataset again."


@dataclass(frozen=True)
class DataFile:
    """One split of one config.

    Attributes:
        rows: Number of rows.
        path: The Parquet file, relative to the release's folder.
        bytes: Size of the file.
        sha256: SHA-256 of the file in hex.
    """

    rows: int
    path: str
    bytes: int
    sha256: str


Configs = Mapping[str, Mapping[str, DataFile]]
"""config -> split -> its file."""


@dataclass(frozen=True)
class Release:
    """A dataset repo in a local folder.

    Attributes:
        root: The folder with `README.md`, `manifest.json` and one folder for each config.
        version: Version of the release, such as `0.1.0`.
        content_hash: `sha256:` and 64 hex digits over every data file.
        configs: config -> split -> its file.
        record: How it was built: `protocol`, `public_secret`, `statistics` (name -> count),
            `versions` (package -> version).
    """

    root: Path
    version: str
    content_hash: str
    configs: Configs
    record: Mapping[str, Any] = field(default_factory=dict)

    @property
    def rows(self) -> dict[str, dict[str, int]]:
        """Config -> split -> number of rows."""
        return {config: {name: file.rows for name, file in splits.items()} for config, splits in self.configs.items()}

    @property
    def files(self) -> dict[str, dict[str, str]]:
        """Config -> split -> path of the Parquet file relative to `root`."""
        return {config: {name: file.path for name, file in splits.items()} for config, splits in self.configs.items()}

    def table(self, config: str, split: str, columns: Sequence[str] | None = None) -> pa.Table:
        """Read one split of one config as an Arrow table.

        Raises:
            DatasetError: If the release does not have the config or split, or its file is missing
                or damaged.
        """
        self.check_config(config)
        splits = self.configs[config]
        if split not in splits:
            raise DatasetError(
                f"{self.root}: config {config!r} has no split {split!r}; expected one of: {', '.join(splits)}.",
                "The answers to test rows, and all rows of test architectures, are not public.",
            )
        return read_parquet(self.root / splits[split].path, schema_of(config), columns)

    def check_config(self, config: str) -> None:
        """Raise DatasetError if the release does not have the config."""
        if config not in self.configs:
            raise DatasetError(
                f"{self.root}: unknown config {config!r}; expected one of: {', '.join(self.configs)}.",
                "Run `younger-hf stats DATASET` to see what the dataset holds.",
            )


@dataclass(frozen=True)
class Answers:
    """The hidden answers of a release: one file for each track, plain or sealed.

    Attributes:
        root: The folder that holds them; never inside the dataset repo.
        content_hash: `content_hash` of the release they belong to.
        tracks: Tracks with answers.
        sealed: Whether they are encrypted; the key is then read from the environment
            (`crypto.KEY`).
    """

    root: Path
    content_hash: str
    tracks: tuple[str, ...]
    sealed: bool = False

    def table(self, track: str) -> pa.Table:
        """Read the answers of one track, in the order of its test rows.

        Raises:
            DatasetError: If the track has no answers, its file is damaged, or it is
                sealed and the environment does not hold its key.
        """
        schema = task_of(track).answers
        if self.sealed:
            path = self.root / f"{track}{SUFFIX}"
            return open_table(path, schema, key_from_environment(), self.content_hash, track)
        return read_parquet(self.root / f"{track}.parquet", schema)


def default_answers(root: Path) -> Path:
    """The default folder for a build's answers: `PATH-answers`, beside the dataset repo."""
    folder = root if root.name else root.absolute()
    return folder.with_name(f"{folder.name}-answers")


def open_release(root: str | Path) -> Release:
    """Open a dataset repo in a local folder.

    Raises:
        DatasetError: If the folder is missing, empty or not a dataset repo.
    """
    folder = Path(root)
    manifest = _manifest(folder, "a dataset", "Build one with `younger-hf build --preset mini --out PATH`.")
    entries = _entry(folder, manifest, "configs", dict)
    configs: dict[str, dict[str, DataFile]] = {}
    for config in (config for config in CONFIGS if config in entries):
        splits = _entry(folder, entries, config, dict)
        configs[config] = {
            split: _data_file(folder, _entry(folder, splits, split, dict))
            for split in possible_splits_of(config)
            if split in splits
        }
    version, content_hash = (_entry(folder, manifest, name, str) for name in ("version", "content_hash"))
    return Release(folder, version, content_hash, configs, _entry(folder, {"built": {}, **manifest}, "built", dict))


def content_hash_of(configs: Configs) -> str:
    """The identity of a release, `sha256:` and 64 hex digits.

    It is a hash over path, rows and SHA-256 of every file.
    """
    digest = hashlib.sha256()
    for _, splits in sorted(configs.items()):
        for _, file in sorted(splits.items()):
            digest.update(f"{file.path} {file.rows} {file.sha256}\n".encode())
    return f"sha256:{digest.hexdigest()}"


def sha256_of(path: Path) -> str:
    """SHA-256 of a file in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def open_answers(root: str | Path) -> Answers:
    """Open the folder with the answers of a dataset.

    Sealed answers are decrypted only when a track is read.

    Raises:
        DatasetError: If the folder is missing or empty, or does not hold answers.
    """
    folder = Path(root)
    manifest = _manifest(folder, "an answers", "`younger-hf build` writes them beside the dataset, in `PATH-answers`.")
    tracks = tuple(map(str, _entry(folder, manifest, "tracks", list)))
    return Answers(folder, _entry(folder, manifest, "content_hash", str), tracks, manifest.get("sealed") is True)


def read_parquet(path: Path, schema: pa.Schema, columns: Sequence[str] | None = None) -> pa.Table:
    """Read one Parquet file whole, verifying its checksums.

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
            types = dict(zip(file.schema_arrow.names, file.schema_arrow.types, strict=True))
            for field in wanted:
                found = types.get(field.name, "none")
                if found != field.type:
                    raise DatasetError(
                        f"{path}: expected a column {field.name!r} of type {field.type}, found {found}.", _AGAIN
                    )
            return file.read(columns=wanted.names)
    except FileNotFoundError as error:
        raise DatasetError(f"{path}: the file is missing.", _AGAIN) from error
    except _DAMAGED as error:
        raise DatasetError(f"{path}: the file cannot be read as Parquet ({error}).", _AGAIN) from error


def _manifest(folder: Path, kind: str, hint: str) -> dict[str, Any]:
    if not folder.is_dir():
        raise DatasetError(f"{folder}: the folder does not exist; expected {kind} folder.", hint)
    path = folder / MANIFEST
    if not path.is_file():
        found = "it is empty" if not any(folder.iterdir()) else f"it has no {MANIFEST}"
        raise DatasetError(f"{folder}: this is not {kind} folder: {found}.", hint)
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise DatasetError(f"{path}: the file cannot be read as JSON ({error}).", hint) from error
    if not isinstance(manifest, dict):
        raise DatasetError(f"{path}: expected a JSON object, found {type(manifest).__name__}.", hint)
    if manifest.get("format") != FORMAT:
        raise DatasetError(
            f"{path}: expected the format {FORMAT}, found {manifest.get('format')!r}.",
            "pip install --upgrade younger-hf, or build or download the dataset again.",
        )
    return manifest


def _data_file(folder: Path, entry: Mapping[str, Any]) -> DataFile:
    path, digest = (_entry(folder, entry, name, str) for name in ("path", "sha256"))
    rows, size = (_entry(folder, entry, name, int) for name in ("rows", "bytes"))
    return DataFile(rows, path, size, digest)


def _entry(folder: Path, values: Mapping[str, Any], name: str, kind: type[_Kind]) -> _Kind:
    value = values.get(name)
    if not isinstance(value, kind):
        raise DatasetError(
            f"{folder / MANIFEST}: expected {name!r} as {kind.__name__}, found {type(value).__name__}.", _AGAIN
        )
    return value
