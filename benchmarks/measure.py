"""Comparing two implementations, timed in turn so that a machine's drift affects both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from time import perf_counter


@dataclass(frozen=True)
class Ratio:
    """How two implementations of the same thing compare.

    Attributes:
        name: What was done.
        peer: Who else did it.
        ours: Our median time in seconds, or another quantity in `unit`.
        theirs: The peer's.
        ratio: Median over the rounds of the peer's figure by ours; above 1 ours is faster, or needs less.
        unit: Of `ours` and `theirs`: `s`, `MB` (10^6 bytes) or `requests`.
    """

    name: str
    peer: str
    ours: float
    theirs: float
    ratio: float
    unit: str = "s"


def compare(name: str, peer: str, ours: Callable[[], object], theirs: Callable[[], object], rounds: int = 5) -> Ratio:
    """Time both in turn, after one uncounted round."""
    counted = [(_seconds(ours), _seconds(theirs)) for _ in range(rounds + 1)][1:]
    ratio = median(peer_time / our_time for our_time, peer_time in counted)
    return Ratio(name, peer, median(t for t, _ in counted), median(t for _, t in counted), ratio)


def _seconds(function: Callable[[], object]) -> float:
    start = perf_counter()
    function()
    return perf_counter() - start
