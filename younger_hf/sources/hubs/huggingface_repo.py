"""Candidates in a model repo of the Hugging Face Hub: ONNX files, or a library's configuration."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from younger_hf.sources.candidate import Candidate
from younger_hf.sources.hubs.huggingface_card import licence, results
from younger_hf.sources.hubs.huggingface_config import config_files
from younger_hf.sources.hubs.onnx_variant import name_variant
from younger_hf.sources.identifier import identifier

LIBRARIES = ("onnx", "transformers", "timm", "diffusers", "sentence-transformers")
"""Supported libraries."""
FIELDS = (
    *("sha", "siblings", "downloads", "likes", "lastModified", "pipeline_tag", "library_name", "tags", "config"),
    *("cardData", "model-index", "gated", "private", "disabled", "transformersInfo"),
)
"""Fields requested of each repo."""

_AUTO = re.compile(r"AutoModel(For\w+)?", re.ASCII)
_REPO = re.compile(r"[A-Za-z0-9_][\w.-]*(?:/[\w.-]+)?", re.ASCII)


def candidates_of(
    entry: object, libraries: tuple[str, ...] = LIBRARIES, *, remote_code: bool = False
) -> Iterator[Candidate]:
    """Yield the candidates of one repo.

    Args:
        entry: The repo as the Hub's API describes it. Malformed fields are left out; a repo without
            a valid name has no candidates.
        libraries: Libraries whose models are wanted.
        remote_code: Whether the repo's own code may be fetched and run.
    """
    if not isinstance(entry, Mapping) or entry.get("private") or entry.get("disabled"):
        return
    repo = entry.get("id") or entry.get("modelId")
    if not isinstance(repo, str) or not _REPO.fullmatch(repo) or ".." in repo:
        return
    siblings = entry.get("siblings")
    listed = siblings if isinstance(siblings, list) else []
    names = [item.get("rfilename") for item in listed if isinstance(item, Mapping)]
    files = sorted({name for name in names if isinstance(name, str)})
    if "onnx" in libraries:
        for file in files:
            if file.endswith(".onnx"):
                recipe: dict[str, Any] = {"kind": "onnx", "repo": repo, "revision": _text(entry, "sha"), "file": file}
                yield _candidate(entry, repo, (repo, file), recipe, name_variant(file, repo))
    library = _library(entry)
    if library in libraries and library != "onnx":
        for part, wanted in config_files(library, files, remote_code=remote_code):
            recipe = {"kind": library.replace("-", "_"), "repo": repo, "revision": _text(entry, "sha")}
            recipe |= {"files": wanted, **({"part": part} if part else {})}
            loaded = entry.get("transformersInfo")
            if (
                library == "transformers"
                and isinstance(loaded, Mapping)
                and _AUTO.fullmatch(_text(loaded, "auto_model"))
            ):
                recipe["auto_class"] = loaded["auto_model"]
            if remote_code:
                recipe["trust_remote_code"] = True
            # without "--config" the name would be that of a folder of the repo's own files
            yield _candidate(entry, repo, (repo, f"{part}/config" if part else "config"), recipe, "")


def _candidate(
    entry: Mapping[str, Any], repo: str, names: tuple[str, ...], recipe: dict[str, Any], variant: str
) -> Candidate:
    config = entry.get("config")
    return Candidate(
        id=identifier("huggingface", *names),
        hub="huggingface",
        model=repo,
        task=_text(entry, "pipeline_tag"),
        family=_text(config, "model_type") if isinstance(config, Mapping) else "",
        licence=licence(entry),
        recipe=recipe,
        downloads=_count(entry, "downloads"),
        likes=_count(entry, "likes"),
        revision=_text(entry, "sha"),
        modified=_text(entry, "lastModified"),
        results=results(entry),
        variant=variant,
    )


def _library(entry: Mapping[str, Any]) -> str:
    """Return the library that loads a repo: the one it names, else its most specific tag."""
    named = _text(entry, "library_name")
    tags = entry.get("tags")
    tagged = [name for name in reversed(LIBRARIES) if isinstance(tags, list) and name in tags]
    return named or next(iter(tagged), "")


def _text(entry: Mapping[str, Any], key: str) -> str:
    value = entry.get(key)
    return value[:200] if isinstance(value, str) else ""


def _count(entry: Mapping[str, Any], key: str) -> int | None:
    value = entry.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
