"""Which candidates match a query, and in which order."""

from __future__ import annotations

from collections.abc import Iterator

from younger_hf.sources.candidate import Candidate
from younger_hf.sources.selection import select_candidates
from younger_hf.sources.source import Query

FAMILIES = ("resnet", "resnet", "resnet", "vit", "swin", "vit")


def candidates(families: tuple[str, ...] = FAMILIES) -> Iterator[Candidate]:
    for number, family in enumerate(families):
        yield Candidate(f"x--{number}", "x", f"{family}{number}", "", family, "", {"kind": "x"})


def names(query: Query) -> list[str]:
    return [candidate.model for candidate in select_candidates(candidates(), query)]


def test_without_a_limit_the_order_of_the_source_stays() -> None:
    assert ["resnet0", "resnet1", "resnet2", "vit3", "swin4", "vit5"] == names(Query())


def test_a_limit_is_spread_over_the_families() -> None:
    assert ["resnet0", "vit3", "swin4", "resnet1"] == names(Query(limit=4))
    assert ["resnet0", "vit3", "swin4", "resnet1", "vit5", "resnet2"] == names(Query(limit=9))


def test_a_limit_counts_only_what_matches() -> None:
    assert ["vit3", "vit5"] == names(Query(only=("vit*",), limit=2))
