"""Files are whole or absent."""

from __future__ import annotations

from pathlib import Path

import pytest

from younger_hf.files import first_line, replacing, write_json, write_text


def test_an_error_while_writing_leaves_the_earlier_file(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    write_text(file, "earlier")
    with pytest.raises(OSError, match="Not a directory"), replacing(file) as partial:  # noqa: PT012
        partial.write_text("half")
        Path("/dev/null/file").read_text()
    assert "earlier" == file.read_text()
    assert [file] == list(tmp_path.iterdir())


def test_json_is_readable_text(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"é": 1})
    assert '{\n  "é": 1\n}\n' == (tmp_path / "a.json").read_text(encoding="utf-8")


def test_the_first_line_of_an_error_is_never_empty() -> None:
    assert "one" == first_line(ValueError("one\ntwo"))
    assert "ValueError" == first_line(ValueError(" "))
