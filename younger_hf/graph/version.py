"""Version of what a Dag keeps."""

from __future__ import annotations

EXTRACTOR = 2
"""Raised when the same model gives another Dag, so that older extractions are made again."""
