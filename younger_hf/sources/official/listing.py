"""The source `official`: its graphs are imported, not listed, so listing it only explains how."""

from __future__ import annotations

from collections.abc import Iterator

from younger_hf.errors import SourceError
from younger_hf.sources.candidate import Candidate
from younger_hf.sources.source import Query, Source


def _candidates(query: Query) -> Iterator[Candidate]:
    raise SourceError(
        "The official dataset holds graphs, not models that could be listed; they are imported from downloaded files.",
        "younger-hf import-official PATH",
    )


SOURCE = Source(
    name="official",
    about="Graphs of the published Younger dataset, by younger-hf import-official PATH.",
    candidates=_candidates,
)
