"""Runs over a workspace: no work is repeated or half done, and a bad model fails alone."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import onnx
import onnx.parser
import pytest
from onnx import helper

from tests.collect.models import contents, run, write_model, write_models
from younger_hf.collect import export_job as job_module
from younger_hf.collect import run as run_module
from younger_hf.collect.export_job import ExportResult
from younger_hf.collect.run import Selection, compute_stamp, num_pending, retrieve
from younger_hf.collect.workspace import LOCK, Workspace
from younger_hf.containment.limits import Limits
from younger_hf.errors import WorkspaceError
from younger_hf.graph.read.extract import from_onnx
from younger_hf.sources.candidate import Candidate
from younger_hf.sources.files.folder import folder
from younger_hf.sources.source import Query


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return write_models(tmp_path / "models")


@pytest.fixture
def workspace(tmp_path: Path, models: Path) -> Workspace:
    """A workspace with three pending models."""
    opened = Workspace(tmp_path / "workspace")
    assert (3, 3) == retrieve(opened, "local", Query(options={"path": str(models)}))
    return opened


@pytest.mark.heavy
def test_every_model_becomes_a_model_without_weights_and_a_dag(workspace: Workspace, models: Path) -> None:
    results = run(workspace)
    assert {"local--Relu", "local--Sigmoid", "local--Tanh"} == {result.id for result in results}
    for candidate, result, model, dag in workspace.results():
        assert ("done", "", "", "file") == (result.status, result.reason, result.error, result.exporter)
        assert {"onnx": onnx.__version__} == result.versions
        exported = onnx.load(workspace.path(model))
        assert {"v": [1], "w": [100, 1000]} == {tensor.name: list(tensor.dims) for tensor in exported.graph.initializer}
        assert not any(tensor.raw_data for tensor in exported.graph.initializer)
        assert workspace.path(model).stat().st_size < 1000
        original = from_onnx(candidate.recipe["path"])
        assert original == workspace.dag(dag) == from_onnx(workspace.path(model))
        hashes = original.wl_hash("w_attrs"), original.wl_hash("wo_attrs")
        assert hashes == (result.wl_hash_w_attrs, result.wl_hash_wo_attrs)
        assert (3, 2) == (result.num_nodes, result.num_edges)
    assert not workspace.running.exists() or [] == list(workspace.running.iterdir())


@pytest.mark.heavy
def test_no_weights_are_read_or_written(tmp_path: Path) -> None:
    """The model has 400 MB of weights, which are skipped."""
    big = tmp_path / "big"
    big.mkdir()
    model = onnx.parser.parse_model(
        '<ir_version: 8, opset_import: ["" : 17]> g (float[1,100] x) => (float[1,1000000] y) { y = MatMul(x, w) }'
    )
    model.graph.initializer.add(name="w", data_type=1, dims=[100, 1000000], raw_data=bytes(400_000_000))
    onnx.save(model, big / "big.onnx")
    workspace = Workspace(tmp_path / "big-workspace")
    retrieve(workspace, "local", Query(options={"path": str(big)}))
    (result,) = run(workspace, limits=Limits(memory=1_000_000_000))
    assert "done" == result.status
    assert result.bytes_read + result.bytes_written < 20_000_000


def test_long_attribute_lists_keep_their_length(tmp_path: Path) -> None:
    """Only the length of a long attribute list is recorded."""
    node = helper.make_node("Custom", ["x"], ["y"], domain="own", table=list(range(1000)), few=[1, 2])
    given = helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1])
    graph = helper.make_graph([node], "g", [given], [helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1])])
    onnx.save(helper.make_model(graph), tmp_path / "m.onnx")
    workspace = Workspace(tmp_path / "workspace")
    workspace.add(folder(tmp_path))
    run(workspace)
    ((_, _, model, dag),) = workspace.results()
    assert from_onnx(tmp_path / "m.onnx") == workspace.dag(dag) == from_onnx(workspace.path(model))
    assert {"few": [1, 2], "table": {"type": "ints", "length": 1000}} == json.loads(workspace.dag(dag).attributes[0])


def test_a_second_run_does_nothing(workspace: Workspace, models: Path) -> None:
    run(workspace)
    before = contents(workspace)
    assert (3, 0) == retrieve(workspace, "local", Query(options={"path": str(models)}))
    assert 0 == num_pending(workspace, Selection())
    assert [] == run(workspace)
    assert before == contents(workspace)


def test_another_workspace_gets_the_same(workspace: Workspace, models: Path, tmp_path: Path) -> None:
    other = Workspace(tmp_path / "other")
    other.add(reversed(folder(models)))
    run(workspace)
    run(other, workers=1)
    assert contents(workspace) == contents(other)


def _object(workspace: Workspace, which: int) -> Path:
    """The model (1) or the Dag (2) of Relu."""
    return workspace.path(str(workspace.result("local--Relu")[which]))


DAMAGE: dict[str, Callable[[Workspace, Path], object]] = {
    "the model is gone": lambda workspace, models: _object(workspace, 1).unlink(),
    "the Dag is gone": lambda workspace, models: _object(workspace, 2).unlink(),
    "the model has changed": lambda workspace, models: write_model(models / "Relu.onnx", "Softplus"),
    "a part of it was left": lambda workspace, models: (
        os.truncate(_object(workspace, 1), 50),
        _object(workspace, 1).rename(_object(workspace, 1).with_name("left.partial")),
    ),
}


@pytest.mark.heavy
@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
def test_only_missing_or_outdated_objects_are_rebuilt(
    damage: Callable[[Workspace, Path], object], workspace: Workspace, models: Path
) -> None:
    run(workspace)
    damage(workspace, models)
    assert ["local--Relu"] == [result.id for result in run(workspace)]
    result, model, dag = workspace.result("local--Relu")
    assert result is not None
    assert from_onnx(models / "Relu.onnx") == workspace.dag(dag) == from_onnx(workspace.path(model))


def test_a_damaged_object_is_named(workspace: Workspace) -> None:
    run(workspace)
    path = _object(workspace, 2)
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(WorkspaceError, match=rf"{path.name}: the object is damaged"):
        workspace.dag(str(workspace.result("local--Relu")[2]))


def test_another_extractor_reads_the_models_again_without_exporting_them(
    workspace: Workspace, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The originals are gone, and the run does not miss them."""
    run(workspace)
    before = {candidate.id: result.num_nodes for candidate, result, _, _ in workspace.results()}
    monkeypatch.setattr(run_module, "EXTRACTOR", job_module.EXTRACTOR + 1)
    assert 3 == num_pending(workspace, Selection())
    monkeypatch.setattr(run_module, "compute_stamp", lambda candidate: workspace.result(candidate.id)[0].stamp)
    for file in models.iterdir():
        file.unlink()
    results = run(workspace)
    assert ["done"] * 3 == [result.status for result in results]
    assert before == {result.id: result.num_nodes for result in results}


