"""Which candidates a query means."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from itertools import islice

from younger_hf.sources.candidate import Candidate
from younger_hf.sources.source import Query


def selected(candidates: Iterable[Candidate], query: Query) -> Iterator[Candidate]:
    """The candidates that a query means, in their order; for sources that cannot filter while they list."""
    return islice((candidate for candidate in candidates if _meant(candidate, query)), query.limit)


def _meant(candidate: Candidate, query: Query) -> bool:
    named = not query.only or any(
        fnmatchcase(name, pattern) for pattern in query.only for name in (candidate.model, candidate.id)
    )
    return (
        named
        and (not query.tasks or candidate.task in query.tasks)
        and query.search.lower() in candidate.model.lower()
        and (not query.since or not candidate.modified or candidate.modified >= query.since)
        and (not query.min_likes or (candidate.likes or 0) >= query.min_likes)
    )
