"""Checks of the fields of submission.yaml beyond their types, and pydantic's errors as problems."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pydantic import ValidationInfo
from pydantic_core import ErrorDetails, PydanticCustomError

from younger_hf.submission.format.problems import Problem, problem, quoted

_HASH = re.compile(r"sha256:[0-9a-f]{64}")
_TYPES = {bool: "true or false", int: "an integer", float: "a number", str: "text", list: "a list", dict: "a mapping"}
_RANGE_ERRORS = ("greater_than_equal", "less_than_equal", "finite_number")
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800\u034f\u17b4\u17b5" + "".join(map(chr, range(0xFE00, 0xFE10))))
"""Invisible characters that Unicode counts as letters or marks.

These are Hangul fillers, the braille blank and variation selectors.
"""

MOST_SEEDS = 1000
"""Longest list of seeds."""


@dataclass(frozen=True)
class Meaning:
    """How messages describe a field.

    Attributes:
        expected: What it holds.
        hint: The next step after a mistake.
        highest: Largest number; 0 for a field that is not a number.
        has_lines: Whether its text may have line breaks and tabs.
    """

    expected: str
    hint: str = ""
    highest: int = 0
    has_lines: bool = False


def check_line(value: str) -> str:
    """Refuse control, bidirectional and zero-width characters, line breaks included."""
    return _check_characters(value, has_lines=False)


def check_lines(value: str) -> str:
    """Refuse control, bidirectional and zero-width characters except line breaks and tabs."""
    return _check_characters(value, has_lines=True)


def check_url(value: str) -> str:
    """Refuse anything but an http or https address."""
    check_line(value)
    if not _is_web_address(value):
        raise _mistake(
            "metadata_bad_url", "an http or https address", quoted(value), "For example: https://example.org/code"
        )
    return value


def check_hash(value: str) -> str:
    """Refuse anything but a content hash."""
    check_line(value)
    if not _HASH.fullmatch(value):
        raise _mistake("metadata_bad_hash", "", quoted(value))
    return value


def check_track(value: str, info: ValidationInfo) -> str:
    """Refuse a track that is not one of `context["tracks"]`."""
    check_line(value)
    tracks = info.context["tracks"] if info.context else ()
    if value not in tracks:
        raise _mistake("wrong_track", "", quoted(value), f"One of: {', '.join(tracks)}.")
    return value


def check_seeds(value: object) -> tuple[int, ...]:
    """Refuse anything but a list of at most 1,000 integers of 64 bits."""
    if not isinstance(value, list) or any(type(each) is not int for each in value):
        got = "a list with other values" if isinstance(value, list) else _type_of(value)
        raise _mistake("metadata_wrong_type", "", got)
    if len(value) > MOST_SEEDS:
        raise _mistake("metadata_too_long", f"at most {MOST_SEEDS:,} values", f"{len(value):,}", "Shorten it.")
    wrong = next((each for each in value if not 0 <= each < 2**64), None)
    if wrong is not None:
        hint = "Correct it, or leave the field out."
        raise _mistake("metadata_out_of_range", "values from 0 to 2**64 - 1", _shown(wrong), hint)
    return tuple(value)


def problems_of(error: ErrorDetails, meaning: Meaning, where: str) -> list[Problem]:
    """Translate one of pydantic's errors about a field.

    Args:
        error: The error.
        meaning: How messages describe the field.
        where: File and field, for messages.
    """
    kind, value, context = error["type"], error["input"], error.get("ctx", {})
    if kind == "missing":
        return [problem("metadata_missing_field", where, meaning.expected, "nothing", meaning.hint)]
    if kind in _RANGE_ERRORS or (kind == "float_type" and type(value) is int):  # an integer beyond the floats
        expected = f"0 to {meaning.highest:,}"
        return [problem("metadata_out_of_range", where, expected, _shown(value), meaning.hint)]
    if kind == "string_type":
        hint = meaning.hint or "Put it into quotes if it is text."
        return [problem("metadata_wrong_type", where, f"{meaning.expected} as text", _type_of(value), hint)]
    if kind == "string_too_long":
        expected, got = f"at most {context['max_length']:,} characters", f"{len(value):,}"
        return [problem("metadata_too_long", where, expected, got, "Shorten it."), *_forbidden(value, meaning, where)]
    if "code" not in context:  # int_type or float_type
        got = quoted(value) if isinstance(value, str) else _type_of(value)
        return [problem("metadata_wrong_type", where, meaning.expected, got, meaning.hint)]
    expected, hint = context["expected"] or meaning.expected, context["hint"] or meaning.hint
    return [problem(context["code"], where, expected, context["got"], hint)]


def _mistake(code: str, expected: str, got: str, hint: str = "") -> PydanticCustomError:
    """Make the error of a check; empty texts stand for those of the field's `Meaning`."""
    return PydanticCustomError("mistake", "", {"code": code, "expected": expected, "got": got, "hint": hint})


def _forbidden(value: str, meaning: Meaning, where: str) -> list[Problem]:
    try:
        _check_characters(value, meaning.has_lines)
    except PydanticCustomError as error:
        context: Any = error.context
        return [problem(where=where, **context)]
    return []


def _check_characters(value: str, has_lines: bool) -> str:
    allowed = "\n\t" if has_lines else ""
    forbidden = [
        character for character in dict.fromkeys(value) if character not in allowed and not _is_visible(character)
    ]
    if forbidden:
        got = ", ".join(f"U+{ord(character):04X}" for character in forbidden[:5])
        expected = "no control, bidirectional or zero-width characters" + ("" if has_lines else " and no line breaks")
        raise _mistake("metadata_forbidden_character", expected, got, "Type the text again without them.")
    return value


def _is_visible(character: str) -> bool:
    """Return False for control, format, surrogate, private-use and separator characters.

    Format characters are, for example, bidirectional or zero-width.
    """
    category = unicodedata.category(character)
    return category[0] != "C" and category not in ("Zl", "Zp") and character not in _BLANK


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


def _type_of(value: object) -> str:
    return _TYPES.get(type(value), "something else")


def _shown(number: float) -> str:
    if isinstance(number, float):
        return f"{number}"
    return f"{number:,}" if abs(number) < 10**20 else "a number of over 20 digits"
