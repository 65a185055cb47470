"""The tables of the store, typed for SQLAlchemy; the same on SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Float, ForeignKey, Index, Integer, String, Text, event
from sqlalchemy.orm import DeclarativeBase, Mapped, Mapper, mapped_column
from sqlalchemy.types import TypeDecorator

from younger_hf.errors import LeaderboardError

_ROW_ID = BigInteger().with_variant(Integer, "sqlite")  # SQLite increments only a column that is declared INTEGER


class Instant(TypeDecorator[datetime]):
    """A moment in UTC. SQLite does not store the time zone, so it is added again on reading."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Convert a moment in any time zone to UTC."""
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return an aware datetime in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """The base of all tables."""


class SubmissionRow(Base):
    """One submission: its description, its file and its state."""

    __tablename__ = "submissions"
    __table_args__ = (
        Index("submissions_by_state", "state", "created_at"),
        Index("submissions_by_track", "track", "state"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    claim: Mapped[str | None] = mapped_column(String(32))
    track: Mapped[str] = mapped_column(String(64))
    content_hash: Mapped[str] = mapped_column(String(80))
    system: Mapped[str] = mapped_column(Text)
    team: Mapped[str] = mapped_column(Text)
    parameters: Mapped[int | None] = mapped_column(BigInteger)
    code_url: Mapped[str] = mapped_column(Text)
    paper_url: Mapped[str] = mapped_column(Text)
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
    file_path: Mapped[str] = mapped_column(Text)
    file_bytes: Mapped[int] = mapped_column(BigInteger)
    file_sha256: Mapped[str] = mapped_column(String(64))
    problems: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    reason: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(Instant)
    updated_at: Mapped[datetime] = mapped_column(Instant)


class ScoreRow(Base):
    """One metric of one scored submission."""

    __tablename__ = "scores"

    submission_id: Mapped[str] = mapped_column(ForeignKey("submissions.id"), primary_key=True)
    metric: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[float] = mapped_column(Float(53))


class EventRow(Base):
    """One change of state; never changed after it is written."""

    __tablename__ = "events"

    id: Mapped[int] = mapped_column(_ROW_ID, primary_key=True, autoincrement=True)
    submission_id: Mapped[str] = mapped_column(ForeignKey("submissions.id"), index=True)
    before: Mapped[str | None] = mapped_column(String(16))
    after: Mapped[str] = mapped_column(String(16))
    note: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(Instant)


@event.listens_for(EventRow, "before_update")
@event.listens_for(EventRow, "before_delete")
def _refuse(_mapper: Mapper[EventRow], _connection: object, target: EventRow) -> None:
    raise LeaderboardError(f"Event {target.id} cannot be changed or deleted: the board's events are append-only.")