def test_other_overrides_are_another_recipe() -> None:
    """Another revision is another recipe, too."""
    recipe = {"kind": "transformers", "model_type": "bert", "auto_class": "AutoModel"}
    one = Candidate("m", "transformers", "m", "", "", "", {**recipe, "overrides": {"num_hidden_layers": 1}})
    other = replace(one, recipe={**recipe, "overrides": {"num_hidden_layers": 2}})
    later = replace(one, revision="5.24.0")
    liked = replace(one, likes=5)
    assert compute_stamp(one) == compute_stamp(liked)
    assert 3 == len({compute_stamp(one), compute_stamp(other), compute_stamp(later)})


def test_models_that_cannot_be_exported_cost_only_themselves(
    workspace: Workspace, models: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    payload = (models / "Relu.onnx").read_bytes()
    (models / "Cut.onnx").write_bytes(payload[: len(payload) // 2])
    (models / "Text.onnx").write_text("no model at all")
    gone = replace(folder(models)[0], id="gone", recipe={"kind": "file", "path": str(models / "gone.onnx")})
    odd = replace(folder(models)[0], id="odd", recipe={"kind": "telepathy"})
    empty = replace(folder(models)[0], id="empty", recipe={"kind": "file"})
    workspace.add([*folder(models), gone, odd, empty])
    results = run(workspace)
    errors = {result.id: result.error for result in results if result.status == "failed"}
    assert {"local--Cut", "local--Text", "gone", "odd", "empty"} == set(errors)
    assert "Cut.onnx: this is not a readable ONNX model" in errors["local--Cut"]
    assert "Text.onnx: this is not a readable ONNX model" in errors["local--Text"]
    assert "gone.onnx: cannot be read (No such file or directory)" in errors["gone"]
    assert "Unknown source 'telepathy'; expected one of: local, " in errors["odd"]
    assert "KeyError: 'path'" in errors["empty"]
    for name, error in errors.items():
        assert (error, "", "") == (workspace.result(name)[0].error, *workspace.result(name)[1:])
    assert ("", "") == tuple(capfd.readouterr())


def test_failures_stay_until_they_are_to_be_retried(workspace: Workspace, models: Path) -> None:
    """All failures are retried, or those of one reason; changed models are always tried again."""
    (models / "Relu.onnx").write_bytes(b"no model")
    statuses = {result.id: result.status for result in run(workspace)}
    assert "failed" == statuses["local--Relu"]
    assert [] == run(workspace)
    assert [] == run(workspace, Selection(retry=("time",)))
    assert ["local--Relu"] == [result.id for result in run(workspace, Selection(retry=("all",)))]
    assert ["local--Relu"] == [result.id for result in run(workspace, Selection(retry=("build",)))]
    write_model(models / "Relu.onnx", "Relu")
    assert [("local--Relu", "done")] == [(result.id, result.status) for result in run(workspace)]
    assert [] == run(workspace, Selection(retry=("all",)))


@pytest.mark.skipif(find_spec("tf2onnx") is not None, reason="it is about an environment without TensorFlow")
def test_results_of_another_environment_stay(workspace: Workspace) -> None:
    """TensorFlow needs its own environment, without which its models cannot be exported again."""
    candidate = Candidate("keras--VGG16", "keras", "VGG16", "", "vgg16", "", {"kind": "keras", "application": "VGG16"})
    workspace.add([candidate])
    assert 4 == num_pending(workspace, Selection())
    workspace.store(ExportResult("keras--VGG16", "made with TensorFlow", "done", model=b"model", dag=b"dag"))
    assert 3 == num_pending(workspace, Selection())


def test_a_selection_restricts_the_run_and_the_limit_counts_pending_models(workspace: Workspace) -> None:
    assert ["local--Tanh"] == _names(run(workspace, Selection(query=Query(only=("T*",)))))
    assert ["local--Relu"] == _names(run(workspace, Selection(query=Query(limit=1))))
    assert [] == _names(run(workspace, Selection(hubs=("timm",))))
    assert [] == _names(run(workspace, Selection(ids=frozenset({"local--Relu"}))))
    assert ["local--Sigmoid"] == _names(run(workspace, Selection(hubs=("local",), query=Query(limit=5))))


def test_one_process_works_in_a_workspace_at_a_time(workspace: Workspace) -> None:
    with workspace.locked(), pytest.raises(WorkspaceError, match="another process works in this workspace"):
        run(Workspace(workspace.root))
    assert (workspace.root / LOCK).exists()
    assert 3 == len(run(workspace))


def test_a_folder_that_is_not_a_workspace_is_reported(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("here already")
    with pytest.raises(WorkspaceError, match="file: the workspace cannot be created"):
        Workspace(tmp_path / "file")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "manifest.sqlite").write_bytes(b"no database, though long enough to be taken for one" * 100)
    with pytest.raises(WorkspaceError, match=r"manifest.sqlite: the manifest cannot be opened"):
        Workspace(tmp_path / "other")


def test_a_workspace_of_another_version_is_left_alone(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    workspace.query("PRAGMA user_version=99")
    workspace.close()
    with pytest.raises(WorkspaceError, match="expected a workspace of version 1, found version 99"):
        Workspace(tmp_path)


def _names(results: list[ExportResult]) -> list[str]:
    return sorted(result.id for result in results)
