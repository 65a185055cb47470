"""ONNX files of a local folder as candidates."""

from __future__ import annotations

import json
import os
import re
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from younger_hf.errors import SourceError
from younger_hf.sources.files.folder import folder


def put(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")


def test_files_are_found_at_every_depth_and_ordered_by_their_path(tmp_path: Path) -> None:
    put(tmp_path, "b.onnx", "a.onnx", "z/deep/er/c.onnx", "a/1.onnx", "readme.txt", "a/weights.bin")
    (tmp_path / "folder.onnx").mkdir()
    found = folder(tmp_path)
    assert ["a/1", "a", "b", "z/deep/er/c"] == [candidate.model for candidate in found]
    assert ["local--a--1", "local--a", "local--b", "local--z--deep--er--c"] == [candidate.id for candidate in found]
    assert {("local", "file")} == {(candidate.hub, candidate.recipe["kind"]) for candidate in found}
    for candidate in found:
        assert (tmp_path / f"{candidate.model}.onnx").resolve() == Path(candidate.recipe["path"])


def test_a_relative_folder_yields_absolute_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers may run elsewhere, and a changed recipe means another export."""
    put(tmp_path, "models/a.onnx")
    monkeypatch.chdir(tmp_path)
    assert folder(tmp_path / "models") == folder(Path("models"))


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ((), "but it is empty"),
        (("readme.txt", "deep/model.pt"), "but it has none"),
    ],
)
def test_a_folder_without_models_is_reported_with_its_contents(
    tmp_path: Path, names: tuple[str, ...], message: str
) -> None:
    put(tmp_path, *names)
    with pytest.raises(
        SourceError, match=re.escape(f"{tmp_path}: expected ONNX files (*.onnx) in this folder, {message}")
    ):
        folder(tmp_path)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    put(tmp_path, "a.onnx")
    for path in (tmp_path / "missing", tmp_path / "a.onnx"):
        with pytest.raises(SourceError, match=re.escape(f"{path}: the folder does not exist")):
            folder(path)


def test_odd_names_stay_distinct_and_are_safe_as_file_names(tmp_path: Path) -> None:
    odd = ["a b", "a_b", "a/b", "a--b", "a-/b", "a/-b", "a-b", "a%2fb", "ä", "a\u0308", "\u1f60" + "0", "\U0001f600"]
    odd += ["a:b", "a*b", "a\\b", "a'b", 'a"b', "a\nb", "..a", "-", "--", "x" * 250, "x" * 249 + "y"]
    put(tmp_path, *(f"{name}.onnx" for name in odd))
    identifiers = [candidate.id for candidate in folder(tmp_path)]
    assert len(odd) == len(set(identifiers))
    assert all(re.fullmatch(r"local--[A-Za-z0-9._%-]{1,210}", name) for name in identifiers)
    assert "local--%c3%a4" in identifiers


def test_file_names_that_are_not_utf8_are_read(tmp_path: Path) -> None:
    """Linux allows any bytes in a file name; Parquet stores only text."""
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.onnx")).write_bytes(b"")
    (candidate,) = folder(tmp_path)
    assert "local--caf%e9" == candidate.id
    assert "caf\ufffd" == candidate.model
    assert Path(json.loads(json.dumps(candidate.recipe["path"]))).is_file()


NAMES = st.text("ab-/. %\u00e4", min_size=1, max_size=6).map(lambda text: os.path.normpath("./" + text.strip("/. ")))


@given(st.sets(NAMES.filter(lambda name: not name.startswith(".")), min_size=2, max_size=6))
def test_distinct_paths_have_distinct_identifiers(names: set[str]) -> None:
    with tempfile.TemporaryDirectory() as root:
        put(Path(root), *(f"{name}.onnx" for name in names))
        assert len(names) == len({candidate.id for candidate in folder(Path(root))})
