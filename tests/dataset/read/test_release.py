from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.dataset.built import Built
from younger_hf.dataset.read.release import default_answers, open_answers, open_release
from younger_hf.errors import DatasetError

Edit = Callable[[dict[str, object]], object]


@pytest.fixture
def copy(built: Built, tmp_path: Path) -> Path:
    """A repo to damage."""
    shutil.copytree(built.root, tmp_path / "younger")
    return tmp_path / "younger"


def edit_manifest(root: Path, edit: Edit) -> None:
    path = root / "manifest.json"
    values = json.loads(path.read_text())
    edit(values)
    path.write_text(json.dumps(values))


def test_a_release_lists_its_contents(built: Built) -> None:
    release = open_release(built.root)
    assert release == open_release(str(built.root)) == built.release
    assert ["train", "validation", "test"] == list(release.rows["operator_w_attrs"])
    assert ["train", "validation"] == list(release.rows["architectures"])
    assert release.content_hash.startswith("sha256:")
    assert 64 + len("sha256:") == len(release.content_hash)


def test_columns_can_be_chosen(built: Built) -> None:
    assert ["y", "graph_id"] == built.release.table("operator_w_attrs", "train", ["y", "graph_id"]).column_names


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", "cannot be read as JSON"),
        ("{", "cannot be read as JSON"),
        ("\udcff", "cannot be read as JSON"),
        ("[]", "expected a JSON object, found list"),
        ("{}", "expected the format 1, found None"),
        ('{"format": 2}', "expected the format 1, found 2"),
        ('{"format": 1}', "expected 'configs' as dict, found NoneType"),
    ],
)
def test_a_bad_manifest_is_one_error_with_a_hint(copy: Path, text: str, found: str) -> None:
    (copy / "manifest.json").write_text(text, errors="surrogateescape")
    with pytest.raises(DatasetError, match=found) as caught:
        open_release(copy)
    assert str(copy / "manifest.json") in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize(
    ("edit", "found"),
    [
        (lambda m: m.pop("content_hash"), "'content_hash' as str, found NoneType"),
        (lambda m: m.update(version=1), "'version' as str, found int"),
        (lambda m: m.update(configs=["operator_w_attrs"]), "'configs' as dict, found list"),
        (lambda m: m["configs"].update(operator_w_attrs=3), "'operator_w_attrs' as dict, found int"),
        (lambda m: m["configs"]["operator_w_attrs"].update(train="x"), "'train' as dict, found str"),
        (lambda m: m["configs"]["operator_w_attrs"]["train"].update(rows="9"), "'rows' as int, found str"),
        (lambda m: m["configs"]["operator_w_attrs"]["train"].pop("path"), "'path' as str, found NoneType"),
    ],
)
def test_a_manifest_with_a_bad_entry_is_one_error_with_a_hint(copy: Path, edit: Edit, found: str) -> None:
    edit_manifest(copy, edit)
    with pytest.raises(DatasetError, match=found) as caught:
        open_release(copy)
    assert caught.value.hint


@pytest.mark.parametrize(("opener", "kind"), [(open_release, "a dataset"), (open_answers, "an answers")])
def test_a_missing_empty_or_wrong_folder_is_named(tmp_path: Path, opener: Callable[[Path], object], kind: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "notes.txt").touch()
    for name, found in (
        ("missing", f"the folder does not exist; expected {kind} folder"),
        ("empty", f"this is not {kind} folder: it is empty"),
        ("other", f"this is not {kind} folder: it has no manifest.json"),
        ("other/notes.txt", "the folder does not exist"),
    ):
        with pytest.raises(DatasetError, match=found) as caught:
            opener(tmp_path / name)
        assert caught.value.message.startswith(str(tmp_path / name))
        assert caught.value.hint


def test_a_config_or_split_that_is_not_there_is_named_with_those_that_are(copy: Path) -> None:
    edit_manifest(copy, lambda m: m["configs"].pop("generation_w_attrs"))
    release = open_release(copy)
    with pytest.raises(
        DatasetError, match=r"unknown config 'generation_w_attrs'; expected one of: architectures,"
    ) as caught:
        release.table("generation_w_attrs", "train")
    assert caught.value.hint
    with pytest.raises(DatasetError, match=r"no split 'test'; expected one of: train, validation\.") as caught:
        release.table("architectures", "test")
    assert caught.value.hint


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-10])


def _flip(path: Path) -> None:
    damaged = bytearray(path.read_bytes())
    column = pq.ParquetFile(path).metadata.row_group(0).column(0)
    damaged[column.data_page_offset + column.total_compressed_size - 2] ^= 0xFF
    path.write_bytes(damaged)


def _as_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _retyped(path: Path) -> None:
    table = pq.read_table(path)
    pq.write_table(table.set_column(0, "graph_id", pa.array(range(table.num_rows))), path)


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (Path.unlink, "the file is missing"),
        (_cut, "cannot be read as Parquet"),
        (_flip, "cannot be read as Parquet"),
        (_as_folder, "cannot be read as Parquet"),
        (lambda path: path.write_bytes(b""), "cannot be read as Parquet"),
        (lambda path: path.write_text("graph_id,y\n"), "cannot be read as Parquet"),
        (
            lambda path: pq.write_table(pa.table({"y": [1]}), path),
            "expected a column 'graph_id' of type string, found none",
        ),
        (_retyped, "expected a column 'graph_id' of type string, found int64"),
    ],
)
@pytest.mark.parametrize("kind", ["dataset", "answers"])
def test_a_missing_or_damaged_file_is_one_error_with_a_hint(
    built: Built, tmp_path: Path, kind: str, damage: Callable[[Path], object], found: str
) -> None:
    root = tmp_path / kind
    shutil.copytree(built.root if kind == "dataset" else built.answers.root, root)
    path = root / ("operator_w_attrs/test-00000-of-00001.parquet" if kind == "dataset" else "operator_w_attrs.parquet")
    damage(path)
    read = partial(open_release(root).table, split="test") if kind == "dataset" else open_answers(root).table
    with pytest.raises(DatasetError, match=found) as caught:
        read("operator_w_attrs")
    assert caught.value.message.startswith(str(path))
    assert caught.value.hint


def test_answers_lie_beside_the_dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Path("data/younger-answers") == default_answers(Path("data/younger"))
    (tmp_path / "younger").mkdir()
    monkeypatch.chdir(tmp_path / "younger")
    assert tmp_path / "younger-answers" == default_answers(Path())
