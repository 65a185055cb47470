"""Ranking of scored submissions: a pure function, used by the page, the API and the tests."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from leaderboard.store.records import Submission
from younger_hf.task_types import Metric


@dataclass(frozen=True)
class Ranked:
    """One row of the table of a track.

    Attributes:
        rank: 1 for the best; submissions with equal primary metric share a rank, and the next rank
            is skipped.
        submission: The ranked submission.
    """

    rank: int
    submission: Submission


def rank(submissions: Sequence[Submission], metrics: Sequence[Metric], primary: str) -> tuple[Ranked, ...]:
    """Rank submissions by their primary metric.

    Args:
        submissions: Submissions to one track, in any order.
        metrics: All metrics of the task; a submission without a finite value of each is left out.
        primary: Name of the deciding metric.

    Returns:
        Best first; within a tie, the earlier submission first.
    """
    direction = next(metric.direction for metric in metrics if metric.name == primary)
    sign = -1.0 if direction == "max" else 1.0
    complete = [
        submission
        for submission in submissions
        if all(math.isfinite(submission.metrics.get(metric.name, math.nan)) for metric in metrics)
    ]
    complete.sort(key=lambda one: (sign * one.metrics[primary], one.created_at, one.id))
    ranked: list[Ranked] = []
    for position, submission in enumerate(complete, start=1):
        tied = bool(ranked) and ranked[-1].submission.metrics[primary] == submission.metrics[primary]
        ranked.append(Ranked(rank=ranked[-1].rank if tied else position, submission=submission))
    return tuple(ranked)
