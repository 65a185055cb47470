"""What each track asks of a system, in words for the page."""

from __future__ import annotations

from younger_hf.dataset.read.release import Release
from younger_hf.dataset.schema import signature_of
from younger_hf.tasks import TRACKS, task_of

_SIGNATURES = {
    "w_attrs": "An operator is its type with its attributes.",
    "wo_attrs": "An operator is its type alone.",
}
DESCRIPTIONS = {track: f"{task_of(track).question} {_SIGNATURES[signature_of(track)]}" for track in TRACKS}
"""Track -> two sentences in Markdown."""


def tracks_of(release: Release) -> list[str]:
    """The tracks that a release has test rows for, ordered by the names of their tasks."""
    present = [track for track in TRACKS if release.rows.get(track, {}).get("test")]
    return sorted(present, key=lambda track: task_of(track).label)
