"""What submitters wrote stays text: in Markdown, in links, in CSV files."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.pages.safe_text import csv_field, link, markdown, visible


@given(st.text())
def test_all_punctuation_is_escaped_for_markdown(text: str) -> None:
    escaped = markdown(text, limit=10_000)
    assert not re.search(r"(?<!\\)(?:\\\\)*[!-/:-@\[\]-`{-~]", escaped)


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), max_size=100))
def test_visible_characters_are_preserved(text: str) -> None:
    unescaped = re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", markdown(text)).replace("\u2060", "")
    assert " ".join(text.split()) == unescaped


@given(st.text())
def test_a_shown_text_is_one_line_without_hidden_characters(text: str) -> None:
    shown = visible(text)
    assert shown.isprintable() or any(character.isspace() or not character.isascii() for character in shown)
    assert not re.search("[\x00-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069]", shown)


def test_a_long_text_is_cut() -> None:
    assert "x" * 119 + "…" == markdown("x" * 1000)


@pytest.mark.parametrize(
    "text", ["https://a.example", "www.a.example", "WWW.a.example", "me@a.example", ":streamlit:", "->", "<=", "---"]
)
def test_links_that_markdown_finds_despite_escapes_are_broken_up(text: str) -> None:
    assert "\u2060" in markdown(text)


@pytest.mark.parametrize("url", ["https://example.org/a?b=c#d", "HTTP://example.org", "https://en.example/X_(y)"])
def test_web_addresses_become_links(url: str) -> None:
    assert f"[code](<{url}>)" == link("code", url)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "data:text/html,x",
        "ftp://example.org",
        "//example.org",
        "example.org",
        "https://",
        "https://example.org/> [x](javascript:y)",
        "https://example.org/\nx",
        "https://example.org/\u202egpj.exe",
        "https://[broken",
        " https://example.org",
    ],
)
def test_other_texts_do_not_become_links(url: str) -> None:
    assert "" == link("code", url)


@pytest.mark.parametrize("text", ["=cmd|' /C calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "\t"])
def test_a_field_that_a_spreadsheet_would_run_is_neutralised(text: str) -> None:
    assert f"'{text}" == csv_field(text)


@pytest.mark.parametrize(("value", "field"), [("GCN", "GCN"), ("a=b", "a=b"), (-0.5, "-0.5"), (3, "3"), ("", "")])
def test_other_fields_stay_as_they_are(value: object, field: str) -> None:
    assert field == csv_field(value)


@given(st.text())
def test_a_neutralised_field_survives_a_csv_file(text: str) -> None:
    file = io.StringIO(newline="")
    csv.writer(file).writerow([csv_field(text)])
    found = next(csv.reader(io.StringIO(file.getvalue(), newline="")))[0]
    assert found in (text, f"'{text}")
    assert not found.startswith(("=", "+", "-", "@", "\t", "\r"))
