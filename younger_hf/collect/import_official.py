"""Imports official Younger files into a workspace, without ever unpickling them."""

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

from younger_hf.collect.export_job import LONGEST_ERROR, ExportResult, describe_dag, write_dag
from younger_hf.collect.workspace import Workspace
from younger_hf.errors import YoungerError
from younger_hf.graph.version import EXTRACTOR
from younger_hf.sources.candidate import Candidate
from younger_hf.sources.identifier import identifier
from younger_hf.sources.official.archive_files import Sample, find_samples, parse_json
from younger_hf.sources.official.graph_reader import read_graph
from younger_hf.sources.transformers_tasks import TASKS

HUB = "official"
"""The hub of imported candidates, and the exporter of their results."""

IMPORT_VERSION = 1
"""Raised whenever the same file is read as another Dag, so that everything is imported again."""

MOST_NAMES = 100
"""Models, tasks and evaluation results kept for one architecture."""
LONGEST_TEXT = 200
"""Characters kept of each."""
_LARGEST_NUMBER = 1 << 53


@dataclass(frozen=True)
class Imported:
    """The outcome for all samples below a path.

    Attributes:
        samples: How many there are.
        new: How many were imported now.
        known: How many had been imported or had failed before, and were skipped.
        failed: Name -> error, of those that could not be imported now.
    """

    samples: int
    new: int
    known: int
    failed: Mapping[str, str]


def import_official(workspace: Workspace, path: Path, advance: Callable[[str, int, int], None]) -> Imported:
    """Import every new sample at or below a path; an interrupted import continues with the next.

    Args:
        workspace: Stores the Dags.
        path: A folder or an archive.
        advance: Called with the name of each sample, the number seen so far, and the number
            expected.

    Raises:
        SourceError: If there is nothing to import, or an archive is damaged or hostile; the samples
            before it are imported.
        WorkspaceError: If another process works in the workspace.
    """
    locations = find_samples(path)
    total, count, new, known = sum(location.size for location in locations), 0, 0, 0
    failed: dict[str, str] = {}
    with workspace.locked():
        for location in locations:
            for sample in location.samples():
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
    """Import a sample and store the result; return None if it has a current result already."""
    started = perf_counter()
    name = _text(sample.name)
    candidate = Candidate(identifier(HUB, *name.split("/")), HUB, name, "", "", "", {"kind": HUB, "name": name})
    stamp = ""
    try:
        payload, label_file = sample.read()
        stamp = _stamp(payload, label_file)
        before, _, dag_name = workspace.result(candidate.id)
        if before is not None and before.stamp == stamp and (before.status == "failed" or workspace.has(dag_name)):
            return None
        dag, labels = read_graph(payload, sample.where)
        labels = parse_json(label_file, f"the labels of {sample.where}") if label_file else labels
        candidate = _add_labels(candidate, labels, sample.metric)
        result = ExportResult(
            id=candidate.id,
            stamp=stamp,
            status="done",
            exporter=HUB,
            notes={"models": _texts(labels, "model_names", "model_name"), "official_hash": _text(labels.get("hash"))},
            seconds=round(perf_counter() - started, 3),
            dag=write_dag(dag),
            **describe_dag(dag),
        )
    except YoungerError as error:
        message = shorten(error.message, LONGEST_ERROR)
        result = ExportResult(candidate.id, stamp, "failed", "extract", message, exporter=HUB)
    workspace.add([candidate])
    workspace.store(result)
    return result


def _stamp(payload: bytes, label_file: bytes) -> str:
    decisive = {
        "import": IMPORT_VERSION,
        "extractor": EXTRACTOR,
        "graph": sha256(payload).hexdigest(),
        "labels": sha256(label_file).hexdigest(),
    }
    return sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()


def _add_labels(candidate: Candidate, labels: Mapping[Any, Any], metric: str) -> Candidate:
    """A candidate with its official labels, possibly merged from many models."""
    models = _texts(labels, "model_names", "model_name")
    results = _results(labels, metric)
    tasks = _texts(labels, "tasks") or sorted(set(_texts(labels, "tags")) & set(TASKS.values()))
    tasks = tasks or sorted({result["task"] for result in results} - {""})
    single = len(models) == 1  # the counts of several models are in no particular order
    return replace(
        candidate,
        model=models[0] if models else candidate.model,
        task=tasks[0] if tasks else "",
        downloads=_count(labels.get("downloads")) if single else None,
        likes=_count(labels.get("likes")) if single else None,
        results=results,
    )


def _results(labels: Mapping[Any, Any], metric: str) -> tuple[dict[str, Any], ...]:
    """An instance's evaluation results with their tasks, or the values of a split's metric."""
    rows = [row for row in _list(labels.get("evaluations")) if isinstance(row, list | tuple) and len(row) == 5]
    found = [(_text(task), _text(dataset), _text(name), value) for task, dataset, _, name, value in rows]
    found += [("", "", metric, value) for value in _list(labels.get("metrics")) if metric]
    return tuple(
        {"task": task, "dataset": dataset, "metric": name, "value": value}
        for task, dataset, name, value in found
        if (type(value) is float and isfinite(value)) or (type(value) is int and abs(value) < _LARGEST_NUMBER)
    )


def _texts(labels: Mapping[Any, Any], *keys: str) -> list[str]:
    """The texts under the first key that holds any, sorted."""
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
    """A short printable text; `""` for any other value."""
    text = value[:LONGEST_TEXT] if isinstance(value, str) else ""
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
