"""Attacks 15 to 23: CSV and JSON lines files as spreadsheets and scripts get them wrong."""

from __future__ import annotations

import pyarrow as pa

from tests.submission.attacks import bombs
from tests.submission.attacks.attack import Attack, bomb, each
from tests.submission.attacks.files import changed, element, rows, sparse, table, text
from tests.submission.reports import NODES

_ALL, _TEXT = "parquet csv jsonl", "csv jsonl"


def _no_json(number: int, *literals: str) -> list[Attack]:
    """Literals that are invalid JSON.

    A CSV row keeps its id; a JSON line that cannot be read has none.
    """
    return [
        attack
        for literal in literals
        for attack in (
            *each(number, literal, "csv", element(literal), "bad_json"),
            *each(number, literal, "jsonl", element(literal), "bad_json", "missing_graph"),
        )
    ]


def _long_lines(name: str, start: str, filling: str, end: str) -> list[Attack]:
    """A list of just the largest size in one line."""
    in_json = bombs.long_line(f'{{"graph_id": "500", "scores": {start}', filling, f"{end}}}")
    return [
        *bomb(22, f"64 MiB of {name}", "csv", bombs.long_line(f'500,"{start}', filling, f'{end}"'), "long_row"),
        *bomb(22, f"64 MiB of {name}", "jsonl", in_json, "long_row", "missing_graph"),
    ]


def _second_scores(valid: pa.Table) -> pa.Table:
    return pa.table([*valid.columns, valid["scores"]], names=["graph_id", "scores", "scores"])


ATTACKS = [
    *each(15, "UTF-16", _TEXT, text(lambda lines: lines, "utf-16"), "bad_encoding"),
    *each(15, "UTF-16 without a mark", _TEXT, text(lambda lines: lines, "utf-16-le"), "bad_encoding"),
    *each(15, "a byte order mark", _TEXT, text(lambda lines: lines, "utf-8-sig"), "bad_encoding"),
    *each(15, "NUL", _TEXT, element("0\0"), "bad_encoding"),
    *each(15, "Latin-1", _TEXT, text(lambda lines: [*lines, "\xe9"], "latin-1"), "bad_encoding"),
    *each(16, "semicolons", "csv", text(lambda lines: [line.replace(",", ";") for line in lines]), "wrong_delimiter"),
    *each(16, "tabs", "csv", text(lambda lines: [line.replace(",", "\t", 1) for line in lines]), "wrong_delimiter"),
    *each(17, "a cell too many", "csv", changed("$", ",0.5"), "ragged_row", "missing_graph"),
    *each(17, "a cell too few", "csv", changed(",.*", ""), "ragged_row", "missing_graph"),
    *bomb(17, "100,000 ragged rows", "csv", bombs.ragged_rows, "too_many_rows", "ragged_row"),
    *each(17, "a list without quotes", "csv", changed('".*"', "[0.5, 0.5]"), "ragged_row", "missing_graph"),
    *each(
        17,
        "the index of pandas",
        "csv",
        text(lambda lines: ["," + lines[0], *(f"{index},{line}" for index, line in enumerate(lines[1:]))]),
        "extra_column",
    ),
    *each(18, "scores twice", "csv", text(lambda lines: [f"{line},scores" for line in lines]), "duplicate_column"),
    *each(18, "scores twice", "parquet", table(_second_scores), "duplicate_column"),
    *each(
        19,
        "001 as 1",
        _ALL,
        rows(lambda valid: {(key.lstrip("0") or "0"): row for key, row in valid.items()}),
        *("unknown_graph", "missing_graph"),
        track=NODES,
    ),
    *each(19, "1 beside 001", _ALL, rows(lambda valid: {**valid, "1": valid["001"]}), "unknown_graph", track=NODES),
    *each(19, "a number as id", "jsonl", changed('(?<=: )"[^"]*"', "1"), "wrong_type", "missing_graph"),
    *each(20, "1e400", _TEXT, element("1e400"), "infinity"),
    *each(20, "-1e400", _TEXT, element("-1e400"), "infinity"),
    *_no_json(20, "NA", "nan", "inf", ""),
    *each(20, "null", _TEXT, element("null"), "null_value"),
    *each(20, "NA as a cell", "csv", changed('".*"', "NA"), "bad_json"),
    *each(20, "an empty cell", "csv", changed('".*"', ""), "bad_json"),
    *_no_json(21, "True", "0x1", "1_000", "\u0661", "\uff11", "01", ".5", "+1", "1.", "1e"),
    *each(21, "true", _TEXT, element("true"), "wrong_type"),
    *each(21, "text", "jsonl", element('"0.5"'), "wrong_type"),
    *each(22, "a line break in an id", "csv", changed("^[^,]*", '"5\n00"'), "unknown_graph", "missing_graph"),
    *each(22, "a line break in an id", "jsonl", changed('(?<=: ")', "\\n"), "unknown_graph", "missing_graph"),
    *each(22, "a line of 1 GB", _TEXT, sparse(2**30), "file_too_large"),
    *_long_lines("numbers", "[", "0,", "0]"),
    *_long_lines("brackets", "", "[", ""),
    *_long_lines("digits", "[", "9", "]"),
    *_long_lines("a wide character", "\U0001f600", "x", ""),
    *bomb(22, "an id of 64 MiB", "csv", bombs.long_line("", "x", ',"[0.5]"'), "long_row"),
    *bomb(22, "64 MiB of commas", "csv", bombs.long_line("", ",", ""), "long_row"),
    *bomb(22, "64 MiB of quotes", "csv", bombs.long_line("", '"', ""), "long_row"),
    *bomb(22, "64 MiB of header", "csv", bombs.long_header, "file_damaged"),
    *bomb(22, "many lines of one cell", "csv", bombs.long_line('500,"[0.5', ",0.5" * 50_000 + "\n", ']"'), "long_row"),
    *bomb(22, "many wide lines", "jsonl", bombs.wide_lines, "bad_json", "missing_graph"),
    *each(23, "NaN", _TEXT, element("NaN"), "nan"),
    *each(23, "Infinity", _TEXT, element("Infinity"), "infinity"),
    *each(23, "-Infinity", _TEXT, element("-Infinity"), "infinity"),
    *each(23, "an id twice", "jsonl", changed(r"\{", '{"graph_id": "x", '), "duplicate_column", "missing_graph"),
    *each(23, "scores twice", "jsonl", changed(r"\}", ', "scores": [0.5]}'), "duplicate_column", "missing_graph"),
]
