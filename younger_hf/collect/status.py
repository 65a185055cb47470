"""What a workspace holds, in numbers."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass

from younger_hf.collect.workspace import Workspace

LONGEST_KIND = 110
"""Characters kept of what a group of failures has in common."""


@dataclass(frozen=True)
class SourceStatus:
    """One source in a workspace.

    Attributes:
        hub: Its name.
        candidates: Models that it lists.
        done: Models that have a Dag.
        distinct: Distinct architectures among them by WL hash with attributes, variants (quantised, fused, reduced) not counted.
        variants: Models with a Dag that are variants.
        failed: Models that failed.
        waiting: Models that nothing was tried with yet.
    """

    hub: str
    candidates: int
    done: int
    distinct: int
    variants: int
    failed: int
    waiting: int


@dataclass(frozen=True)
class Status:
    """A workspace in numbers.

    Attributes:
        sources: One entry a source, by name.
        distinct: Distinct architectures of all sources together, variants not counted.
        seconds: Wall time of all results together.
        median_peak: Median over results of the most memory that a process held, in bytes.
        high_peak: The same for the 99th percentile.
        failures: Reason and kind of error -> how many models failed so, most first.
        tasks: Task, as the Hugging Face Hub names it -> source -> models that have a Dag and are no variants; `""` if not known.
    """

    sources: tuple[SourceStatus, ...]
    distinct: int
    seconds: float
    median_peak: int
    high_peak: int
    failures: dict[tuple[str, str], int]
    tasks: dict[str, dict[str, int]]


_COUNTS = """
SELECT hub, count(*), sum(status IS 'done'),
    count(DISTINCT CASE WHEN status IS 'done' AND variant = '' THEN wl_hash_w_attrs END),
    sum(status IS 'done' AND variant != ''), sum(status IS 'failed'), sum(status IS NULL)
FROM (SELECT *, json_extract(candidates.record, '$.variant') AS variant FROM candidates LEFT JOIN results USING (id))
GROUP BY hub ORDER BY hub
"""
_TASKS = """
SELECT json_extract(candidates.record, '$.task') AS task, hub, count(*) FROM candidates JOIN results USING (id)
WHERE status = 'done' AND json_extract(candidates.record, '$.variant') = '' GROUP BY task, hub ORDER BY task, hub
"""
_DISTINCT = """
SELECT count(DISTINCT wl_hash_w_attrs) FROM candidates JOIN results USING (id)
WHERE status = 'done' AND json_extract(candidates.record, '$.variant') = ''
"""


def status_of(workspace: Workspace) -> Status:
    """Count what a workspace holds; it may be in use meanwhile."""
    peaks = sorted(peak for (peak,) in workspace.rows("SELECT peak FROM results WHERE peak > 0"))
    failures: Counter[tuple[str, str]] = Counter()
    for reason, record in workspace.rows("SELECT reason, record FROM results WHERE status = 'failed'"):
        failures[reason, kind_of_error(json.loads(record)["error"])] += 1
    tasks: dict[str, dict[str, int]] = {}
    for task, hub, count in workspace.rows(_TASKS):
        tasks.setdefault(task, {})[hub] = count
    return Status(
        sources=tuple(SourceStatus(*row) for row in workspace.rows(_COUNTS)),
        distinct=workspace.rows(_DISTINCT)[0][0],
        seconds=workspace.rows("SELECT coalesce(sum(seconds), 0) FROM results")[0][0],
        median_peak=_percentile(peaks, 50),
        high_peak=_percentile(peaks, 99),
        failures=dict(failures.most_common()),
        tasks=tasks,
    )


def kind_of_error(error: str) -> str:
    """What errors of one kind have in common: without their numbers and names."""
    text = re.sub(r"^[^:]+: (?=the model cannot be built)", "", error)  # which model it is
    text = re.sub(r"'[^']*'|\"[^\"]*\"|%\S+|\S*/\S+?(?=:?(\s|$))", "...", text)
    text = re.sub(r"\d+(\.\d+)?", "#", text)
    text = re.sub(r"(#,? ?)+#", "#", text)
    return text if len(text) <= LONGEST_KIND else f"{text[: LONGEST_KIND - 4]} ..."


def _percentile(ordered: list[int], percent: int) -> int:
    """The smallest value that so many percent of all do not exceed; 0 if there is none."""
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)] if ordered else 0
