"""Listing a hub into a workspace, against a server that speaks as the Hub does and breaks as networks do."""

from __future__ import annotations
