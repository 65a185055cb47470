"""A workspace in numbers: successes, and failures with their reasons and models."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from younger_hf.collect.workspace import Workspace

LONGEST_KIND = 110
"""Maximum characters of the common part of a group's errors."""


@dataclass(frozen=True)
class SourceStatus:
    """One source in a workspace.

    Attributes:
        hub: Its name.
        candidates: Models that were listed.
        done: Models that have a Dag.
        distinct: Distinct architectures among them by WL hash with attributes, not counting
            variants.
        variants: Models with a Dag that are variants (quantised, fused, reduced).
        failed: Models that failed.
        waiting: Models that have not been tried yet.
    """

    hub: str
    candidates: int
    done: int
    distinct: int
    variants: int
    failed: int
    waiting: int


@dataclass(frozen=True)
class Failure:
    """A model that failed.

    Attributes:
        id: The candidate's id.
        reason: The step that failed or the limit that was exceeded, as `export` or `memory`.
        error: The error in a sentence.
        peak: Most bytes of memory held.
        seconds: Wall time.
    """

    id: str
    reason: str
    error: str
    peak: int
    seconds: float


@dataclass(frozen=True)
class Status:
    """A workspace in numbers.

    Attributes:
        sources: The sources, by name.
        distinct: Distinct architectures of all sources together, not counting variants.
        seconds: Wall time of all results together.
        median_peak: Median over results of the most memory that a process held, in bytes.
        high_peak: 99th percentile of the same.
        failures: Reason and kind of error -> number of such failures, most frequent first.
        tasks: Task, as the Hugging Face Hub names it -> source -> models that have a Dag, not
            counting variants; `""` if the task is not known.
    """

    sources: tuple[SourceStatus, ...]
    distinct: int
    seconds: float
    median_peak: int
    high_peak: int
    failures: dict[tuple[str, str], int]
    tasks: dict[str, dict[str, int]]


_MODELS = """
(SELECT *, json_extract(candidates.record, '$.variant') AS variant, json_extract(candidates.record, '$.task') AS task
FROM candidates LEFT JOIN results USING (id))
"""
_COUNTS = f"""
SELECT hub, count(*), sum(status IS 'done'),
    count(DISTINCT CASE WHEN status IS 'done' AND variant = '' THEN wl_hash_w_attrs END),
    sum(status IS 'done' AND variant != ''), sum(status IS 'failed'), sum(status IS NULL)
FROM {_MODELS} GROUP BY hub ORDER BY hub
"""  # noqa: S608 - a constant
_PLAIN = f"FROM {_MODELS} WHERE status = 'done' AND variant = ''"


def status_of(workspace: Workspace) -> Status:
    """Count what a workspace holds; it may be in use meanwhile."""
    peaks = sorted(peak for (peak,) in workspace.query("SELECT peak FROM results WHERE peak > 0"))
    kinds = Counter((failure.reason, kind_of_error(failure.error)) for failure in failures_of(workspace))
    tasks: dict[str, dict[str, int]] = {}
    for task, hub, count in workspace.query(
        f"SELECT task, hub, count(*) {_PLAIN} GROUP BY task, hub ORDER BY task, hub"
    ):
        tasks.setdefault(task, {})[hub] = count
    return Status(
        sources=tuple(SourceStatus(*row) for row in workspace.query(_COUNTS)),
        distinct=workspace.query(f"SELECT count(DISTINCT wl_hash_w_attrs) {_PLAIN}")[0][0],
        seconds=workspace.query("SELECT coalesce(sum(seconds), 0) FROM results")[0][0],
        median_peak=_percentile(peaks, 50),
        high_peak=_percentile(peaks, 99),
        failures=dict(kinds.most_common()),
        tasks=tasks,
    )


def failures_of(workspace: Workspace) -> Iterator[Failure]:
    """Yield every model that failed, in the order in which the models were listed."""
    rows = workspace.query(
        "SELECT id, reason, results.record, peak, seconds FROM candidates JOIN results USING (id) "
        "WHERE status = 'failed' ORDER BY position"
    )
    for candidate_id, reason, record, peak, seconds in rows:
        yield Failure(candidate_id, reason, json.loads(record)["error"], peak, seconds)


def kind_of_error(error: str) -> str:
    """Return the common part of errors of one kind: the message without numbers and names."""
    text = re.sub(r"^[^:]+: (?=the model cannot be built)", "", error)  # which model it is
    text = re.sub(r"'[^']*'|\"[^\"]*\"|%\S+|\S*/\S+?(?=:?(\s|$))", "...", text)
    text = re.sub(r"\d+(\.\d+)?", "#", text)
    text = re.sub(r"(#,? ?)+#", "#", text)
    return text if len(text) <= LONGEST_KIND else f"{text[: LONGEST_KIND - 4]} ..."


def _percentile(ordered: list[int], percent: int) -> int:
    """The smallest value that is at least as large as this share of all; 0 without values."""
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)] if ordered else 0
