"""The sources by name: our own, and those that other packages add."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from importlib.metadata import entry_points

from younger_hf.errors import SourceError
from younger_hf.sources.source import Source

GROUP = "younger_hf.sources"
"""Group of entry points by which other packages add sources; each names a `Source`."""

MODULES = {
    "local": "files.folder",
    "onnx": "files.onnx_package",
    "huggingface": "hubs.huggingface",
    "onnx_zoo": "hubs.onnx_zoo",
    "kaggle": "hubs.kaggle",
    "transformers": "libraries.transformers",
    "timm": "libraries.timm",
    "torchvision": "libraries.torchvision",
    "smp": "libraries.smp",
    "pytorchcv": "libraries.pytorchcv",
    "ultralytics": "libraries.ultralytics",
    "diffusers": "libraries.diffusers",
    "sentence_transformers": "libraries.sentence_transformers",
    "keras": "libraries.keras",
    "optimum": "libraries.optimum",
}
"""Name -> module of this package whose `SOURCE` it is."""

KINDS = {"file": "local"}
"""Kind of recipe -> source that builds it, where the names differ."""


@cache
def find_source(name: str) -> Source:
    """Return the source of a name, or the source that builds recipes of a kind.

    Raises:
        SourceError: If it does not exist.
    """
    module = MODULES.get(KINDS.get(name, name))
    if module is not None:
        source: Source = import_module(f"younger_hf.sources.{module}").SOURCE
        return source
    for entry in entry_points(group=GROUP, name=name):
        found: Source = entry.load()
        return found
    raise SourceError(f"Unknown source {name!r}; expected one of: {', '.join(source_names())}.")


def source_names() -> tuple[str, ...]:
    """Return the names of all sources, our own first."""
    return (*MODULES, *sorted(entry.name for entry in entry_points(group=GROUP) if entry.name not in MODULES))
