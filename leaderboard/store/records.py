"""The records that the store takes and returns; they outlive the database session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

State = Literal["received", "scoring", "scored", "rejected", "failed"]
FINAL_STATES: tuple[State, ...] = ("scored", "rejected", "failed")
"""States in which a submission stays."""


@dataclass(frozen=True)
class NewSubmission:
    """A submission whose files are in place, before it is in the store.

    Attributes:
        id: 32 hex digits, also the name of its folder.
        track: Config name, as `operator_w_attrs`.
        content_hash: Content hash of the release that its metadata names.
        system: Name of the system, as the submitter wrote it.
        team: Who submits, as the submitter wrote it.
        parameters: Number of the system's parameters; None if unknown.
        code_url: Address of the code; may be empty.
        paper_url: Address of the paper; may be empty.
        details: Every other field of `submission.yaml`, as JSON values.
        file_path: The predictions file, relative to the folder of uploads.
        file_bytes: Size of that file.
        file_sha256: SHA-256 of that file in hex.
    """

    id: str
    track: str
    content_hash: str
    system: str
    team: str
    parameters: int | None
    code_url: str
    paper_url: str
    details: Mapping[str, Any]
    file_path: str
    file_bytes: int
    file_sha256: str


@dataclass(frozen=True)
class Submission(NewSubmission):
    """A submission in the store.

    Attributes:
        state: Its current state.
        claim: Token of the claim under which it is being scored; None in every other state.
        problems: Why it was rejected, each with code, row, message, expected, got and hint.
        reason: Why it failed; empty in every other state.
        created_at: When it arrived, UTC.
        updated_at: When its state last changed, UTC.
        metrics: metric -> value; empty unless scored.
    """

    state: State
    claim: str | None
    problems: tuple[Mapping[str, Any], ...]
    reason: str
    created_at: datetime
    updated_at: datetime
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class Outcome:
    """The end of the scoring of one submission.

    Attributes:
        state: `scored`, `rejected` or `failed`.
        metrics: metric -> finite value, if scored.
        problems: What the submitter has to correct, if rejected.
        reason: Why the board could not score it, if failed; never contains a label or a path.
    """

    state: Literal["scored", "rejected", "failed"]
    metrics: Mapping[str, float] = field(default_factory=dict)
    problems: tuple[Mapping[str, Any], ...] = ()
    reason: str = ""


@dataclass(frozen=True)
class Event:
    """One change of a submission's state.

    Attributes:
        before: The state it left; None on arrival.
        after: The state it entered.
        note: The reason in a few words; empty if the states show it.
        at: When, UTC.
    """

    before: State | None
    after: State
    note: str
    at: datetime
