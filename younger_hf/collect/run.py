"""The stages over a workspace: list candidates, and work on those that are not done."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import asdict, dataclass, field, replace
from hashlib import file_digest, sha256
from itertools import islice
from pathlib import Path

from younger_hf.collect.export_job import ExportResult, Job, is_buildable, versions_of
from younger_hf.collect.workspace import Workspace
from younger_hf.containment.process_monitor import clean_up
from younger_hf.graph.version import EXTRACTOR
from younger_hf.sources.candidate import Candidate
from younger_hf.sources.registry import find_source
from younger_hf.sources.selection import select_candidates
from younger_hf.sources.source import Page, Query, Source

EXPORT_VERSION = 4
"""Raised when the same candidate gives another file, so that what was exported before is exported again."""

PAGE = 100
"""Candidates that are kept together where a source does not list by pages."""

Engine = Callable[[Iterable[Job]], Iterator[ExportResult]]
"""Runs jobs and gives their results as they come."""


@dataclass(frozen=True)
class Selection:
    """Which candidates of a workspace are meant.

    Attributes:
        hubs: Names of sources; empty for all.
        query: What else is asked of them; its limit counts those that are to be worked on.
        ids: Only these candidates; None for all.
        retry: Reasons of failures to try again, as `time`; `all` for every one. Other failures stay as they are.
    """

    hubs: tuple[str, ...] = ()
    query: Query = field(default_factory=Query)
    ids: Set[str] | None = None
    retry: tuple[str, ...] = ()


def retrieve(
    workspace: Workspace, source: str, query: Query, advance: Callable[[int], None] | None = None
) -> tuple[int, int]:
    """List a source into a workspace. Where a long listing was interrupted, the next call goes on.

    Args:
        workspace: Where to keep what there is.
        source: The source's name.
        query: Which of its models.
        advance: Called with the number listed so far.

    Returns:
        How many candidates were listed, and how many of them are new.

    Raises:
        SourceError: If there is no such source, or it cannot be listed.
    """
    found = find_source(source)
    key = json.dumps(asdict(query), sort_keys=True)
    with workspace.alone():
        before, cursor = json.loads(workspace.cursor(source, key) or '[0, ""]')
        listed, added = before, 0
        for page in _pages(found, query, cursor):
            meant = page.candidates[: None if query.limit is None else query.limit - listed]
            added += workspace.add(meant)
            listed += len(meant)
            if advance is not None:
                advance(listed)
            if listed == query.limit:
                break
            if page.cursor:
                workspace.keep_cursor(source, key, json.dumps([listed, page.cursor]))
        workspace.keep_cursor(source, key, "")
    return listed, added


def _pages(source: Source, query: Query, cursor: str) -> Iterator[Page]:
    if source.pages is not None:
        yield from source.pages(query, cursor)
        return
    candidates = source.candidates(query)
    while batch := tuple(islice(candidates, PAGE)):
        yield Page(batch, "")


def pending(workspace: Workspace, selection: Selection) -> Iterator[Job]:
    """The jobs that are to be done: candidates without a result of the same recipe and versions, and failures to be retried.

    What was done in another environment, with a library that this one lacks, stays as it is.
    """
    jobs = (_job(workspace, candidate, selection) for candidate in _meant(workspace, selection))
    return islice((job for job in jobs if job is not None), selection.query.limit)


def num_pending(workspace: Workspace, selection: Selection) -> int:
    """How many jobs are to be done."""
    return sum(1 for _ in pending(workspace, selection))


def work(
    workspace: Workspace, selection: Selection, engine: Engine, on_result: Callable[[ExportResult], None] | None = None
) -> Counter[str]:
    """Work on all pending candidates, and keep what becomes of each at once.

    Args:
        workspace: Where the candidates are and the results go.
        selection: Which candidates.
        engine: What runs them.
        on_result: Called with each result, once it is kept.

    Returns:
        How many ended how: `done`, or the reason of the failure.
    """
    ended: Counter[str] = Counter()
    with workspace.alone():
        clean_up(workspace.running)  # of a run that was killed
        for result in engine(pending(workspace, selection)):
            workspace.keep(result)
            ended[result.reason or result.status] += 1
            if on_result is not None:
                on_result(result)
    return ended


def stamp_of(candidate: Candidate) -> str:
    """Hash of all that decides about a candidate's result: its recipe, its file if it is one, and the versions of what makes it."""
    recipe = dict(candidate.recipe)
    if recipe["kind"] == "file":
        try:
            with Path(recipe.get("path", "")).open("rb") as file:
                recipe["sha256"] = file_digest(file, "sha256").hexdigest()
        except OSError:
            recipe["sha256"] = ""
    known = {
        "export": EXPORT_VERSION,
        "recipe": recipe,
        "revision": candidate.revision,
        "versions": versions_of(candidate),
    }
    return sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()


def preload_of(workspace: Workspace, selection: Selection) -> tuple[str, ...]:
    """Modules that the workers of a run will need."""
    hubs = {hub for (hub,) in workspace.rows("SELECT DISTINCT hub FROM candidates")}
    meant = hubs & set(selection.hubs) if selection.hubs else hubs
    return tuple(sorted({name for hub in meant for name in find_source(hub).preload}))


def _meant(workspace: Workspace, selection: Selection) -> Iterator[Candidate]:
    candidates = (
        candidate
        for candidate in workspace.candidates()
        if (not selection.hubs or candidate.hub in selection.hubs)
        and (selection.ids is None or candidate.id in selection.ids)
    )
    return select_candidates(candidates, replace(selection.query, limit=None))


def _job(workspace: Workspace, candidate: Candidate, selection: Selection) -> Job | None:
    stamp = stamp_of(candidate)
    result, model, dag = workspace.result(candidate.id)
    if result is None:
        return Job(candidate, stamp)
    if result.stamp != stamp:
        return Job(candidate, stamp) if is_buildable(candidate) else None
    if result.status == "failed":
        return Job(candidate, stamp) if {"all", result.reason} & set(selection.retry) else None
    if not workspace.has(model):
        return Job(candidate, stamp)
    if result.extractor != EXTRACTOR or not workspace.has(dag):
        return Job(candidate, stamp, result, str(workspace.path(model)))
    return None
