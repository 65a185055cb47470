"""Fills a workspace: lists the models of sources, and exports those that are not done yet."""

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
"""Raised whenever exported files change, so that everything is exported again."""

PAGE = 100
"""Candidates stored together from a source that does not list in pages."""

Engine = Callable[[Iterable[Job]], Iterator[ExportResult]]
"""Runs jobs, and yields their results as they come."""


@dataclass(frozen=True)
class Selection:
    """Some candidates of a workspace.

    Attributes:
        hubs: Names of sources; empty for all.
        query: Further conditions; its limit counts only candidates that have to be worked on.
        ids: Only these candidates; None for all.
        retry: Reasons of failures to try again, as `time`; `all` for every reason.
    """

    hubs: tuple[str, ...] = ()
    query: Query = field(default_factory=Query)
    ids: Set[str] | None = None
    retry: tuple[str, ...] = ()

    def candidates(self, workspace: Workspace) -> Iterator[Candidate]:
        """Yield the selected candidates in the workspace's order, regardless of the limit."""
        candidates = (
            candidate
            for candidate in workspace.candidates()
            if (not self.hubs or candidate.hub in self.hubs) and (self.ids is None or candidate.id in self.ids)
        )
        return select_candidates(candidates, replace(self.query, limit=None))


def retrieve(
    workspace: Workspace, source: str, query: Query, advance: Callable[[int], None] | None = None
) -> tuple[int, int]:
    """List the models of a source into a workspace; a listing that was interrupted continues.

    Args:
        workspace: Stores the candidates.
        source: The source's name.
        query: Which of its models to list.
        advance: Called with the number of models listed so far.

    Returns:
        How many candidates were listed, and how many of them are new.

    Raises:
        SourceError: If the source does not exist or cannot be listed.
    """
    found = find_source(source)
    key = json.dumps(asdict(query), sort_keys=True)
    with workspace.locked():
        listed, cursor = json.loads(workspace.cursor(source, key) or '[0, ""]')
        added = 0
        for page in _pages(found, query, cursor):
            candidates = page.candidates[: None if query.limit is None else query.limit - listed]
            added += workspace.add(candidates)
            listed += len(candidates)
            if advance is not None:
                advance(listed)
            if listed == query.limit:
                break
            if page.cursor:
                workspace.store_cursor(source, key, json.dumps([listed, page.cursor]))
        workspace.store_cursor(source, key, "")
    return listed, added


def _pages(source: Source, query: Query, cursor: str) -> Iterator[Page]:
    if source.pages is not None:
        yield from source.pages(query, cursor)
        return
    candidates = source.candidates(query)
    while batch := tuple(islice(candidates, PAGE)):
        yield Page(batch, "")


def pending(workspace: Workspace, selection: Selection) -> Iterator[Job]:
    """Yield a job for every selected candidate without a current result, and for retries.

    A result is current if it was made from the same recipe by the same versions of all packages.
    One that was made in another environment, with a package that this one lacks, counts as current.
    """
    jobs = (_job(workspace, candidate, selection.retry) for candidate in selection.candidates(workspace))
    return islice((job for job in jobs if job is not None), selection.query.limit)


def num_pending(workspace: Workspace, selection: Selection) -> int:
    """Return the number of jobs that `pending` yields."""
    return sum(1 for _ in pending(workspace, selection))


def export_pending(
    workspace: Workspace, selection: Selection, engine: Engine, on_result: Callable[[ExportResult], None] | None = None
) -> Counter[str]:
    """Work on all pending candidates, and store each result at once.

    Args:
        workspace: Holds the candidates, and stores the results.
        selection: Which candidates.
        engine: Runs the jobs.
        on_result: Called with each result after it was stored.

    Returns:
        `done` or the reason of a failure -> number of candidates with this outcome.
    """
    counts: Counter[str] = Counter()
    with workspace.locked():
        clean_up(workspace.running)  # after a run that was killed
        for result in engine(pending(workspace, selection)):
            workspace.store(result)
            counts[result.reason or result.status] += 1
            if on_result is not None:
                on_result(result)
    return counts


def compute_stamp(candidate: Candidate) -> str:
    """Hash everything that determines a result: recipe, file content, and package versions."""
    recipe = dict(candidate.recipe)
    if recipe["kind"] == "file":
        try:
            with Path(recipe.get("path", "")).open("rb") as file:
                recipe["sha256"] = file_digest(file, "sha256").hexdigest()
        except OSError:
            recipe["sha256"] = ""
    decisive = {
        "export": EXPORT_VERSION,
        "recipe": recipe,
        "revision": candidate.revision,
        "versions": versions_of(candidate),
    }
    return sha256(json.dumps(decisive, sort_keys=True).encode()).hexdigest()


def modules_to_preload(workspace: Workspace, selection: Selection) -> tuple[str, ...]:
    """Return the modules that the workers of a run will need."""
    hubs = {hub for (hub,) in workspace.query("SELECT DISTINCT hub FROM candidates")}
    chosen = hubs & set(selection.hubs) if selection.hubs else hubs
    return tuple(sorted({name for hub in chosen for name in find_source(hub).preload}))


def _job(workspace: Workspace, candidate: Candidate, retry: tuple[str, ...]) -> Job | None:
    """The job for a candidate, None if its result is current."""
    stamp = compute_stamp(candidate)
    result, model, dag = workspace.result(candidate.id)
    if result is not None and result.stamp != stamp and not is_buildable(candidate):
        return None
    if result is None or result.stamp != stamp:
        return Job(candidate, stamp)
    if result.status == "failed":
        return Job(candidate, stamp) if {"all", result.reason} & set(retry) else None
    if not workspace.has(model):
        return Job(candidate, stamp)
    if result.extractor != EXTRACTOR or not workspace.has(dag):
        return Job(candidate, stamp, result, str(workspace.path(model)))
    return None
