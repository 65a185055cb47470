"""Listing a hub into a workspace, against a local server that behaves like the Hub and fails."""

from __future__ import annotations
