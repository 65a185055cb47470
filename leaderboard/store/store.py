"""The store of a board: submissions, their scores, and every change of state, in one SQL database.

A state changes only by an UPDATE that names the state it leaves, in one transaction with its event.
So exactly one of several workers gets a submission, and exactly one result is stored. Every write
transaction begins with its UPDATE or INSERT: SQLite then waits for other writers, but it would
refuse a transaction that has read first.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import create_engine, event, func, make_url, select, update
from sqlalchemy.engine import Engine
from sqlalchemy.exc import ArgumentError, IntegrityError, NoSuchModuleError, OperationalError, ProgrammingError
from sqlalchemy.orm import Session

from leaderboard.store.orm import Base, EventRow, ScoreRow, SubmissionRow
from leaderboard.store.records import Event, NewSubmission, Outcome, State, Submission
from younger_hf.errors import LeaderboardError

_ID = re.compile(r"[0-9a-f]{32}")
BUSY_TIMEOUT_MS = 15_000
MAX_CLAIMS = 3
"""Attempts to score a submission; one that kills its worker each time then fails."""


class TooManyPendingError(Exception):
    """The limit of submissions that may wait to be scored is reached.

    Args:
        of_team: Whether it is the limit per team.
        limit: The limit.
    """

    def __init__(self, of_team: bool, limit: int) -> None:
        super().__init__(of_team, limit)
        self.of_team = of_team
        self.limit = limit


class Store:
    """The store of one board; safe to share between threads.

    Args:
        url: SQLAlchemy URL; SQLite or PostgreSQL.

    Raises:
        LeaderboardError: If the database cannot be opened.
    """

    def __init__(self, url: str) -> None:
        self._engine = _open(url)

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()

    def add(self, new: NewSubmission, pending_limit: int | None = None, team_limit: int | None = None) -> Submission:
        """Add a submission as `received`.

        Args:
            new: The submission.
            pending_limit: Most submissions that may be `received` or `scoring`, including this one;
                None for no limit.
            team_limit: The same for its team alone.

        Raises:
            TooManyPendingError: If the limit is reached; nothing is stored then. SQLite counts
                exactly; PostgreSQL does not see what others add at the same instant.
        """
        now = datetime.now(UTC)
        with Session(self._engine) as session, session.begin():
            row = SubmissionRow(
                **{name: getattr(new, name) for name in NewSubmission.__dataclass_fields__ if name != "details"},
                details=dict(new.details),
                state="received",
                claim=None,
                problems=[],
                reason="",
                created_at=now,
                updated_at=now,
            )
            session.add(row)
            session.flush()  # the event's foreign key needs the row first
            _check_pending(session, None, pending_limit)
            _check_pending(session, new.team, team_limit)
            session.add(EventRow(submission_id=new.id, before=None, after="received", note="", at=now))
            return _submission(row, {})

    def get(self, submission_id: str) -> Submission | None:
        """Return the submission with an id, or None; any text is safe as an id."""
        if not _ID.fullmatch(submission_id):
            return None
        with Session(self._engine) as session:
            row = session.get(SubmissionRow, submission_id)
            return None if row is None else _with_scores(session, [row])[0]

    def scored(self, track: str, content_hash: str) -> list[Submission]:
        """Return the scored submissions to one track of one release, oldest first."""
        with Session(self._engine) as session:
            rows = session.scalars(
                select(SubmissionRow)
                .where(SubmissionRow.track == track, SubmissionRow.state == "scored")
                .where(SubmissionRow.content_hash == content_hash)
                .order_by(SubmissionRow.created_at, SubmissionRow.id)
            ).all()
            return _with_scores(session, rows)

    def counts(self) -> dict[str, int]:
        """Return the number of submissions in each state that occurs."""
        with Session(self._engine) as session:
            rows = session.execute(select(SubmissionRow.state, func.count()).group_by(SubmissionRow.state))
            return {row[0]: row[1] for row in rows}

    def events(self, submission_id: str) -> list[Event]:
        """Return all changes of the state of a submission, oldest first."""
        with Session(self._engine) as session:
            rows = session.scalars(
                select(EventRow).where(EventRow.submission_id == submission_id).order_by(EventRow.id)
            )
            return [
                Event(before=_state(row.before), after=_as_state(row.after), note=row.note, at=row.at) for row in rows
            ]

    def claim(self) -> Submission | None:
        """Claim the oldest `received` submission for scoring; return None if nothing is waiting.

        Exactly one of several threads and processes that call this at once gets a submission.
        """
        token, now = uuid.uuid4().hex, datetime.now(UTC)
        oldest = (
            select(SubmissionRow.id)
            .where(SubmissionRow.state == "received")
            .order_by(SubmissionRow.created_at, SubmissionRow.id)
            .limit(1)
            .with_for_update(skip_locked=True)  # ignored by SQLite, which has one writer at a time
            .scalar_subquery()
        )
        with Session(self._engine) as session, session.begin():
            claimed = session.execute(
                update(SubmissionRow)
                .where(SubmissionRow.id == oldest, SubmissionRow.state == "received")
                .values(state="scoring", claim=token, updated_at=now)
                .returning(SubmissionRow.id)
            ).scalar_one_or_none()
            if claimed is None:
                return None
            session.add(EventRow(submission_id=claimed, before="received", after="scoring", note="", at=now))
            return _submission(session.get_one(SubmissionRow, claimed), {})

    def finish(self, submission: Submission, outcome: Outcome) -> bool:
        """End the scoring of a claimed submission.

        Args:
            submission: A submission from `claim`.
            outcome: Its outcome.

        Returns:
            False if the claim is outdated; nothing changes then.
        """
        now = datetime.now(UTC)
        with Session(self._engine) as session, session.begin():
            ended = session.execute(
                update(SubmissionRow)
                .where(SubmissionRow.id == submission.id, SubmissionRow.state == "scoring")
                .where(SubmissionRow.claim == submission.claim)
                .values(
                    state=outcome.state,
                    claim=None,
                    problems=[dict(problem) for problem in outcome.problems],
                    reason=outcome.reason,
                    updated_at=now,
                )
                .returning(SubmissionRow.id)
            ).scalar_one_or_none()
            if ended is None:
                return False
            session.add_all(
                ScoreRow(submission_id=ended, metric=name, value=value) for name, value in outcome.metrics.items()
            )
            session.add(
                EventRow(submission_id=ended, before="scoring", after=outcome.state, note=outcome.reason, at=now)
            )
            return True

    def recover(self) -> int:
        """Move what a dead worker left in `scoring` back to `received`, and void its claims.

        Call it only while no worker is running. A submission that was claimed `MAX_CLAIMS` times
        ends as `failed`.

        Returns:
            The number of submissions that left the state `scoring`.
        """
        now = datetime.now(UTC)
        with Session(self._engine) as session, session.begin():
            interrupted = session.scalars(
                update(SubmissionRow)
                .where(SubmissionRow.state == "scoring")
                .values(state="received", claim=None, updated_at=now)
                .returning(SubmissionRow.id)
            ).all()
            for submission_id in interrupted:
                claims = session.scalar(
                    select(func.count()).where(EventRow.submission_id == submission_id, EventRow.after == "scoring")
                )
                after, note = "received", "worker ended"
                if (claims or 0) >= MAX_CLAIMS:
                    after, note = "failed", f"Scoring was cut off {MAX_CLAIMS} times."
                    session.execute(
                        update(SubmissionRow).where(SubmissionRow.id == submission_id).values(state=after, reason=note)
                    )
                session.add(EventRow(submission_id=submission_id, before="scoring", after=after, note=note, at=now))
            return len(interrupted)


def _check_pending(session: Session, team: str | None, limit: int | None) -> None:
    if limit is None:
        return
    waiting = select(func.count()).where(SubmissionRow.state.in_(("received", "scoring")))
    if (session.scalar(waiting if team is None else waiting.where(SubmissionRow.team == team)) or 0) > limit:
        raise TooManyPendingError(team is not None, limit)


def _open(url: str) -> Engine:
    try:
        shown = make_url(url).render_as_string(hide_password=True)
    except ArgumentError as error:
        raise LeaderboardError(
            "The board's database URL cannot be read.", "Expected one like `postgresql+psycopg://user@host/database`."
        ) from error
    try:
        engine = create_engine(url)
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise LeaderboardError(
            f"{shown}: the database driver is not installed ({error}).", "For PostgreSQL: pip install psycopg[binary]"
        ) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
    try:
        try:
            Base.metadata.create_all(engine)
        except (OperationalError, ProgrammingError, IntegrityError):
            Base.metadata.create_all(engine)  # another process created the tables at the same time
    except (OperationalError, ProgrammingError) as error:
        raise LeaderboardError(f"{shown}: the board's database cannot be opened ({error.orig}).") from error
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    cursor = connection.cursor()
    for pragma in (f"busy_timeout={BUSY_TIMEOUT_MS}", "journal_mode=WAL", "foreign_keys=ON", "synchronous=NORMAL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _with_scores(session: Session, rows: Sequence[SubmissionRow]) -> list[Submission]:
    metrics: dict[str, dict[str, float]] = {row.id: {} for row in rows}
    for start in range(0, len(rows), 500):  # SQLite and PostgreSQL limit the values in one statement
        ids = [row.id for row in rows[start : start + 500]]
        for score in session.scalars(select(ScoreRow).where(ScoreRow.submission_id.in_(ids)).order_by(ScoreRow.metric)):
            metrics[score.submission_id][score.metric] = score.value
    return [_submission(row, metrics[row.id]) for row in rows]


def _submission(row: SubmissionRow, metrics: dict[str, float]) -> Submission:
    return Submission(
        **{name: getattr(row, name) for name in NewSubmission.__dataclass_fields__},
        state=_as_state(row.state),
        claim=row.claim,
        problems=tuple(row.problems),
        reason=row.reason,
        created_at=row.created_at,
        updated_at=row.updated_at,
        metrics=metrics,
    )


def _state(value: str | None) -> State | None:
    return None if value is None else _as_state(value)


def _as_state(value: str) -> State:
    return value  # type: ignore[return-value]  # only states are ever written
