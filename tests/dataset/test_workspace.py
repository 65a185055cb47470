from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.dataset.models import LIGHT, chain, network
from younger_hf import from_onnx
from younger_hf.dataset import workspace
from younger_hf.dataset.architecture import Provenance
from younger_hf.dataset.workspace import Extraction, Model, extract_all


def model(path: Path) -> Model:
    return Model(path.stem, path, Provenance("local", path.name))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "net.onnx"
    path.write_bytes(network(1).SerializeToString())
    return path


def test_extracted_dags_are_those_of_the_files_first_and_from_the_records(tmp_path: Path) -> None:
    models = [model(path) for path in LIGHT]
    expected = tuple(Extraction(m, from_onnx(m.path)) for m in models)
    assert expected == extract_all(models, tmp_path / "dags")
    assert {f"{m.id}.json" for m in models} == {path.name for path in (tmp_path / "dags").iterdir()}
    assert expected == extract_all(models, tmp_path / "dags")


def test_a_file_that_has_not_changed_is_not_read_again(tmp_path: Path, file: Path) -> None:
    """Seen by a record that says something else than the file."""
    extract_all([model(file)], tmp_path)
    record = tmp_path / "net.json"
    values = json.loads(record.read_text())
    record.write_text(json.dumps({**values, "dag": chain("Relu").to_dict()}))
    (again,) = extract_all([model(file)], tmp_path)
    assert chain("Relu") == again.dag


def test_a_file_that_has_changed_is_read_again(tmp_path: Path, file: Path) -> None:
    extract_all([model(file)], tmp_path)
    file.write_bytes(network(2).SerializeToString())
    (again,) = extract_all([model(file)], tmp_path)
    assert from_onnx(file) == again.dag


def test_records_of_another_version_of_the_extractor_are_made_again(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    extract_all([model(file)], tmp_path)
    before = json.loads((tmp_path / "net.json").read_text())
    monkeypatch.setattr(workspace, "EXTRACTOR", workspace.EXTRACTOR + 1)
    extract_all([model(file)], tmp_path)
    after = json.loads((tmp_path / "net.json").read_text())
    assert before["stamp"]["extractor"] + 1 == after["stamp"]["extractor"]
    assert before["dag"] == after["dag"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"stamp": 1}', "no dag", "half a dag"])
def test_a_damaged_record_is_made_again(tmp_path: Path, file: Path, text: str) -> None:
    extract_all([model(file)], tmp_path)
    record = tmp_path / "net.json"
    intact = record.read_text()
    values = json.loads(intact)
    if text == "no dag":
        text = json.dumps({"stamp": values["stamp"]})
    elif text == "half a dag":
        text = json.dumps({**values, "dag": {"op_types": ["Relu"]}})
    record.write_text(text)
    (again,) = extract_all([model(file)], tmp_path)
    assert from_onnx(file) == again.dag
    assert intact == record.read_text()


def test_a_model_that_cannot_be_read_costs_only_itself(tmp_path: Path, file: Path) -> None:
    broken, missing = tmp_path / "broken.onnx", tmp_path / "missing.onnx"
    broken.write_bytes(file.read_bytes()[:50])
    seen: list[tuple[str, int, int]] = []
    models = [model(path) for path in (broken, missing, file)]
    results = extract_all(models, tmp_path / "dags", lambda r, done, total: seen.append((r.model.id, done, total)))
    assert [None, None, from_onnx(file)] == [result.dag for result in results]
    assert str(broken) in results[0].error
    assert f"{missing}: cannot be read (No such file or directory)." == results[1].error
    assert [("broken", 1, 3), ("missing", 2, 3), ("net", 3, 3)] == seen
    assert ["net.json"] == [path.name for path in (tmp_path / "dags").iterdir()]
