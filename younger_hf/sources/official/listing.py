"""The published Younger dataset: its graphs are imported, not listed and exported, so that this only says how."""

from __future__ import annotations

from collections.abc import Iterator

from younger_hf.errors import SourceError
from younger_hf.sources.candidate import Candidate
from younger_hf.sources.source import Query, Source


def _candidates(query: Query) -> Iterator[Candidate]:
    raise SourceError(
        "The official graphs have no models that could be listed; they are imported from the files that were downloaded.",
        "younger-hf import-official PATH",
    )


SOURCE = Source(
    name="official",
    about="Graphs of the published Younger dataset, by younger-hf import-official PATH.",
    candidates=_candidates,
)
