"""The tracks of a board: their names, and the question that each asks, in words for the pages."""

from __future__ import annotations

from younger_hf.dataset.read.release import Release
from younger_hf.tasks import TRACKS, task_of

_SIGNATURES = {
    "w_attrs": ("with attributes", "An operator is its type with its attributes."),
    "wo_attrs": ("without attributes", "An operator is its type alone."),
}
"""Signature -> its name, and its meaning. A track may have none."""


def track_name(track: str) -> str:
    """Return the name of a track for people."""
    name, _ = _SIGNATURES.get(track.partition("_")[2], ("", ""))
    return " · ".join(filter(None, (task_of(track).label, name)))


def track_question(track: str) -> str:
    """Return what a track asks of a system, in Markdown."""
    _, meaning = _SIGNATURES.get(track.partition("_")[2], ("", ""))
    return f"{task_of(track).question} {meaning}".strip()


def tracks_of(release: Release) -> list[str]:
    """Return the tracks that a release has test rows for, ordered by the names of their tasks."""
    present = [track for track in TRACKS if release.rows.get(track, {}).get("test")]
    return sorted(present, key=lambda track: task_of(track).label)
