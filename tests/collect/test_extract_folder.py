"""ONNX files of a folder to Dags."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.dataset.models import LIGHT, chain, network
from younger_hf import from_onnx
from younger_hf.collect import extract_folder as module
from younger_hf.collect.extract_folder import Extraction, extract_folder
from younger_hf.errors import SourceError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "net.onnx"
    path.write_bytes(network(1).SerializeToString())
    return path


def test_extracted_dags_are_those_of_the_files_first_and_from_the_records(tmp_path: Path) -> None:
    models = tmp_path / "models"
    models.mkdir()
    for path in LIGHT:
        shutil.copy(path, models)
    expected = tuple(Extraction(f"local--{path.stem}", from_onnx(path)) for path in LIGHT)
    assert expected == extract_folder(models, tmp_path / "dags")
    assert {f"{item.id}.json" for item in expected} == {path.name for path in (tmp_path / "dags").iterdir()}
    assert expected == extract_folder(models, tmp_path / "dags")


def test_a_file_that_has_not_changed_is_not_read_again(tmp_path: Path, file: Path) -> None:
    """The record is changed to differ from the file; the result shows which of them was read."""
    extract_folder(file, tmp_path)
    record = tmp_path / "net.json"
    values = json.loads(record.read_text())
    record.write_text(json.dumps({**values, "dag": chain("Relu").to_dict()}))
    (again,) = extract_folder(file, tmp_path)
    assert chain("Relu") == again.dag


def test_a_file_that_has_changed_is_read_again(tmp_path: Path, file: Path) -> None:
    extract_folder(file, tmp_path)
    file.write_bytes(network(2).SerializeToString())
    (again,) = extract_folder(file, tmp_path)
    assert from_onnx(file) == again.dag


def test_records_of_another_extractor_version_are_rebuilt(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    extract_folder(file, tmp_path)
    before = json.loads((tmp_path / "net.json").read_text())
    monkeypatch.setattr(module, "EXTRACTOR", module.EXTRACTOR + 1)
    extract_folder(file, tmp_path)
    after = json.loads((tmp_path / "net.json").read_text())
    assert before["stamp"]["extractor"] + 1 == after["stamp"]["extractor"]
    assert before["dag"] == after["dag"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"stamp": 1}', "no dag", "half a dag"])
def test_a_damaged_record_is_rebuilt(tmp_path: Path, file: Path, text: str) -> None:
    extract_folder(file, tmp_path)
    record = tmp_path / "net.json"
    intact = record.read_text()
    values = json.loads(intact)
    if text == "no dag":
        text = json.dumps({"stamp": values["stamp"]})
    elif text == "half a dag":
        text = json.dumps({**values, "dag": {"op_types": ["Relu"]}})
    record.write_text(text)
    (again,) = extract_folder(file, tmp_path)
    assert from_onnx(file) == again.dag
    assert intact == record.read_text()


def test_a_model_that_cannot_be_read_costs_only_itself(tmp_path: Path, file: Path) -> None:
    models = tmp_path / "models"
    models.mkdir()
    (models / "broken.onnx").write_bytes(file.read_bytes()[:50])
    shutil.copy(file, models)
    seen: list[tuple[str, int, int]] = []
    results = extract_folder(models, tmp_path / "dags", lambda r, done, total: seen.append((r.id, done, total)))
    assert [None, from_onnx(file)] == [result.dag for result in results]
    assert str(models / "broken.onnx") in results[0].error
    assert [("local--broken", 1, 2), ("local--net", 2, 2)] == seen
    assert ["local--net.json"] == [path.name for path in (tmp_path / "dags").iterdir()]


def test_extracting_from_nowhere_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="the folder does not exist"):
        extract_folder(tmp_path / "missing", tmp_path / "out")
