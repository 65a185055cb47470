"""Opening a built dataset repo, and the answers that belong to it, straight from their Parquet files.

This is the reader of everything that must not depend on `datasets`: the validation and scoring of submissions, the
statistics, the board.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from younger_hf.dataset.schema import CONFIGS
from younger_hf.errors import DatasetError

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Release:
    """A dataset repo in a local folder.

    Attributes:
        root: The folder with `README.md`, `manifest.json` and one folder a config.
        version: Version of the release, as `0.1.0`.
        content_hash: `sha256:` and 64 hex digits over every data file.
        rows: config -> split -> number of rows.
        files: config -> split -> path of the Parquet file relative to `root`.
    """

    root: Path
    version: str
    content_hash: str
    rows: Mapping[str, Mapping[str, int]]
    files: Mapping[str, Mapping[str, str]]

    def table(self, config: str, split: str, columns: Sequence[str] | None = None) -> pa.Table:
        """One split of one config as an Arrow table.

        Raises:
            DatasetError: If the config or split is not in the release, or its file is missing or damaged.
        """
        self.check_config(config)
        if split not in self.files[config]:
            raise DatasetError(
                f"{self.root}: config {config!r} has no split {split!r}; expected one of: {', '.join(self.files[config])}."
            )
        return read_parquet(self.root / self.files[config][split], columns)

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
    """The hidden answers of a release: one Parquet file a track, with `graph_id` and `y`.

    Attributes:
        root: The folder that holds them; never inside the dataset repo.
        content_hash: `content_hash` of the release they belong to.
    """

    root: Path
    content_hash: str

    def table(self, track: str) -> pa.Table:
        """The answers of one track, in the order of the track's test rows.

        Raises:
            DatasetError: If the track has no answers here, or its file is damaged.
        """
        return read_parquet(self.root / f"{track}.parquet")


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
    try:
        configs = manifest["configs"]
        ordered = {config: configs[config] for config in CONFIGS if config in configs}
        return Release(
            root=folder,
            version=manifest["version"],
            content_hash=manifest["content_hash"],
            rows={
                config: {split: info["rows"] for split, info in splits.items()} for config, splits in ordered.items()
            },
            files={
                config: {split: info["path"] for split, info in splits.items()} for config, splits in ordered.items()
            },
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise DatasetError(
            f"{folder / MANIFEST}: no valid manifest ({error!r}).", "Build the dataset again."
        ) from error


def open_answers(root: str | Path) -> Answers:
    """Open the folder with the answers of a locally built dataset.

    Raises:
        DatasetError: If the folder is missing or empty, or holds no answers.
    """
    folder = Path(root)
    manifest = _manifest(folder, "answers", "`younger-hf build` writes them beside the dataset, in `PATH-answers`.")
    if not isinstance(manifest.get("content_hash"), str):
        raise DatasetError(
            f"{folder / MANIFEST}: no valid manifest (it has no content_hash).", "Build the dataset again."
        )
    return Answers(root=folder, content_hash=manifest["content_hash"])


def read_parquet(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Read one Parquet file whole.

    Raises:
        DatasetError: If it is missing or damaged.
    """
    try:
        return pq.ParquetFile(path).read(columns=list(columns) if columns is not None else None)
    except FileNotFoundError as error:
        raise DatasetError(f"{path}: the file is missing.", "Build or download the dataset again.") from error
    except (pa.ArrowInvalid, OSError) as error:
        raise DatasetError(
            f"{path}: no readable Parquet file ({error}).", "Build or download the dataset again."
        ) from error


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
    return manifest
