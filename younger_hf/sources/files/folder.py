"""ONNX files in a local folder."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import onnx

from younger_hf.errors import SourceError
from younger_hf.graph.read.weight_stripper import read_model
from younger_hf.sources.candidate import Candidate
from younger_hf.sources.selection import select_candidates
from younger_hf.sources.source import Query, Source

MAX_NAME = 200
"""Longest identifier of a path: file systems allow 255 bytes, and later stages append endings."""


def folder(path: Path) -> tuple[Candidate, ...]:
    """Return every `*.onnx` file below a folder, ordered by its relative path.

    Raises:
        SourceError: If the folder does not exist, or contains no ONNX file.
    """
    if not path.is_dir():
        raise SourceError(f"{path}: the folder does not exist; expected one with ONNX files.")
    files = sorted(file for file in path.rglob("*.onnx") if file.is_file())
    if not files:
        found = "it is empty" if not any(path.iterdir()) else "it has none"
        raise SourceError(
            f"{path}: expected ONNX files (*.onnx) in this folder, but {found}.", "Name a folder that contains some."
        )
    candidates = []
    for file in files:
        name = file.relative_to(path).with_suffix("").as_posix()
        recipe = {"kind": "file", "path": str(file.resolve())}
        readable = os.fsencode(name).decode("utf-8", "replace")
        candidates.append(Candidate(f"local--{_file_name(name)}", "local", readable, "", "", "", recipe))
    return tuple(candidates)


def _file_name(name: str) -> str:
    """Return a relative path as one file name; distinct paths stay distinct.

    `/` becomes `--`. Special characters become `%` and two hexadecimal digits for each byte, and so
    does a `-` next to another or to a `/`.
    """
    plain = re.sub(rb"(?<=[-/])-|-(?=[-/])|[^A-Za-z0-9._/-]", lambda match: b"%%%02x" % match[0][0], os.fsencode(name))
    text = plain.decode("ascii").replace("/", "--")
    if len(text) <= MAX_NAME:
        return text
    return f"{text[: MAX_NAME - 18]}--{sha256(plain).hexdigest()[:16]}"


def _candidates(query: Query) -> Iterator[Candidate]:
    if "path" not in query.options:
        raise SourceError("The source 'local' needs a folder.", "Name it: --option path=FOLDER.")
    return select_candidates(folder(Path(query.options["path"])), query)


def _build(recipe: Mapping[str, Any]) -> onnx.ModelProto:
    return (
        onnx.load(recipe["path"], load_external_data=False) if recipe.get("stripped") else read_model(recipe["path"])[0]
    )


SOURCE = Source(
    name="local",
    about="ONNX files in a folder of this machine.",
    candidates=_candidates,
    build=_build,
    packages=("onnx",),
)
