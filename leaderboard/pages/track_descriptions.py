"""What each track asks of a system, in words for the page."""

from __future__ import annotations

from younger_hf.dataset.read.release import Release
from younger_hf.dataset.schema import TRACKS, signature_of, task_of

_TASKS = {
    "dataflow": "**Predict the missing data flows.** Some edges of each architecture are held out; for every candidate pair of "
    "operators, give the probability that data flows between them.",
    "operator": "**Predict the hidden operators.** The operators on the boundary of a community are masked; name each of them.",
}
_SIGNATURES = {
    "w_attrs": "An operator is its type with its attributes.",
    "wo_attrs": "An operator is its type alone.",
}
DESCRIPTIONS = {track: f"{_TASKS[task_of(track)]} {_SIGNATURES[signature_of(track)]}" for track in TRACKS}
"""Track -> two sentences in Markdown."""


def tracks_of(release: Release) -> list[str]:
    """The tracks that a release has test rows for, data flow first."""
    present = [track for track in TRACKS if release.rows.get(track, {}).get("test")]
    return sorted(present, key=lambda track: task_of(track) != "dataflow")
