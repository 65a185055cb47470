"""The ONNX Model Zoo: the files in its manifest, without their weights."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import quote

from younger_hf.errors import SourceError
from younger_hf.sources.candidate import Candidate
from younger_hf.sources.hubs.http_client import Client, RefusedError
from younger_hf.sources.hubs.onnx_variant import name_variant
from younger_hf.sources.hubs.remote_file import fetch_onnx
from younger_hf.sources.identifier import identifier
from younger_hf.sources.selection import select_candidates
from younger_hf.sources.source import Query, Source

BASE = "YOUNGER_ONNX_ZOO"
"""Environment variable with the address of a mirror of the manifest and the files."""
MANIFEST = "ONNX_HUB_MANIFEST.json"
_GITHUB = "https://raw.githubusercontent.com/onnx/models/main"
_FILES = (
    # the zoo's repository lost its Git LFS files in July 2025; since then each has a repo on
    # the Hugging Face Hub
    "https://huggingface.co/onnxmodelzoo/{stem}/resolve/main/{name}",
    "https://media.githubusercontent.com/media/onnx/models/main/{path}",
)
_TASKS = {
    # tag of the manifest -> task; the first match counts
    **dict.fromkeys(("fcn", "duc", "mask-rcnn"), "image-segmentation"),
    **dict.fromkeys(("object detection segmentation", "ultraface"), "object-detection"),
    **{"gpt-2": "text-generation", "t5": "text2text-generation", "roberta": "text-classification"},
    **{"machine comprehension": "question-answering", "arcface": "image-feature-extraction"},
    **{"emotion ferplus": "image-classification", "style transfer": "image-to-image"},
    **{"super resolution": "image-to-image", "classification": "image-classification"},
}


def _candidates(query: Query) -> Iterator[Candidate]:
    base = os.environ.get(BASE, "").rstrip("/") or _GITHUB
    with Client(base) as client:
        entries, _ = client.json(f"{base}/{MANIFEST}")
    if not isinstance(entries, list):
        raise SourceError(f"{base}/{MANIFEST}: expected a list of models, got {type(entries).__name__}.")
    yield from select_candidates(filter(None, map(_candidate, entries)), query)


def _candidate(entry: Any) -> Candidate | None:
    """Return the candidate of an entry of the manifest; None if the entry does not name a file."""
    path = entry.get("model_path") if isinstance(entry, Mapping) else None
    if not isinstance(path, str) or not path.endswith((".onnx", ".tar.gz")) or ".." in path:
        return None
    metadata = entry.get("metadata")
    metadata = metadata if isinstance(metadata, Mapping) else {}
    listed = metadata.get("tags")
    tags = [tag for tag in listed if isinstance(tag, str)] if isinstance(listed, list) else []
    name = PurePosixPath(path).name.removesuffix(".onnx").removesuffix(".tar.gz")
    return Candidate(
        id=identifier("onnx_zoo", name),
        hub="onnx_zoo",
        model=name,
        task=next((task for tag, task in _TASKS.items() if tag in tags), ""),
        family=tags[-1] if tags else "",
        licence="Apache-2.0",
        recipe={
            "kind": "onnx",
            "file": path,
            "opset": entry.get("opset_version"),
            "ports": metadata.get("io_ports", {}),
            "bytes": metadata.get("model_bytes"),
        },
        revision=str(metadata.get("model_sha") or ""),
        variant=name_variant(path),
    )


def _fetch(candidate: Candidate, folder: Path) -> Mapping[str, Any]:
    recipe = candidate.recipe
    path = PurePosixPath(recipe["file"])
    if path.suffix != ".onnx":
        raise SourceError(
            f"{candidate.model}: the zoo has it in an archive only ({path.name}), which cannot be read in parts."
        )
    base = os.environ.get(BASE, "").rstrip("/")
    names = {"path": quote(str(path)), "name": quote(path.name), "stem": quote(path.stem)}
    refused: RefusedError | None = None
    for address in [f"{base}/{{path}}"] if base else _FILES:
        url = address.format(**names)
        with Client(url) as client:
            try:
                return {**recipe, **fetch_onnx(client, url, folder)}
            except RefusedError as error:
                refused = error
    raise refused or SourceError(f"{candidate.model}: it has no known address.")


SOURCE = Source(
    name="onnx_zoo",
    about="The ONNX Model Zoo: classic models in several operator sets, some of them quantised.",
    candidates=_candidates,
    fetch=_fetch,
)
