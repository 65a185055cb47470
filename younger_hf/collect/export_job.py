"""One model's way through a worker process: fetch, build, export, extract."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from contextlib import nullcontext
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
from younger_hf.containment.processes import peak_memory
from younger_hf.containment.sandbox import Sandbox
from younger_hf.errors import MissingDependencyError, SourceError, YoungerError
from younger_hf.export.exported import Exported
from younger_hf.graph.dag import Dag
from younger_hf.graph.read.extract import from_onnx
from younger_hf.graph.version import EXTRACTOR
from younger_hf.graph.views.arrow import dags_to_table
from younger_hf.sources.candidate import Candidate
from younger_hf.sources.deadline import time_limit
from younger_hf.sources.registry import find_source
from younger_hf.sources.source import Source, TorchModel

LONGEST_ERROR = 500
"""Characters kept of what went wrong."""

MISSING = "not installed"
"""Stands for the version of a package that is not there."""

Reason = Literal["", "fetch", "build", "export", "extract", "time", "memory", "processes", "crash", "sandbox"]
"""Where or why a model failed; `""` if it did not."""


@dataclass(frozen=True)
class ExportResult:
    """What became of one candidate.

    Attributes:
        id: The candidate's.
        stamp: The job's.
        status: `done` or `failed`.
        reason: Where or why it failed.
        error: What went wrong, in a sentence; `""` if it is done.
        exporter: `torchscript`, `dynamo`, `file`, or another converter's name.
        opset: Version of the default operator set, 0 if it came as it is.
        extractor: Version of what read the Dag from the model.
        versions: Package -> version that took part.
        notes: What else changes the graph or should be known.
        seconds: Wall time.
        peak: Most bytes of memory that it touched.
        bytes_read: Bytes that the process read from files and sockets.
        bytes_written: Bytes that the process wrote to them.
        num_nodes: Operators of the Dag.
        num_edges: Data flows of the Dag.
        wl_hash_w_attrs: The Dag's hash with attributes.
        wl_hash_wo_attrs: The Dag's hash without.
        model: The stripped ONNX file; empty once it is stored.
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
    """What is to be done about a candidate.

    Attributes:
        candidate: The candidate.
        stamp: What its result will bear.
        exported: An earlier result whose model is only to be read again, by another extractor; None to begin anew.
        model: The file of that model.
    """

    candidate: Candidate
    stamp: str
    exported: ExportResult | None = None
    model: str = ""


def run_job(job: Job, scratch: Path, limits: Limits) -> ExportResult:
    """Work on one candidate within limits that this process cannot leave again.

    Everything that goes wrong is told in the result; what ends the process is told by who started it.
    """
    started, before = perf_counter(), _transferred()
    sandbox = Sandbox(scratch, limits.file_bytes)
    stage: list[Reason] = ["fetch"]
    told: dict[str, Any]
    try:
        with time_limit(limits.seconds):
            told = {"status": "done", **_produce(job, scratch, stage)}
    except YoungerError as error:
        told = {"status": "failed", "reason": stage[-1], "error": shorten(error.message, LONGEST_ERROR)}
    except (
        BaseException
    ) as error:  # libraries raise anything on a model they do not like, and a model's code may call sys.exit
        said = shorten(f"{type(error).__name__}: {error}", LONGEST_ERROR)
        told = {"status": "failed", "reason": stage[-1], "error": said}
    if sandbox.refused:
        if told["status"] == "failed":
            told["reason"] = "sandbox"
        told["notes"] = {**told.get("notes", {}), "refused_writes": sorted(set(sandbox.refused))[:8]}
    after = _transferred()
    return ExportResult(
        id=job.candidate.id,
        stamp=job.stamp,
        versions=versions_of(job.candidate),
        seconds=round(perf_counter() - started, 3),
        peak=peak_memory(),
        bytes_read=after[0] - before[0],
        bytes_written=after[1] - before[1],
        **told,
    )


def versions_of(candidate: Candidate) -> dict[str, str]:
    """Package -> installed version of all that decides about a candidate's result."""
    try:
        packages = find_source(candidate.recipe["kind"]).packages
    except SourceError:  # the job will say so
        packages = ()
    return {package: installed_version(package) for package in ("onnx", *packages)}


def is_buildable(candidate: Candidate) -> bool:
    """Whether all that a candidate needs is installed here; an environment of its own may have it."""
    return MISSING not in versions_of(candidate).values()


def write_dag(dag: Dag) -> bytes:
    """A Dag as an Arrow file of one row, compressed."""
    table = dags_to_table([dag])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
        writer.write_table(table)
    payload: bytes = sink.getvalue().to_pybytes()
    return payload


def _produce(job: Job, scratch: Path, stage: list[Reason]) -> dict[str, Any]:
    """All that a result says of a model that could be exported; `stage` grows with what was begun."""
    if job.exported is not None:
        known = {name: getattr(job.exported, name) for name in ("exporter", "opset", "notes")}
        payload = Path(job.model).read_bytes()
    else:
        recipe = find_source(job.candidate.hub).fetch(job.candidate, scratch)
        stage.append("build")
        exported = _export(find_source(recipe["kind"]), recipe, stage)
        known = {"exporter": exported.exporter, "opset": exported.opset}
        known["notes"] = {**exported.notes, **recipe.get("notes", {})}
        payload = exported.model.SerializeToString(deterministic=True)
    stage.append("extract")
    dag = from_onnx(payload)
    return {
        **known,
        "num_nodes": dag.num_nodes,
        "num_edges": dag.num_edges,
        "wl_hash_w_attrs": dag.wl_hash("w_attrs"),
        "wl_hash_wo_attrs": dag.wl_hash("wo_attrs"),
        "model": payload,
        "dag": write_dag(dag),
    }


def _export(source: Source, recipe: Mapping[str, Any], stage: list[Reason]) -> Exported:
    if source.build is None:
        raise YoungerError(f"There is no exporter for recipes of the kind {source.name!r}.")
    _go_offline()
    try:
        with _lazy_weights(source):
            made = source.build(recipe)
    except ModuleNotFoundError as error:
        raise MissingDependencyError(error.name or source.name, source.extra or "sources") from error
    stage.append("export")
    if isinstance(made, TorchModel):
        from younger_hf.export.torch_model import export_torch

        return export_torch(made)
    if isinstance(made, onnx.ModelProto):
        from younger_hf.export.strip_model import drop_weights

        return Exported(drop_weights(made), "file", 0)
    return made


def _go_offline() -> None:
    """Fetching is over: a library that would download weights now shall fail at once."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    constants = sys.modules.get("huggingface_hub.constants")
    if constants is not None:
        constants.HF_HUB_OFFLINE = True  # type: ignore[attr-defined]  # read from the environment when it was imported


def _lazy_weights(source: Source) -> Any:
    if "torch" not in source.packages:
        return nullcontext()
    from younger_hf.export.lazy_weights import LazyWeights

    return LazyWeights()


@cache
def installed_version(package: str) -> str:
    """The version of a distribution; `MISSING` if it is not there."""
    try:
        return version(package)
    except PackageNotFoundError:
        return MISSING


def _transferred() -> tuple[int, int]:
    """Bytes that this process has read and written so far; zeros where the system does not count."""
    try:
        lines = Path("/proc/self/io").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0, 0
    counts = dict(line.split(": ") for line in lines)
    return int(counts["rchar"]), int(counts["wchar"])
