"""The ranked table of one track, for the page and the API."""

from __future__ import annotations

from typing import Any

from leaderboard.store.ranking import Ranked, rank
from leaderboard.store.records import Submission
from leaderboard.store.store import Store
from younger_hf.task_types import Metric
from younger_hf.tasks import task_of


def metrics_of(track: str) -> tuple[Metric, ...]:
    """Return all metrics of a track's task, the deciding one first."""
    task = task_of(track)
    return tuple(sorted(task.metrics, key=lambda metric: metric.name != task.primary))


def standings(store: Store, track: str, content_hash: str) -> tuple[Ranked, ...]:
    """Return the ranked submissions to one track of one release, best first."""
    return rank(store.scored(track, content_hash), metrics_of(track), task_of(track).primary)


def rank_of(store: Store, submission: Submission) -> int | None:
    """Return the rank of a submission on its track and release; None if it is not ranked."""
    if submission.state != "scored":
        return None
    table = standings(store, submission.track, submission.content_hash)
    return next((row.rank for row in table if row.submission.id == submission.id), None)


def row_json(row: Ranked) -> dict[str, Any]:
    """Return one ranked submission as the API shows it."""
    names = ("id", "system", "team", "parameters", "code_url", "paper_url")
    fields = {name: getattr(row.submission, name) for name in names}
    submitted_at = row.submission.created_at.isoformat()
    return {"rank": row.rank, **fields, "metrics": dict(row.submission.metrics), "submitted_at": submitted_at}


def submission_json(submission: Submission, rank: int | None) -> dict[str, Any]:
    """Return the state of a submission as the API shows it, with its scores or all its problems."""
    return {
        **{name: getattr(submission, name) for name in ("id", "state", "track", "system", "team", "reason")},
        "metrics": dict(submission.metrics) or None,
        "rank": rank,
        "problems": [dict(problem) for problem in submission.problems],
        "created_at": submission.created_at.isoformat(),
        "updated_at": submission.updated_at.isoformat(),
    }
