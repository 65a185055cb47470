"""Version of the extraction of Dags."""

from __future__ import annotations

EXTRACTOR = 2
"""Increased when the same model yields another Dag, so that older extractions are repeated."""
