"""One bad or odd predictions file: its kind, how it is made, and what validation must say of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from tests.submission.attacks.files import Make
from tests.submission.reports import FLOW

NUMBERS = {
    1: "zero bytes",
    2: "larger than the limit",
    3: "false Content-Length, chunked without end",
    4: "wrong magic for the extension",
    5: "archive with .. or links",
    6: "nested archive, ratio bomb",
    7: "pickle, .pt, .npy with objects",
    8: "many uploads at once",
    9: "run-length bomb",
    10: "dictionary-string bomb, lying footer",
    11: "cut or corrupt footer",
    12: "10,000 columns",
    13: "deep nesting",
    14: "extension types",
    15: "UTF-16, byte order mark, NUL",
    16: "semicolon as delimiter",
    17: "a ragged row",
    18: "a column twice",
    19: "ids 001 and 1",
    20: "1e400, NA",
    21: "True, hex, 1_000, Arabic digits",
    22: "line break in an id, a line of 1 GB",
    23: "NaN literals and duplicate keys in JSON",
    24: "NaN",
    25: "infinities, overflow at 1e308",
    26: "outside [0, 1]",
    27: "constant or tied scores",
    28: "float16, float64",
    29: "ids above 2^53",
    30: "probabilities that do not sum to 1",
    31: "missing rows",
    32: "unknown or training ids",
    33: "duplicates, equal and conflicting",
    34: "shuffled order",
    35: "wrong track or dataset version",
    36: "header only",
    37: "a list of the wrong length, an edge index out of range",
}
"""Every kind of attack on a submission's files, in a few words."""


@dataclass(frozen=True)
class Attack:
    """One file.

    Attributes:
        number: Its kind, one of `NUMBERS`.
        name: What it is.
        file: Its name.
        make: Writes it from the valid rows of its track.
        codes: The codes of the report, each once, in order; none if the file is accepted.
        track: The track it is for.
        declared: Fields of submission.yaml that differ from the valid ones.
        bomb: Whether it could cost far more memory than its size.
    """

    number: int
    name: str
    file: str
    make: Make
    codes: tuple[str, ...] = ()
    track: str = FLOW
    declared: Mapping[str, str] = field(default_factory=dict)
    bomb: bool = False

    def __str__(self) -> str:
        return f"{self.number} {self.name} {self.file.removeprefix('predictions')}"


def bomb(number: int, name: str, suffixes: str, make: Make, *codes: str, track: str = FLOW) -> list[Attack]:
    """The same as `each` for files that could cost far more memory than their size."""
    return each(number, name, suffixes, make, *codes, track=track, bomb=True)


def each(
    number: int,
    name: str,
    suffixes: str,
    make: Make,
    *codes: str,
    track: str = FLOW,
    declared: Mapping[str, str] = MappingProxyType({}),
    bomb: bool = False,
) -> list[Attack]:
    """The same attack on several formats, which are answered alike."""
    return [
        Attack(number, name, f"predictions.{suffix}", make, codes, track, declared, bomb) for suffix in suffixes.split()
    ]
