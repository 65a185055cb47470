"""Text of submitters made safe to show: on a Markdown page, as a link, as a field of a CSV file."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import urlsplit

_PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
_JOINER = "\u2060"
# Streamlit's Markdown finds bare links, :streamlit: and arrows after it has resolved escapes, so a
# backslash does not help; an invisible joiner in their middle does.
_FOUND_LATE = re.compile(r"(?<=:)(?=\S)|(?<=@)(?=\S)|(?<=www)(?=\.)|(?<=[-<>=])(?=[-<>=])", re.IGNORECASE)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def visible(text: str) -> str:
    """Return the text as one line without invisible characters, such as direction marks."""
    spaced = "".join(" " if character.isspace() else character for character in text)
    return "".join(character for character in spaced if unicodedata.category(character) not in ("Cc", "Cf", "Co", "Cs"))


def markdown(text: str, limit: int = 120) -> str:
    """Escape text so that Streamlit's Markdown shows it literally.

    Args:
        text: Any text.
        limit: Most characters to show; a longer text ends in an ellipsis.
    """
    line = " ".join(visible(text).split())
    short = line if len(line) <= limit else line[: limit - 1].rstrip() + "…"
    return _PUNCTUATION.sub(r"\\\1", _FOUND_LATE.sub(_JOINER, short))


def link(label: str, url: str) -> str:
    """Return a Markdown link, or an empty text if the address is not a plain http or https one.

    Args:
        label: Our own text, shown instead of the address.
        url: The address as the submitter wrote it.
    """
    if re.search(r"[\s<>\\`]", url) or visible(url) != url:
        return ""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return f"[{label}](<{url}>)" if parts.scheme.lower() in ("http", "https") and parts.hostname else ""


def csv_field(value: object) -> str:
    """Return a value as a CSV field that spreadsheets do not take for a formula.

    A text that begins with one of `= + - @` or a tab gets an apostrophe; numbers stay as they are.
    """
    if isinstance(value, int | float):
        return str(value)
    text = str(value)
    return "'" + text if text.lstrip(" ").startswith(_FORMULA) else text
