"""The export stage: every candidate's ONNX in one folder, resumable, one crash or hang costing one model."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import TimeoutError as FutureTimeout
from concurrent.futures import as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import file_digest, sha256
from importlib.metadata import PackageNotFoundError, version
from multiprocessing import get_context, resource_tracker
from pathlib import Path
from textwrap import shorten
from time import perf_counter
from typing import Any, Literal

import onnx
from pebble import ProcessExpired, ProcessPool

from younger_hf.errors import ExportError, MissingDependencyError, YoungerError
from younger_hf.retrieve.candidate import Candidate

EXPORT_VERSION = 3
"""Raised when the same candidate gives another file, so that what was exported before is exported again."""

MODELS_A_WORKER = 16
"""Exports after which a worker process is replaced, so that what libraries keep does not add up."""

LOG = "export.log"
"""File in the stage's folder with whatever libraries said while they exported."""

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
        num_bytes: Size of the file.
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
    num_bytes: int


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
    Files are written whole or not at all, and without weights. Memory is not limited here: what torch reserves is far more than
    what it uses.

    Args:
        candidates: What to export.
        folder: The stage's folder; made if it is missing.
        workers: Processes at a time.
        timeout: Longest export of one model in seconds; it is then stopped and recorded as failed.
        on_progress: Called after each candidate with its record, how many are done and how many there are.

    Returns:
        One record a candidate, in their order.

    Raises:
        ExportError: If the folder cannot be made, or worker processes cannot be started.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportError(f"{folder}: the folder for exported models cannot be made ({error.strerror}).") from error
    records = {c.id: record for c in candidates if (record := _finished(c, folder)) is not None}
    for done, record in enumerate(records.values(), start=1):
        _tell(on_progress, record, done, len(candidates))
    waiting = [candidate for candidate in candidates if candidate.id not in records]
    if waiting:
        (folder / LOG).write_bytes(b"")
        workers = min(workers, len(waiting))
        start = (_start_worker, (folder / LOG, workers))
        # spawn: a forked child of a process with threads can hang in torch
        pool: Any = ProcessPool(workers, MODELS_A_WORKER, *start, context=get_context("spawn"))
        try:
            with _interrupts_held():
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


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Processes that are started within, or by threads that are, never see Ctrl-C: to end them is the pool's business.

    A terminal sends it to them as well, and one that is still starting would print a traceback.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # it lifts the block when it starts
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _start_worker(log: Path, workers: int) -> None:
    """Keep what libraries print away from the terminal, and workers from competing for the same cores."""
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    for stream in (1, 2):
        os.dup2(descriptor, stream)
    os.close(descriptor)
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // workers)))


def _export(candidate: Candidate, folder: Path) -> ExportRecord:
    """Export one candidate; runs in a worker process."""
    started = perf_counter()
    try:
        model = _model(candidate)
        payload = model.SerializeToString(deterministic=True)
        _record_path(candidate.id, folder).unlink(missing_ok=True)  # it is of another file, if there is one
        _write(_model_path(candidate.id, folder), payload)
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
            num_bytes=len(payload),
        )
        _keep(record, folder)
    except YoungerError as error:
        return _failure(candidate, error.message)
    except Exception as error:  # a defect in the export of one model must not cost the others
        return _failure(
            candidate, f"The export failed unexpectedly: {type(error).__name__}: {shorten(str(error), 300)}"
        )
    return record


def _model(candidate: Candidate) -> onnx.ModelProto:
    kind = candidate.recipe["kind"]
    if kind == "file":
        from younger_hf.export.strip import drop_weights
        from younger_hf.graph.wire import read_model

        return drop_weights(read_model(candidate.recipe["path"])[0])
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
    except BrokenProcessPool as error:
        raise ExportError(
            f"The worker processes that export models ended before they began ({error}).",
            "Start fewer of them (--workers 1) if memory is short; a script that exports needs `if __name__ == '__main__':`.",
        ) from error
    if record.status == "failed":
        _model_path(candidate.id, folder).unlink(missing_ok=True)
        _keep(record, folder)
    return record


def _failure(candidate: Candidate, reason: str) -> ExportRecord:
    versions, stamp = _versions(candidate), _stamp(candidate)
    return ExportRecord(candidate.id, "failed", reason, stamp, _exporter(candidate), versions, {}, 0.0, 0, 0)


def _finished(candidate: Candidate, folder: Path) -> ExportRecord | None:
    """The record of an export that need not be done again."""
    record = read_record(_record_path(candidate.id, folder))
    if record is None or record.status != "done" or record.stamp != _stamp(candidate):
        return None
    try:
        return record if _model_path(candidate.id, folder).stat().st_size == record.num_bytes else None
    except OSError:
        return None


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
            with Path(recipe["path"]).open("rb") as file:
                recipe["sha256"] = file_digest(file, "sha256").hexdigest()
        except OSError:
            recipe["sha256"] = ""
    known = {"export": EXPORT_VERSION, "recipe": recipe, "versions": _versions(candidate)}
    return sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()


def _model_path(name: str, folder: Path) -> Path:
    return folder / f"{name}.onnx"


def _record_path(name: str, folder: Path) -> Path:
    return folder / f"{name}.json"


def _keep(record: ExportRecord, folder: Path) -> None:
    _write(_record_path(record.id, folder), (json.dumps(asdict(record), indent=2) + "\n").encode())


def _write(path: Path, payload: bytes) -> None:
    partial = path.with_name(f"{path.name}.partial")
    partial.write_bytes(payload)
    partial.replace(path)


def _tell(on_progress: Progress | None, record: ExportRecord, done: int, total: int) -> None:
    if on_progress is not None:
        on_progress(record, done, total)
