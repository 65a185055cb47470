"""Which candidates match a query."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from itertools import chain, islice, zip_longest

from younger_hf.sources.candidate import Candidate
from younger_hf.sources.source import Query


def select_candidates(candidates: Iterable[Candidate], query: Query) -> Iterator[Candidate]:
    """Yield the candidates that match a query, for sources that cannot filter while they list.

    Without a limit they keep their order. With a limit they are taken from the families in turn, so
    that a few models are not all sizes of the same one.
    """
    matching = (candidate for candidate in candidates if _matches(candidate, query))
    return matching if query.limit is None else islice(_alternate_families(matching), query.limit)


def _matches(candidate: Candidate, query: Query) -> bool:
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


def _alternate_families(candidates: Iterable[Candidate]) -> Iterator[Candidate]:
    """Yield the first candidate of each family, then the second of each, and so on.

    Families come in order of appearance.
    """
    families: dict[str, list[Candidate]] = {}
    for candidate in candidates:
        families.setdefault(candidate.family, []).append(candidate)
    return (candidate for candidate in chain.from_iterable(zip_longest(*families.values())) if candidate is not None)
