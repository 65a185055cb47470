"""Official Younger files -> candidates and Dags of a workspace; nothing in them is ever unpickled."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from math import isfinite
from pathlib import Path
from textwrap import shorten
from time import perf_counter
from typing import Any

from younger_hf.collect.export_job import LONGEST_ERROR, ExportResult, write_dag
from younger_hf.collect.workspace import Workspace
from younger_hf.errors import YoungerError
from younger_hf.graph.version import EXTRACTOR
from younger_hf.sources.candidate import Candidate
from younger_hf.sources.identifier import identifier
from younger_hf.sources.libraries.transformers_tasks import TASKS
from younger_hf.sources.official.archive_files import Sample, find_places, parse_json
from younger_hf.sources.official.graph_reader import read_graph

HUB = "official"
"""The hub of what was imported, and the exporter of its results."""

IMPORT_VERSION = 1
"""Raised when the same file gives another Dag, so that it is imported again."""

MOST_NAMES = 100
"""Models, tasks and evaluation results that are kept of one architecture."""
LONGEST_TEXT = 200
"""Characters of each."""
_LARGEST_NUMBER = 1 << 53


@dataclass(frozen=True)
class Imported:
    """What became of the samples below a path.

    Attributes:
        samples: How many there are.
        new: How many of them were imported now.
        known: How many had been worked on before, and were left as they are.
        failed: Those tried now that could not be imported: name -> why.
    """

    samples: int
    new: int
    known: int
    failed: Mapping[str, str]


def import_official(workspace: Workspace, path: Path, advance: Callable[[str, int, int], None]) -> Imported:
    """Import every sample at or below a path that is not there yet; each is kept at once, so that an import can be interrupted.

    Args:
        workspace: Where the Dags go.
        path: A folder, or an archive.
        advance: Called with the name of each sample, how many were seen so far, and how many there should be.

    Raises:
        SourceError: If there is nothing to import, or an archive is damaged or hostile; what came before it is kept.
        WorkspaceError: If another process works in the workspace.
    """
    places = find_places(path)
    total, count, new, known = sum(place.size for place in places), 0, 0, 0
    failed: dict[str, str] = {}
    with workspace.alone():
        for place in places:
            for sample in place.samples():
                result = _import(workspace, sample)
                count += 1
                known += result is None
                if result is not None and result.status == "done":
                    new += 1
                elif result is not None:
                    failed[sample.name] = result.error
                advance(sample.name, count, max(total, count))
    return Imported(count, new, known, failed)


def _import(workspace: Workspace, sample: Sample) -> ExportResult | None:
    """What became of a sample; None if that is known already."""
    started = perf_counter()
    name = _text(sample.name)
    candidate = Candidate(identifier(HUB, *name.split("/")), HUB, name, "", "", "", {"kind": HUB, "name": name})
    stamp = ""
    try:
        payload, beside = sample.read()
        stamp = _stamp(payload, beside)
        before, _, dag_name = workspace.result(candidate.id)
        if before is not None and before.stamp == stamp and (before.status == "failed" or workspace.has(dag_name)):
            return None
        dag, labels = read_graph(payload, sample.where)
        labels = parse_json(beside, f"the labels of {sample.where}") if beside else labels
        candidate = _described(candidate, labels, sample.metric)
        result = ExportResult(
            id=candidate.id,
            stamp=stamp,
            status="done",
            exporter=HUB,
            notes={"models": _texts(labels, "model_names", "model_name"), "official_hash": _text(labels.get("hash"))},
            seconds=round(perf_counter() - started, 3),
            num_nodes=dag.num_nodes,
            num_edges=dag.num_edges,
            wl_hash_w_attrs=dag.wl_hash("w_attrs"),
            wl_hash_wo_attrs=dag.wl_hash("wo_attrs"),
            dag=write_dag(dag),
        )
    except YoungerError as error:
        said = shorten(error.message, LONGEST_ERROR)
        result = ExportResult(id=candidate.id, stamp=stamp, status="failed", reason="extract", error=said, exporter=HUB)
    workspace.add([candidate])
    workspace.keep(result)
    return result


def _stamp(payload: bytes, beside: bytes) -> str:
    known = {
        "import": IMPORT_VERSION,
        "extractor": EXTRACTOR,
        "graph": sha256(payload).hexdigest(),
        "labels": sha256(beside).hexdigest(),
    }
    return sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()


def _described(candidate: Candidate, labels: Mapping[Any, Any], metric: str) -> Candidate:
    """A candidate with what official labels say; those of an architecture that many models have are merged there."""
    models = _texts(labels, "model_names", "model_name")
    results = _results(labels, metric)
    tasks = _texts(labels, "tasks") or sorted(set(_texts(labels, "tags")) & set(TASKS.values()))
    tasks = tasks or sorted({result["task"] for result in results} - {""})
    alone = len(models) == 1  # counts of several models stand there in any order
    return replace(
        candidate,
        model=models[0] if models else candidate.model,
        task=tasks[0] if tasks else "",
        downloads=_count(labels.get("downloads")) if alone else None,
        likes=_count(labels.get("likes")) if alone else None,
        results=results,
    )


def _results(labels: Mapping[Any, Any], metric: str) -> tuple[dict[str, Any], ...]:
    """Evaluation results: those of an instance, which say of what they are, or the values of a split's one metric."""
    rows = [row for row in _list(labels.get("evaluations")) if isinstance(row, list | tuple) and len(row) == 5]
    found = [(_text(task), _text(dataset), _text(name), value) for task, dataset, _, name, value in rows]
    found += [("", "", metric, value) for value in _list(labels.get("metrics")) if metric]
    return tuple(
        {"task": task, "dataset": dataset, "metric": name, "value": value}
        for task, dataset, name, value in found
        if (type(value) is float and isfinite(value)) or (type(value) is int and abs(value) < _LARGEST_NUMBER)
    )


def _texts(labels: Mapping[Any, Any], *keys: str) -> list[str]:
    """The texts under the first key that has any, sorted."""
    for key in keys:
        value = labels.get(key)
        texts = sorted({_text(item) for item in ([value] if isinstance(value, str) else _list(value))} - {""})
        if texts:
            return texts
    return []


def _count(value: Any) -> int | None:
    counts = [number for number in _list(value) if type(number) is int and 0 <= number < _LARGEST_NUMBER]
    return max(counts, default=None)


def _list(value: Any) -> list[Any]:
    return value[:MOST_NAMES] if isinstance(value, list) else []


def _text(value: Any) -> str:
    """A short text that can be shown and stored; `""` if it is none."""
    text = value[:LONGEST_TEXT] if isinstance(value, str) else ""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
