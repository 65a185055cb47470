"""Reads ONNX files into Dags, one JSON file each, without a workspace."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from younger_hf.errors import YoungerError
from younger_hf.files import write_text
from younger_hf.graph.dag import Dag
from younger_hf.graph.read.extract import from_onnx
from younger_hf.graph.version import EXTRACTOR
from younger_hf.sources.files.folder import folder


@dataclass(frozen=True)
class Extraction:
    """The outcome for one model.

    Attributes:
        id: Name of the model, safe as a file name.
        dag: Its Dag, None if it cannot be read.
        error: Why it cannot be read; `""` if it can.
    """

    id: str
    dag: Dag | None
    error: str = ""


def extract_folder(
    source: Path, out: Path, on_progress: Callable[[Extraction, int, int], None] | None = None
) -> tuple[Extraction, ...]:
    """Read one ONNX file, or every one below a folder, and write each Dag to `<out>/<id>.json`.

    Files that have not changed since are not read again. A file that cannot be read does not stop
    the others.

    Args:
        source: A file or a folder.
        out: Folder for the Dags; created if missing.
        on_progress: Called after each model with its result, the number of models done, and of all.

    Raises:
        SourceError: If the source does not exist, or the folder lacks ONNX files.
    """
    files = {source.stem: source} if source.is_file() else {c.id: Path(c.recipe["path"]) for c in folder(source)}
    out.mkdir(parents=True, exist_ok=True)
    results = []
    for done, (name, file) in enumerate(files.items(), start=1):
        results.append(_extract(name, file, out / f"{name}.json"))
        if on_progress is not None:
            on_progress(results[-1], done, len(files))
    return tuple(results)


def _extract(name: str, path: Path, record: Path) -> Extraction:
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        return Extraction(name, None, f"{path}: cannot be read ({error.strerror}).")
    stamp = {"extractor": EXTRACTOR, "sha256": digest}
    known = _read(record, stamp)
    if known is not None:
        return Extraction(name, known)
    try:
        dag = from_onnx(path)
    except YoungerError as error:
        return Extraction(name, None, error.message)
    write_text(record, json.dumps({"stamp": stamp, "dag": dag.to_dict()}, separators=(",", ":")))
    return Extraction(name, dag)


def _read(record: Path, stamp: dict[str, Any]) -> Dag | None:
    """The Dag of an earlier extraction; None if the file has changed or the record is damaged."""
    try:
        values = json.loads(record.read_text(encoding="utf-8"))
        return Dag.from_dict(values["dag"]) if values["stamp"] == stamp else None
    except (YoungerError, OSError, ValueError, KeyError, TypeError):
        return None
