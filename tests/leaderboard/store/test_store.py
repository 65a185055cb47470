"""The store: states change as they may, once, whatever happens in between."""

from __future__ import annotations

import multiprocessing
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from leaderboard.store.orm import Base, EventRow
from leaderboard.store.records import Outcome, Submission
from leaderboard.store.store import MAX_CLAIMS, Store
from tests.leaderboard.files import new_submission
from younger_hf.errors import LeaderboardError

HASH = "sha256:" + "0" * 64
SCORED = Outcome("scored", metrics={"accuracy": 0.5, "macro_f1": 0.25})


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(f"sqlite:///{tmp_path / 'board.sqlite'}")


def claimed(store: Store) -> Submission:
    submission = store.claim()
    if submission is None:
        pytest.fail("nothing was waiting")
    return submission


def states(store: Store, submission_id: str) -> list[str]:
    return [event.after for event in store.events(submission_id)]


def test_a_submission_comes_back_as_it_was_added(store: Store) -> None:
    new = new_submission(HASH, system="Ünïcode 网络", parameters=7_000_000_000, details={"seeds": [1, 2], "hours": 0.5})
    before = datetime.now(UTC)
    added = store.add(new)
    assert added == store.get(new.id)
    assert ("received", None, {}) == (added.state, added.claim, added.metrics)
    assert {name: getattr(new, name) for name in new.__dataclass_fields__} == {
        name: getattr(added, name) for name in new.__dataclass_fields__
    }
    assert added.created_at.utcoffset() == timedelta(0)
    assert before <= added.created_at <= datetime.now(UTC)


def test_an_unknown_id_returns_none(store: Store) -> None:
    assert store.get("0" * 32) is None


def test_an_id_is_unique(store: Store) -> None:
    new = new_submission(HASH)
    store.add(new)
    with pytest.raises(IntegrityError):
        store.add(new)
    assert ["received"] == states(store, new.id)


def test_a_scored_submission_has_its_metrics_and_every_event(store: Store) -> None:
    new = new_submission(HASH)
    store.add(new)
    assert store.finish(claimed(store), SCORED)
    found = store.get(new.id)
    assert found is not None
    assert ("scored", {"accuracy": 0.5, "macro_f1": 0.25}, None) == (found.state, found.metrics, found.claim)
    assert [(None, "received"), ("received", "scoring"), ("scoring", "scored")] == [
        (event.before, event.after) for event in store.events(new.id)
    ]


def test_a_rejected_submission_has_its_problems_and_a_failed_one_its_reason(store: Store) -> None:
    problem = {"code": "missing_graph", "row": None, "message": "m", "expected": "e", "got": "g", "hint": "h"}
    rejected, failed = new_submission(HASH), new_submission(HASH)
    store.add(rejected)
    store.finish(claimed(store), Outcome("rejected", problems=(problem,)))
    store.add(failed)
    store.finish(claimed(store), Outcome("failed", reason="too slow"))
    first, second = store.get(rejected.id), store.get(failed.id)
    assert first is not None
    assert second is not None
    assert ("rejected", (problem,), "") == (first.state, first.problems, first.reason)
    assert ("failed", (), "too slow") == (second.state, second.problems, second.reason)
    assert {"rejected": 1, "failed": 1} == store.counts()


def test_submissions_are_claimed_in_the_order_in_which_they_came(store: Store) -> None:
    ids = [store.add(new_submission(HASH)).id for _ in range(3)]
    assert ids == [claimed(store).id for _ in range(3)]
    assert store.claim() is None


def test_a_result_is_stored_once_and_only_for_the_current_claim(store: Store) -> None:
    new = new_submission(HASH)
    store.add(new)
    first = claimed(store)
    store.recover()
    second = claimed(store)
    assert not store.finish(first, Outcome("failed", reason="from a worker that was thought dead"))
    assert store.finish(second, SCORED)
    assert not store.finish(second, SCORED)
    assert ["received", "scoring", "received", "scoring", "scored"] == states(store, new.id)
    found = store.get(new.id)
    assert found is not None
    assert "scored" == found.state


def test_a_submission_that_always_kills_its_worker_is_given_up(store: Store) -> None:
    new = new_submission(HASH)
    store.add(new)
    for _ in range(MAX_CLAIMS):
        claimed(store)
        assert 1 == store.recover()
    assert store.claim() is None
    found = store.get(new.id)
    assert found is not None
    assert "failed" == found.state
    assert "cut off" in found.reason


