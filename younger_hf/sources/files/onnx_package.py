"""Classic image classifiers that onnx contains for its own tests, with constants for weights."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from younger_hf.errors import SourceError
from younger_hf.sources.candidate import Candidate
from younger_hf.sources.selection import select_candidates
from younger_hf.sources.source import Query, Source


def light_models() -> list[Candidate]:
    """Return the `light_*` models, ordered by name.

    Raises:
        SourceError: If the installed onnx package does not contain them.
    """
    spec = find_spec("onnx")
    root = Path(spec.submodule_search_locations[0]) if spec is not None and spec.submodule_search_locations else Path()
    files = sorted((root / "backend" / "test" / "data" / "light").glob("light_*.onnx"))
    if not files:
        raise SourceError(
            "The installed onnx package has no light_* models; expected them in onnx/backend/test/data/light."
        )
    return [
        Candidate(
            id=f"onnx--{file.stem}",
            hub="onnx",
            model=file.stem,
            task="image-classification",
            family=file.stem.removeprefix("light_").rstrip("0123456789"),
            licence="Apache-2.0",
            recipe={"kind": "file", "path": str(file)},
            revision=version("onnx"),
        )
        for file in files
    ]


def _candidates(query: Query) -> Iterator[Candidate]:
    return select_candidates(light_models(), query)


SOURCE = Source(
    name="onnx",
    about="The light_* models inside the onnx package.",
    candidates=_candidates,
    packages=("onnx",),
)
