"""The export stage: whole files, nothing twice, and one bad model costs one model."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import onnx
import onnx.parser
import pytest
from onnx import helper

from tests.export.conftest import made_of, state, write_model
from tests.export.tiny import recipe
from younger_hf.errors import ExportError
from younger_hf.export.stage import LOG, ExportRecord, export_all, read_record
from younger_hf.graph.extract import from_onnx
from younger_hf.retrieve.folder import folder
from younger_hf.retrieve.presets import preset


def test_every_model_becomes_a_file_without_weights_and_a_record(models: Path, tmp_path: Path) -> None:
    told: list[tuple[ExportRecord, int, int]] = []
    candidates, out = folder(models), tmp_path / "deep" / "export"
    records = export_all(candidates, out, on_progress=lambda *what: told.append(what))
    assert [candidate.id for candidate in candidates] == [record.id for record in records]
    assert [(1, 3), (2, 3), (3, 3)] == [(done, total) for _, done, total in told]
    for candidate, record in zip(candidates, records, strict=True):
        exported = out / f"{candidate.id}.onnx"
        assert ("done", "", "file") == (record.status, record.error, record.exporter)
        assert record == read_record(out / f"{candidate.id}.json")
        assert exported.stat().st_size == record.num_bytes < 1000
        assert from_onnx(candidate.recipe["path"]) == from_onnx(exported)
        assert {"onnx": onnx.__version__} == record.versions
        assert 3 == record.num_nodes
        tensors = onnx.load(exported).graph.initializer
        assert {"v": [1], "w": [100, 1000]} == {tensor.name: list(tensor.dims) for tensor in tensors}
        assert not any(tensor.raw_data for tensor in tensors)
    names = {f"{candidate.id}.{ending}" for candidate in candidates for ending in ("onnx", "json")}
    assert names | {LOG} == {file.name for file in out.iterdir()}


def test_long_attribute_lists_keep_their_length(tmp_path: Path) -> None:
    """Which is all that reading a model keeps of them."""
    node = helper.make_node("Custom", ["x"], ["y"], domain="own", table=list(range(1000)), few=[1, 2])
    given = helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1])
    graph = helper.make_graph([node], "g", [given], [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1])])
    onnx.save(helper.make_model(graph), tmp_path / "m.onnx")
    export_all(folder(tmp_path), tmp_path / "out")
    dag = from_onnx(tmp_path / "out" / "local--m.onnx")
    assert from_onnx(tmp_path / "m.onnx") == dag
    assert {"few": [1, 2], "table": {"type": "ints", "length": 1000}} == json.loads(dag.attributes[0])


def test_a_second_run_exports_nothing_but_tells_of_everything(models: Path, tmp_path: Path) -> None:
    first = export_all(folder(models), tmp_path / "out")
    before, told = state(tmp_path / "out"), []
    second = export_all(folder(models), tmp_path / "out", on_progress=lambda *what: told.append(what))
    assert first == second
    assert before == state(tmp_path / "out")
    assert [(first[0], 1, 3), (first[1], 2, 3), (first[2], 3, 3)] == told


def _crashed(out: Path, models: Path) -> None:
    """A process was killed while it wrote."""
    file = out / "local--Relu.onnx"
    file.with_name("local--Relu.onnx.partial").write_bytes(file.read_bytes()[:50])
    file.unlink()
    (out / "local--Relu.json").unlink()


DAMAGE: dict[str, Callable[[Path, Path], object]] = {
    "the file is gone": lambda out, models: (out / "local--Relu.onnx").unlink(),
    "the record is gone": lambda out, models: (out / "local--Relu.json").unlink(),
    "the file is cut off": lambda out, models: os.truncate(out / "local--Relu.onnx", 50),
    "the record is cut off": lambda out, models: os.truncate(out / "local--Relu.json", 50),
    "the record is no record": lambda out, models: (out / "local--Relu.json").write_text("[1, 2]"),
    "a crash left a part": _crashed,
    "the model has changed": lambda out, models: write_model(models / "Relu.onnx", "Softplus"),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_what_is_not_whole_or_not_current_is_made_again(
    damage: Callable[[Path, Path], object], models: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    export_all(folder(models), out)
    before = state(out)
    damage(out, models)
    records = export_all(folder(models), out, workers=1)
    assert ["done"] * 3 == [record.status for record in records]
    assert from_onnx(models / "Relu.onnx") == from_onnx(out / "local--Relu.onnx")
    assert records[0] == read_record(out / "local--Relu.json")
    after = state(out)
    assert set(before) == set(after)
    untouched = {name for name in before if "Relu" not in name and name != LOG}
    assert {name: before[name] for name in untouched} == {name: after[name] for name in untouched}


def test_other_overrides_are_another_recipe(tmp_path: Path) -> None:
    """Decided by the stamp alone, so that nothing needs to be exported here."""
    one, other = (made_of(recipe("bert", "AutoModel", "text", num_hidden_layers=n), "m") for n in (1, 2))
    failed = [export_all([c], tmp_path / "out", timeout=0.01)[0] for c in (one, other, one)]
    assert failed[0].stamp == failed[2].stamp != failed[1].stamp


def test_models_that_cannot_be_exported_cost_only_themselves(
    models: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    payload = (models / "Relu.onnx").read_bytes()
    (models / "Cut.onnx").write_bytes(payload[: len(payload) // 2])
    (models / "Text.onnx").write_text("no model at all")
    gone = replace(folder(models)[0], id="gone", recipe={"kind": "file", "path": str(models / "gone.onnx")})
    odd = replace(folder(models)[0], id="odd", recipe={"kind": "telepathy"})
    empty = replace(folder(models)[0], id="empty", recipe={"kind": "transformers"})
    candidates = [*folder(models), gone, odd, empty]
    told: list[tuple[ExportRecord, int, int]] = []
    records = export_all(candidates, tmp_path / "out", on_progress=lambda *what: told.append(what))
    errors = {record.id: record.error for record in records if record.status == "failed"}
    assert {"local--Cut", "local--Text", "gone", "odd", "empty"} == set(errors)
    assert "Cut.onnx: this is no readable ONNX model" in errors["local--Cut"]
    assert "Text.onnx: this is no readable ONNX model" in errors["local--Text"]
    assert "gone.onnx: cannot be read (No such file or directory)" in errors["gone"]
    assert "'telepathy'; expected file or transformers" in errors["odd"]
    assert "KeyError: 'model_type'" in errors["empty"]
    for name, error in errors.items():
        record = read_record(tmp_path / "out" / f"{name}.json")
        assert record is not None
        assert ("failed", error) == (record.status, record.error)
        assert not (tmp_path / "out" / f"{name}.onnx").exists()
    assert list(range(1, 9)) == [done for _, done, _ in told]
    assert ("", "") == tuple(capfd.readouterr())


def test_what_failed_is_tried_again_and_what_is_old_does_not_stay(models: Path, tmp_path: Path) -> None:
    out, source = tmp_path / "out", models / "Relu.onnx"
    payload = source.read_bytes()
    seen = []
    for content in (payload[:100], payload, payload[:100], payload):
        source.write_bytes(content)
        record = export_all(folder(models), out)[0]
        seen.append((record.status, (out / "local--Relu.onnx").exists()))
    assert [("failed", False), ("done", True), ("failed", False), ("done", True)] == seen


def test_a_folder_that_cannot_be_made_is_named(models: Path) -> None:
    with pytest.raises(ExportError, match=r"Relu.onnx/out: the folder for exported models cannot be made"):
        export_all(folder(models), models / "Relu.onnx" / "out")


def test_nothing_to_export_is_no_error(tmp_path: Path) -> None:
    assert () == export_all([], tmp_path / "out")


@pytest.mark.slow
def test_the_whole_preset_is_exported_in_five_minutes(tmp_path: Path) -> None:
    started = time.monotonic()
    records = export_all(preset("mini"), tmp_path / "out")
    seconds = time.monotonic() - started
    assert {} == {record.id: record.error for record in records if record.status != "done"}
    assert {} == {record.id: record.overrides for record in records if record.overrides}
    assert seconds < 300
    assert sum(record.num_bytes for record in records) < 50_000_000