def test_recovery_leaves_ended_submissions_alone(store: Store) -> None:
    for outcome in (SCORED, Outcome("rejected"), Outcome("failed", reason="x")):
        store.add(new_submission(HASH))
        store.finish(claimed(store), outcome)
    assert 0 == store.recover()
    assert {"scored": 1, "rejected": 1, "failed": 1} == store.counts()


def test_only_the_scored_ones_of_a_track_and_a_release_are_listed(store: Store) -> None:
    wanted = new_submission(HASH, "operator_w_attrs")
    for new in (wanted, new_submission(HASH, "dataflow_w_attrs"), new_submission("sha256:" + "1" * 64)):
        store.add(new)
        store.finish(claimed(store), SCORED)
    store.add(new_submission(HASH, "operator_w_attrs"))
    assert [wanted.id] == [submission.id for submission in store.scored("operator_w_attrs", HASH)]


@pytest.mark.heavy
def test_more_scored_submissions_than_one_statement_may_name_are_listed(store: Store) -> None:
    for number in range(520):
        store.add(new_submission(HASH))
        store.finish(claimed(store), Outcome("scored", metrics={"accuracy": number / 1000}))
    assert [number / 1000 for number in range(520)] == [
        one.metrics["accuracy"] for one in store.scored("operator_w_attrs", HASH)
    ]


def test_exactly_one_of_many_threads_claims_a_submission(store: Store) -> None:
    for _ in range(5):
        new = new_submission(HASH)
        store.add(new)
        barrier, won = threading.Barrier(12), []

        def compete(barrier: threading.Barrier = barrier, won: list[str] = won) -> None:
            barrier.wait()
            submission = store.claim()
            if submission is not None:
                won.append(submission.id)

        threads = [threading.Thread(target=compete) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [new.id] == won


def claim_all(url: str, won: multiprocessing.Queue[list[str]]) -> None:
    store, mine = Store(url), []
    while (submission := store.claim()) is not None:
        mine.append(submission.id)
    won.put(mine)


@pytest.mark.heavy
def test_each_submission_is_claimed_by_one_of_many_processes(store: Store, tmp_path: Path) -> None:
    ids = [store.add(new_submission(HASH)).id for _ in range(40)]
    context = multiprocessing.get_context("spawn")
    won: multiprocessing.Queue[list[str]] = context.Queue()
    url = f"sqlite:///{tmp_path / 'board.sqlite'}"
    processes = [context.Process(target=claim_all, args=(url, won)) for _ in range(3)]
    for process in processes:
        process.start()
    taken = [won.get(timeout=60) for _ in processes]
    for process in processes:
        process.join()
    assert sorted(ids) == sorted(one for mine in taken for one in mine)


def test_events_can_be_neither_changed_nor_deleted(store: Store) -> None:
    store.add(new_submission(HASH))
    with Session(store._engine) as session:
        event = session.get_one(EventRow, 1)
        event.after = "scored"
        with pytest.raises(LeaderboardError, match="append-only"):
            session.flush()
    with Session(store._engine) as session:
        session.delete(session.get_one(EventRow, 1))
        with pytest.raises(LeaderboardError, match="append-only"):
            session.flush()


def test_sqlite_writes_ahead_and_keeps_foreign_keys(store: Store) -> None:
    with store._engine.connect() as connection:
        assert "wal" == connection.execute(text("PRAGMA journal_mode")).scalar()
        assert 1 == connection.execute(text("PRAGMA foreign_keys")).scalar()
        with pytest.raises(IntegrityError):
            connection.execute(text("INSERT INTO scores VALUES ('no such submission', 'accuracy', 1.0)"))


def test_the_tables_can_be_written_for_postgresql() -> None:
    dialect = postgresql.dialect()
    kinds = {
        f"{table.name}.{column.name}": column.type.compile(dialect)
        for table in Base.metadata.tables.values()
        for column in table.columns
    }
    assert "TIMESTAMP WITH TIME ZONE" == kinds["submissions.created_at"]
    assert "BIGINT" == kinds["events.id"]
    assert "JSON" == kinds["submissions.problems"]


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("no url", "cannot be read"),
        ("oracles://host/x", "driver is not installed"),
        ("sqlite:////no/such/folder/board.sqlite", "cannot be opened"),
    ],
)
def test_a_database_that_cannot_be_opened_is_one_clear_error(url: str, message: str) -> None:
    with pytest.raises(LeaderboardError, match=message):
        Store(url)


def test_an_error_about_the_database_does_not_show_its_password() -> None:
    with pytest.raises(LeaderboardError) as caught:
        Store("oracles://user:secret@host/x")
    assert "secret" not in str(caught.value)
