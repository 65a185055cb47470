"""The fields of submission.yaml, one by one: type, limits, and what is wrong with a value."""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal
from urllib.parse import urlsplit

from younger_hf.submission.format.problems import Problem, problem, quoted
from younger_hf.tasks import SUBMISSION_TRACKS

Kind = Literal["track", "hash", "line", "text", "url", "int", "float", "ints"]


@dataclass(frozen=True)
class Field:
    """What a field may hold.

    Attributes:
        kind: Its type; `line` is text without line breaks.
        expected: What a value is, for messages.
        limit: Longest text in characters, longest list, or largest number.
        required: Whether it must be there.
        hint: Where to find the value.
    """

    kind: Kind
    expected: str
    limit: int
    required: bool = False
    hint: str = ""


FIELDS: MappingProxyType[str, Field] = MappingProxyType(
    {
        "track": Field("track", "a track", 100, True, f"One of: {', '.join(SUBMISSION_TRACKS)}."),
        "dataset_version": Field(
            "hash",
            "a content hash, sha256: and 64 hex digits",
            100,
            True,
            "It is content_hash in the dataset's manifest.json.",
        ),
        "system": Field("line", "the system's name", 80, True, "For example: system: GCN, 2 layers"),
        "team": Field("line", "the team's name", 80, True, "For example: team: Example University"),
        "contact": Field("line", "text", 200),
        "description": Field("text", "text", 4000),
        "code_url": Field("url", "an http or https address", 500),
        "paper_url": Field("url", "an http or https address", 500),
        "parameters": Field("int", "an integer", 10**15, hint="Write all digits: 1000000, not 1e6 or 1M."),
        "hardware": Field("line", "text", 200),
        "train_hours": Field("float", "a number of hours", 10**7),
        "seeds": Field("ints", "a list of integers", 1000, hint="For example: seeds: [0, 1, 2]"),
        "extra_data": Field("text", "text", 4000),
    }
)
"""Field name -> what it may hold, in the order in which they are written."""

_HASH = re.compile(r"sha256:[0-9a-f]{64}")
_TYPES = {bool: "true or false", int: "an integer", float: "a number", str: "text", list: "a list", dict: "a mapping"}
_LARGEST_SEED = 2**64


def check_field(field: Field, value: object, where: str) -> list[Problem]:
    """Everything wrong with the value of a field.

    Args:
        field: What it may hold.
        value: What YAML gave; not empty.
        where: File and field, for messages.
    """
    if field.kind in ("int", "float"):
        return _check_number(field, value, where)
    if field.kind == "ints":
        return _check_integers(field, value, where)
    if not isinstance(value, str):
        hint = field.hint or "Put it into quotes if it is text."
        return [
            problem(
                "metadata_wrong_type",
                where,
                f"{field.expected} as text",
                _TYPES.get(type(value), "something else"),
                hint,
            )
        ]
    return _check_text(field, value, where)


def _check_number(field: Field, value: object, where: str) -> list[Problem]:
    allowed = (int,) if field.kind == "int" else (int, float)
    if type(value) not in allowed:
        got = quoted(value) if isinstance(value, str) else _TYPES.get(type(value), "something else")
        return [problem("metadata_wrong_type", where, field.expected, got, field.hint)]
    number = value if isinstance(value, int | float) else math.nan
    if not (math.isfinite(number) if isinstance(number, float) else True) or not 0 <= number <= field.limit:
        return [problem("metadata_out_of_range", where, f"0 to {field.limit:,}", _short(number), field.hint)]
    return []


def _check_integers(field: Field, value: object, where: str) -> list[Problem]:
    if not isinstance(value, list) or any(type(each) is not int for each in value):
        got = _TYPES.get(type(value), "something else") if not isinstance(value, list) else "a list with other values"
        return [problem("metadata_wrong_type", where, field.expected, got, field.hint)]
    if len(value) > field.limit:
        return [problem("metadata_too_long", where, f"at most {field.limit:,} values", f"{len(value):,}")]
    wrong = next((each for each in value if not 0 <= each < _LARGEST_SEED), None)
    if wrong is not None:
        return [problem("metadata_out_of_range", where, "values from 0 to 2**64 - 1", _short(wrong))]
    return []


def _check_text(field: Field, value: str, where: str) -> list[Problem]:
    problems = []
    if len(value) > field.limit:
        problems.append(
            problem("metadata_too_long", where, f"at most {field.limit:,} characters", f"{len(value):,}", "Shorten it.")
        )
    allowed = "\n\t" if field.kind == "text" else ""
    forbidden = [
        character for character in dict.fromkeys(value) if character not in allowed and not _is_visible(character)
    ]
    if forbidden:
        got = ", ".join(f"U+{ord(character):04X}" for character in forbidden[:5])
        expected = "no control, bidirectional or zero-width characters" + (
            "" if field.kind == "text" else " and no line breaks"
        )
        problems.append(
            problem("metadata_forbidden_character", where, expected, got, "Type the text again without them.")
        )
    if problems:
        return problems
    if field.kind == "url" and not _is_web_address(value):
        return [
            problem("metadata_bad_url", where, field.expected, quoted(value), "For example: https://example.org/code")
        ]
    if field.kind == "hash" and not _HASH.fullmatch(value):
        return [problem("metadata_bad_hash", where, field.expected, quoted(value), field.hint)]
    return []


def _is_visible(character: str) -> bool:
    """Whether a character is no control (Cc), format (Cf: bidirectional, zero-width), surrogate, private, unassigned or separator one.

    Some characters that Unicode counts as letters or marks show as nothing, too: Hangul fillers, the braille blank, variation selectors.
    """
    category = unicodedata.category(character)
    return category[0] != "C" and category not in ("Zl", "Zp") and character not in _BLANK


_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u17b5" + "".join(map(chr, range(0xFE00, 0xFE10))))


def _is_web_address(value: str) -> bool:
    if any(character.isspace() or character in "<>\"'`\\{}|^" for character in value):
        return False
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        return False
    # A user name before the host makes an address look as if it led elsewhere.
    return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.username is None and port != 0


def _short(number: float) -> str:
    if isinstance(number, float):
        return f"{number}"
    return f"{number:,}" if abs(number) < 10**20 else "a number of over 20 digits"
