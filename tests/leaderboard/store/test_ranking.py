"""Ranking: best first, ties share, nobody without all metrics."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import rankdata

from leaderboard.store.ranking import rank
from leaderboard.store.records import Submission
from leaderboard.store.standings import metrics_of
from tests.leaderboard.files import new_submission
from younger_hf.task_types import Metric

START = datetime(2026, 1, 1, tzinfo=UTC)
AUC = Metric("auc", "max", 0.0, 1.0, "AUC", "")
LOSS = Metric("loss", "min", 0.0, 9.0, "Loss", "")


def submission(number: int, **metrics: float) -> Submission:
    new = new_submission("sha256:" + "0" * 64, system=f"system {number}")
    fields = {name: getattr(new, name) for name in new.__dataclass_fields__}
    at = START + timedelta(seconds=number)
    return Submission(
        **fields, state="scored", claim=None, problems=(), reason="", created_at=at, updated_at=at, metrics=metrics
    )


# Few distinct values, so that there are ties.
values = st.lists(st.integers(0, 4).map(lambda number: number / 4), max_size=12)


@pytest.mark.heavy
@given(values, st.randoms())
def test_ranks_are_those_of_scipy_in_both_directions(numbers: list[float], random: object) -> None:
    submissions = [submission(index, auc=number, loss=number) for index, number in enumerate(numbers)]
    shuffled = list(submissions)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    for primary, sign in (("auc", -1), ("loss", 1)):
        expected = rankdata([sign * number for number in numbers], method="min").tolist()
        found = {row.submission.id: row.rank for row in rank(shuffled, (AUC, LOSS), primary)}
        assert {one.id: int(place) for one, place in zip(submissions, expected, strict=True)} == found


@given(values)
def test_the_order_does_not_depend_on_the_order_of_the_input(numbers: list[float]) -> None:
    submissions = [submission(index, auc=number) for index, number in enumerate(numbers)]
    assert rank(submissions, (AUC,), "auc") == rank(submissions[::-1], (AUC,), "auc")


def test_ties_share_a_rank_in_order_of_arrival_and_the_next_rank_is_skipped() -> None:
    rows = rank([submission(3, auc=0.5), submission(1, auc=0.9), submission(2, auc=0.9)], (AUC,), "auc")
    assert [(1, "system 1"), (1, "system 2"), (3, "system 3")] == [(row.rank, row.submission.system) for row in rows]


def test_submissions_with_a_missing_or_non_finite_metric_are_not_ranked() -> None:
    complete = submission(1, auc=0.5, loss=1.0)
    others = [submission(2, auc=0.9), submission(3, auc=math.nan, loss=1.0), submission(4, auc=math.inf, loss=1.0)]
    assert (complete,) == tuple(row.submission for row in rank([*others, complete], (AUC, LOSS), "auc"))


def test_no_submissions_rank_as_an_empty_table() -> None:
    assert () == rank([], (AUC,), "auc")


def test_the_ranking_metric_is_the_first_column() -> None:
    assert ["accuracy", "macro_f1", "macro_precision", "macro_recall"] == [
        metric.name for metric in metrics_of("operator_wo_attrs")
    ]
    assert "auc" == metrics_of("dataflow_w_attrs")[0].name
