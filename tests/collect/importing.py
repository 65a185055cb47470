"""Run the import of official Younger files in tests."""

from __future__ import annotations

from pathlib import Path

from younger_hf.collect.import_official import Imported, import_official
from younger_hf.collect.workspace import Workspace


def import_files(workspace: Workspace, path: Path) -> Imported:
    """Import a file or a folder without reporting progress."""
    return import_official(workspace, path, lambda name, count, total: None)
