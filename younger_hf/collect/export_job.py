"""One model in its worker process: fetched, built, exported to ONNX, and read as a Dag."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from textwrap import shorten
from time import perf_counter
from typing import Any, Literal

import onnx
import pyarrow as pa

from younger_hf.containment.limits import Limits
from younger_hf.containment.processes import bytes_transferred, peak_memory
from younger_hf.containment.sandbox import Sandbox
from younger_hf.errors import MissingDependencyError, SourceError, YoungerError
from younger_hf.export.exported import Exported
from younger_hf.graph.dag import Dag
from younger_hf.graph.read.extract import from_onnx
from younger_hf.graph.version import EXTRACTOR
from younger_hf.graph.views.arrow import dags_to_table
from younger_hf.sources.candidate import Candidate
from younger_hf.sources.registry import find_source
from younger_hf.sources.source import Source, TorchModel

LONGEST_ERROR = 500
"""Characters kept of an error message."""

MISSING = "not installed"
"""Stands for the version of a package that is not installed."""

Reason = Literal["", "fetch", "build", "export", "extract", "time", "memory", "processes", "crash", "sandbox"]
"""The step that failed or the limit that was exceeded; `""` for a model that is done."""


@dataclass(frozen=True)
class ExportResult:
    """The outcome for one candidate.

    Attributes:
        id: The candidate's id.
        stamp: The job's stamp.
        status: `done` or `failed`.
        reason: The step that failed or the limit that was exceeded.
        error: The error in a sentence; `""` if it is done.
        exporter: `torchscript`, `dynamo`, `file`, or the name of another converter.
        opset: Version of the default operator set; 0 if the model came as ONNX.
        extractor: Version of the code that read the Dag from the model.
        versions: Package -> version, of all packages that affect the result.
        notes: Anything else that changes the graph or that users should know.
        seconds: Wall time.
        peak: Most bytes of memory held.
        bytes_read: Bytes that the process read from files and sockets.
        bytes_written: Bytes that the process wrote to files and sockets.
        num_nodes: Operators of the Dag.
        num_edges: Data flows of the Dag.
        wl_hash_w_attrs: The Dag's hash with attributes.
        wl_hash_wo_attrs: The Dag's hash without attributes.
        model: The ONNX file without weights; empty once it is stored.
        dag: The Dag as an Arrow file; empty once it is stored.
    """

    id: str
    stamp: str
    status: Literal["done", "failed"]
    reason: Reason = ""
    error: str = ""
    exporter: str = ""
    opset: int = 0
    extractor: int = EXTRACTOR
    versions: Mapping[str, str] = field(default_factory=dict, hash=False)
    notes: Mapping[str, Any] = field(default_factory=dict, hash=False)
    seconds: float = 0
    peak: int = 0
    bytes_read: int = 0
    bytes_written: int = 0
    num_nodes: int = 0
    num_edges: int = 0
    wl_hash_w_attrs: str = ""
    wl_hash_wo_attrs: str = ""
    model: bytes = field(default=b"", repr=False)
    dag: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class Job:
    """One candidate to work on.

    Attributes:
        candidate: The candidate.
        stamp: Goes into the result; see `run.compute_stamp`.
        exported: An earlier result whose model only has to be read again; None to start from
            scratch.
        model: Path of that model.
    """

    candidate: Candidate
    stamp: str
    exported: ExportResult | None = None
    model: str = ""


def run_job(job: Job, scratch: Path, limits: Limits) -> ExportResult:
    """Work on one candidate in a sandbox that this process can never leave again.

    The result reports every error; a process that ends without a result is the caller's to report.
    """
    started, before = perf_counter(), bytes_transferred()
    sandbox = Sandbox(scratch, limits.file_bytes)
    steps: list[Reason] = ["fetch"]
    outcome: dict[str, Any]
    try:
        outcome = {"status": "done", **_export_and_extract(job, scratch, steps)}
    except YoungerError as error:
        outcome = {"status": "failed", "reason": steps[-1], "error": shorten(error.message, LONGEST_ERROR)}
    except BaseException as error:  # libraries raise anything, and a model's code may call sys.exit
        message = shorten(f"{type(error).__name__}: {error}", LONGEST_ERROR)
        outcome = {"status": "failed", "reason": steps[-1], "error": message}
    if sandbox.refused:
        if outcome["status"] == "failed":
            outcome["reason"] = "sandbox"
        outcome["notes"] = {**outcome.get("notes", {}), "refused_writes": sorted(set(sandbox.refused))[:8]}
    after = bytes_transferred()
    return ExportResult(
        id=job.candidate.id,
        stamp=job.stamp,
        versions=versions_of(job.candidate),
        seconds=round(perf_counter() - started, 3),
        peak=peak_memory(),
        bytes_read=after[0] - before[0],
        bytes_written=after[1] - before[1],
        **outcome,
    )


def failed_result(job: Job, reason: Reason, error: str) -> ExportResult:
    """Return the result of a job whose process ended without one."""
    return ExportResult(job.candidate.id, job.stamp, "failed", reason, error, versions=versions_of(job.candidate))


def versions_of(candidate: Candidate) -> dict[str, str]:
    """Return package -> installed version of all packages that affect a candidate's result."""
    try:
        packages = find_source(candidate.recipe["kind"]).packages
    except SourceError:  # which the job will report
        packages = ()
    return {package: installed_version(package) for package in ("onnx", *packages)}


