"""Every bad and odd predictions file that submissions are tested with, by number."""

from __future__ import annotations

from tests.submission.attacks import containers, contents, texts
from tests.submission.attacks.attack import NUMBERS, Attack

__all__ = ["ATTACKS", "NUMBERS", "Attack"]

ATTACKS: tuple[Attack, ...] = (*containers.ATTACKS, *texts.ATTACKS, *contents.ATTACKS)
"""All of them, in the order of their numbers."""
