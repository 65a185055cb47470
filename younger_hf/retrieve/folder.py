"""ONNX files in a local folder."""

from __future__ import annotations

import re
from pathlib import Path

from younger_hf.errors import SourceError
from younger_hf.retrieve.candidate import Candidate


def folder(path: Path) -> tuple[Candidate, ...]:
    """Every `*.onnx` file below a folder, ordered by its relative path.

    Raises:
        SourceError: If there is no such folder, or no ONNX file in it.
    """
    if not path.is_dir():
        raise SourceError(f"{path}: there is no such folder; expected one with ONNX files.")
    files = sorted(file for file in path.rglob("*.onnx") if file.is_file())
    if not files:
        found = "it is empty" if not any(path.iterdir()) else "it has none"
        raise SourceError(
            f"{path}: expected ONNX files (*.onnx) in this folder, but {found}.", "Name a folder that holds some."
        )
    candidates = []
    for file in files:
        name = file.relative_to(path).with_suffix("").as_posix()
        recipe = {"kind": "file", "path": str(file.resolve())}
        candidates.append(Candidate(f"local--{_safe(name)}", "local", name, "", "", "", recipe))
    return tuple(candidates)


def _safe(name: str) -> str:
    """A relative path as one file name; distinct paths stay distinct."""
    return re.sub(r"[^A-Za-z0-9._-]", lambda match: "--" if match[0] == "/" else f"%{ord(match[0]):02x}", name)
