"""The workspace: one folder a stage, each resumable, each file written whole or not at all."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from younger_hf.dataset.architecture import Provenance
from younger_hf.errors import YoungerError
from younger_hf.graph.dag import Dag
from younger_hf.graph.extract import from_onnx

EXTRACTOR = 2
"""Version of what a Dag keeps; raised when the same model gives another Dag, so that older extractions are made again."""


@dataclass(frozen=True)
class Model:
    """A model whose ONNX file is at hand.

    Attributes:
        id: Stable identifier, safe as a file name.
        path: The ONNX file.
        provenance: Where it comes from.
    """

    id: str
    path: Path
    provenance: Provenance


@dataclass(frozen=True)
class Extraction:
    """The result of extracting one model: its Dag, or why there is none."""

    model: Model
    dag: Dag | None
    error: str = ""


def extract_all(
    models: Sequence[Model], folder: Path, on_progress: Callable[[Extraction, int, int], None] | None = None
) -> tuple[Extraction, ...]:
    """Read the Dag of every model, and keep it in `<folder>/<id>.json`; models whose file has not changed are not read again.

    A model that cannot be read costs only itself.

    Args:
        models: What to read.
        folder: The stage's folder; made if it is missing.
        on_progress: Called after each model with its result, how many are done and how many there are.
    """
    folder.mkdir(parents=True, exist_ok=True)
    results = []
    for done, model in enumerate(models, start=1):
        results.append(_extract(model, folder / f"{model.id}.json"))
        if on_progress is not None:
            on_progress(results[-1], done, len(models))
    return tuple(results)


def _extract(model: Model, record: Path) -> Extraction:
    try:
        with model.path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        return Extraction(model, None, f"{model.path}: cannot be read ({error.strerror}).")
    stamp = {"extractor": EXTRACTOR, "sha256": digest}
    known = _read(record, stamp)
    if known is not None:
        return Extraction(model, known)
    try:
        dag = from_onnx(model.path)
    except YoungerError as error:
        return Extraction(model, None, error.message)
    partial = record.with_suffix(".partial")
    partial.write_text(json.dumps({"stamp": stamp, "dag": dag.to_dict()}, separators=(",", ":")), encoding="utf-8")
    partial.replace(record)
    return Extraction(model, dag)


def _read(record: Path, stamp: dict[str, Any]) -> Dag | None:
    """The Dag of an earlier extraction; None if there is none of this very file, or it is damaged."""
    try:
        values = json.loads(record.read_text(encoding="utf-8"))
        return Dag.from_dict(values["dag"]) if values["stamp"] == stamp else None
    except (YoungerError, OSError, ValueError, KeyError, TypeError):
        return None
