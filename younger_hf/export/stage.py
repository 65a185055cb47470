"""The export stage: every candidate's ONNX in one folder, resumable, one crash or hang costing one model."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import TimeoutError as FutureTimeout
from concurrent.futures import as_completed
from dataclasses import asdict, dataclass
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter
from typing import Any, Literal

import onnx
from pebble import ProcessExpired, ProcessPool

from younger_hf.errors import ExportError, MissingDependencyError, YoungerError
from younger_hf.retrieve.candidate import Candidate

EXPORT_VERSION = 1
"""Raised when the same candidate gives another file, so that what was exported before is exported again."""

MODELS_A_WORKER = 16
"""Exports after which a worker process is replaced, so that what libraries keep does not add up."""

Progress = Callable[["ExportRecord", int, int], None]


@dataclass(frozen=True)
class ExportRecord:
    """What became of one candidate; kept as `<id>.json` beside `<id>.onnx`.

    Attributes:
        id: The candidate's.
        status: `done` or `failed`.
        error: Why it failed, else `""`.
        stamp: Hash of the recipe and of the versions that decide about the result.
        exporter: `torchscript`, or `file` if the model was ONNX already.
        versions: Package -> version that took part.
        overrides: Settings of the model that differ from its defaults; a model is never made smaller without standing here.
        seconds: Wall time of the export.
        num_nodes: Nodes of the exported graph, constants among them.
    """

    id: str
    status: Literal["done", "failed"]
    error: str
    stamp: str
    exporter: str
    versions: dict[str, str]
    overrides: dict[str, Any]
    seconds: float
    num_nodes: int


def export_all(
    candidates: Sequence[Candidate],
    folder: Path,
    *,
    workers: int = 2,
    timeout: float = 300,
    on_progress: Progress | None = None,
) -> tuple[ExportRecord, ...]:
    """Export every candidate to `<folder>/<id>.onnx`, with its record in `<folder>/<id>.json`.

    Candidates whose record says that the same recipe was done by the same versions are not exported again; failed ones are tried again.
    Files are written whole or not at all. Memory is not limited here: what torch reserves is far more than what it uses.

    Args:
        candidates: What to export.
        folder: The stage's folder; made if it is missing.
        workers: Processes at a time.
        timeout: Longest export of one model in seconds; it is then stopped and recorded as failed.
        on_progress: Called after each candidate with its record, how many are done and how many there are.

    Returns:
        One record a candidate, in their order.
    """
    folder.mkdir(parents=True, exist_ok=True)
    records = {c.id: record for c in candidates if (record := _finished(c, folder)) is not None}
    for done, record in enumerate(records.values(), start=1):
        _tell(on_progress, record, done, len(candidates))
    waiting = [candidate for candidate in candidates if candidate.id not in records]
    if waiting:
        # spawn: a forked child of a process with threads can hang in torch
        pool: Any = ProcessPool(workers, max_tasks=MODELS_A_WORKER, context=get_context("spawn"))
        try:
            futures = {pool.schedule(_export, (c, folder), timeout=timeout): c for c in waiting}
            for future in as_completed(futures):
                record = _result(future, futures[future], folder, timeout)
                records[record.id] = record
                _tell(on_progress, record, len(records), len(candidates))
            pool.close()
        except BaseException:
            pool.stop()
            raise
        finally:
            pool.join()
    return tuple(records[candidate.id] for candidate in candidates)


def read_record(path: Path) -> ExportRecord | None:
    """The record in a file; None if there is none, or it is damaged."""
    try:
        return ExportRecord(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _export(candidate: Candidate, folder: Path) -> ExportRecord:
    """Export one candidate; runs in a worker process."""
    started = perf_counter()
    try:
        model = _model(candidate)
    except YoungerError as error:
        return _failure(candidate, error.message)
    payload = model.SerializeToString(deterministic=True)
    _write(folder / f"{candidate.id}.onnx", payload)
    record = ExportRecord(
        id=candidate.id,
        status="done",
        error="",
        stamp=_stamp(candidate),
        exporter=_exporter(candidate),
        versions=_versions(candidate),
        overrides=dict(candidate.recipe.get("overrides", {})),
        seconds=round(perf_counter() - started, 3),
        num_nodes=len(model.graph.node),
    )
    _keep(record, folder)
    return record


def _model(candidate: Candidate) -> onnx.ModelProto:
    kind = candidate.recipe["kind"]
    if kind == "file":
        from younger_hf.graph.wire import read_model

        return read_model(candidate.recipe["path"])[0]
    if kind == "transformers":
        try:
            from younger_hf.export.transformers import export_transformers
        except ModuleNotFoundError as error:
            raise MissingDependencyError(error.name or "torch", "sources") from error
        return export_transformers(candidate.recipe)
    raise ExportError(
        f"{candidate.id}: there is no exporter for recipes of the kind {kind!r}; expected file or transformers."
    )


def _result(future: Any, candidate: Candidate, folder: Path, timeout: float) -> ExportRecord:
    try:
        record: ExportRecord = future.result()
    except FutureTimeout:
        record = _failure(candidate, f"The export took longer than {timeout:g} seconds and was stopped.")
    except ProcessExpired as error:
        record = _failure(candidate, f"The export crashed its process (exit code {error.exitcode}).")
    except Exception as error:  # a defect in the export of one model must not cost the others
        record = _failure(candidate, f"The export failed unexpectedly: {type(error).__name__}: {error}")
    if record.status == "failed":
        _keep(record, folder)
    return record


def _failure(candidate: Candidate, reason: str) -> ExportRecord:
    versions, stamp = _versions(candidate), _stamp(candidate)
    return ExportRecord(candidate.id, "failed", reason, stamp, _exporter(candidate), versions, {}, 0.0, 0)


def _finished(candidate: Candidate, folder: Path) -> ExportRecord | None:
    record = read_record(folder / f"{candidate.id}.json")
    if record is None or record.status != "done" or record.stamp != _stamp(candidate):
        return None
    return record if (folder / f"{candidate.id}.onnx").is_file() else None


def _exporter(candidate: Candidate) -> str:
    return "file" if candidate.recipe["kind"] == "file" else "torchscript"


def _versions(candidate: Candidate) -> dict[str, str]:
    packages = ("onnx",) if candidate.recipe["kind"] == "file" else ("onnx", "torch", "transformers")
    return {package: _version(package) for package in packages}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _stamp(candidate: Candidate) -> str:
    recipe = dict(candidate.recipe)
    if recipe["kind"] == "file":
        try:
            recipe["sha256"] = sha256(Path(recipe["path"]).read_bytes()).hexdigest()
        except OSError:
            recipe["sha256"] = ""
    known = {"export": EXPORT_VERSION, "recipe": recipe, "versions": _versions(candidate)}
    return sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()


def _keep(record: ExportRecord, folder: Path) -> None:
    _write(folder / f"{record.id}.json", (json.dumps(asdict(record), indent=2) + "\n").encode())


def _write(path: Path, payload: bytes) -> None:
    partial = path.with_name(f"{path.name}.partial")
    partial.write_bytes(payload)
    partial.replace(path)


def _tell(on_progress: Progress | None, record: ExportRecord, done: int, total: int) -> None:
    if on_progress is not None:
        on_progress(record, done, total)
