"""The ranked table of one track, as the page shows it and the API returns it."""

from __future__ import annotations

from typing import Any

from leaderboard.store.ranking import Ranked, rank
from leaderboard.store.records import Submission
from leaderboard.store.store import Store
from younger_hf.task_types import Metric
from younger_hf.tasks import task_of


def metrics_of(track: str) -> tuple[Metric, ...]:
    """Every metric of a track's task, the one that decides first."""
    task = task_of(track)
    return tuple(sorted(task.metrics, key=lambda metric: metric.name != task.primary))


def standings(store: Store, track: str, content_hash: str) -> tuple[Ranked, ...]:
    """Everyone who is ranked on one track of one release, best first."""
    return rank(store.scored(track, content_hash), metrics_of(track), task_of(track).primary)


def rank_of(store: Store, submission: Submission) -> int | None:
    """The rank of a submission on its own track and release; None if it has none."""
    if submission.state != "scored":
        return None
    table = standings(store, submission.track, submission.content_hash)
    return next((row.rank for row in table if row.submission.id == submission.id), None)


def row_json(row: Ranked) -> dict[str, Any]:
    """One ranked submission as the API returns it."""
    one = row.submission
    return {
        "rank": row.rank,
        "id": one.id,
        "system": one.system,
        "team": one.team,
        "metrics": dict(one.metrics),
        "parameters": one.parameters,
        "code_url": one.code_url,
        "paper_url": one.paper_url,
        "submitted_at": one.created_at.isoformat(),
    }


def submission_json(submission: Submission, rank: int | None) -> dict[str, Any]:
    """One submission as the API returns it: how far it is, its scores, or all that is wrong with it."""
    return {
        "id": submission.id,
        "state": submission.state,
        "track": submission.track,
        "system": submission.system,
        "team": submission.team,
        "metrics": dict(submission.metrics) or None,
        "rank": rank,
        "problems": [dict(problem) for problem in submission.problems],
        "reason": submission.reason,
        "created_at": submission.created_at.isoformat(),
        "updated_at": submission.updated_at.isoformat(),
    }