def is_buildable(candidate: Candidate) -> bool:
    """Tell whether every package that a candidate needs is installed in this environment."""
    return MISSING not in versions_of(candidate).values()


def describe_dag(dag: Dag) -> dict[str, Any]:
    """Return the size and the hashes of a Dag, by the names of `ExportResult`'s attributes."""
    return {
        "num_nodes": dag.num_nodes,
        "num_edges": dag.num_edges,
        "wl_hash_w_attrs": dag.wl_hash("w_attrs"),
        "wl_hash_wo_attrs": dag.wl_hash("wo_attrs"),
    }


def write_dag(dag: Dag) -> bytes:
    """Return a Dag as a compressed Arrow file of one row."""
    table = dags_to_table([dag])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(table)
    payload: bytes = sink.getvalue().to_pybytes()
    return payload


@cache
def installed_version(package: str) -> str:
    """Return the version of a distribution; `MISSING` if it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return MISSING


def _export_and_extract(job: Job, scratch: Path, steps: list[Reason]) -> dict[str, Any]:
    """Return what a successful result reports; append to `steps` whenever the next one begins."""
    if job.exported is not None:
        known = {name: getattr(job.exported, name) for name in ("exporter", "opset", "notes")}
        payload = Path(job.model).read_bytes()
    else:
        recipe = find_source(job.candidate.hub).fetch(job.candidate, scratch)
        steps.append("build")
        exported = _export(find_source(recipe["kind"]), recipe, steps)
        known = {"exporter": exported.exporter, "opset": exported.opset}
        known["notes"] = {**exported.notes, **recipe.get("notes", {})}
        payload = exported.model.SerializeToString(deterministic=True)
    steps.append("extract")
    dag = from_onnx(payload)
    return {**known, **describe_dag(dag), "model": payload, "dag": write_dag(dag)}


def _export(source: Source, recipe: Mapping[str, Any], steps: list[Reason]) -> Exported:
    if source.build is None:
        raise YoungerError(f"Recipes of the kind {source.name!r} have no exporter.")
    _go_offline()
    try:
        with _lazy_weights(source):
            built = source.build(recipe)
    except ModuleNotFoundError as error:
        raise MissingDependencyError(error.name or source.name, source.extra or "sources") from error
    steps.append("export")
    if isinstance(built, TorchModel):
        from younger_hf.export.torch_model import export_torch

        return export_torch(built)
    if isinstance(built, onnx.ModelProto):
        from younger_hf.export.strip_model import drop_weights

        return Exported(drop_weights(built), "file", 0)
    return built


def _go_offline() -> None:
    """Make downloads of weights fail at once, since fetching is over."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    constants = sys.modules.get("huggingface_hub.constants")
    if constants is not None:
        constants.HF_HUB_OFFLINE = True  # type: ignore[attr-defined]  # read from the environment when it was imported


def _lazy_weights(source: Source) -> AbstractContextManager[object]:
    if "torch" not in source.packages:
        return nullcontext()
    from younger_hf.export.lazy_weights import LazyWeights

    return LazyWeights()
