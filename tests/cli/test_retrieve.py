"""`younger-hf retrieve, export, status, pack`: from a folder of models to one packed file."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest

from tests.cli.test_cli import assert_one_clear_message, younger
from tests.collect.models import write_models
from younger_hf.collect.export_job import ExportResult
from younger_hf.collect.workspace import Workspace
from younger_hf.sources.candidate import Candidate
from younger_hf.sources.registry import MODULES


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three models that can be read and one that cannot, exported."""
    root = tmp_path_factory.mktemp("cli")
    models = write_models(root / "models")
    (models / "cut.onnx").write_bytes(b"no model")
    listed = younger("retrieve", "local", "--option", f"path={models}", "-w", root / "workspace", "--json")
    assert {"local": {"listed": 4, "new": 4}} == json.loads(listed.stdout)
    exported = younger("export", "-w", root / "workspace", "--json")
    assert {"done": 3, "build": 1} == json.loads(exported.stdout), exported.stderr
    return root / "workspace"


@pytest.mark.heavy
def test_without_a_source_all_of_them_are_shown() -> None:
    shown = [source["source"] for source in json.loads(younger("retrieve", "--json").stdout)]
    assert list(MODULES) == shown[: len(MODULES)]
    assert {"huggingface", "onnx_zoo", "kaggle", "transformers", "timm", "torchvision", "local", "variants"} <= set(
        shown
    )


@pytest.mark.heavy
def test_a_source_that_cannot_be_reached_leaves_the_results_of_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = write_models(tmp_path / "models")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    run = younger("retrieve", "local", "huggingface", "--option", f"path={models}", "-w", tmp_path / "workspace")
    assert_one_clear_message(run, "cannot be reached", "Check the network connection")
    assert ["│", "local", "│", "3", "│", "3", "│"] in [line.split() for line in run.stdout.splitlines()]


@pytest.mark.heavy
def test_the_status_shows_results_and_reasons_for_failures(workspace: Path) -> None:
    status = json.loads(younger("status", "-w", workspace, "--json").stdout)
    (source,) = status["sources"]
    assert (4, 3, 3, 1, 0) == tuple(source[name] for name in ("candidates", "done", "distinct", "failed", "waiting"))
    assert [("build", 1)] == [(row["reason"], row["models"]) for row in status["failures"]]
    assert [("local--cut", "build")] == [(model["id"], model["reason"]) for model in status["failed_models"]]
    assert {} == status["running"]
    shown = younger("status", "-w", workspace, "--tasks").stdout
    assert all(word in shown for word in ("distinct", "Failures", "readable ONNX model", "Tasks"))


@pytest.mark.heavy
def test_a_model_that_ran_out_of_memory_is_named_with_the_reason(tmp_path: Path) -> None:
    with closing(Workspace(tmp_path)) as opened:
        opened.add([Candidate("timm--large", "timm", "large", "", "", "", {"kind": "timm"})])
        error = "The system ran out of memory and ended it (SIGKILL; it held 3.9 GB when last measured)."
        opened.store(ExportResult("timm--large", "", "failed", "memory", error, peak=3_900_000_000))
    (model,) = json.loads(younger("status", "-w", tmp_path, "--json").stdout)["failed_models"]
    assert ("timm--large", "memory", error) == (model["id"], model["reason"], model["error"])
    shown = younger("status", "-w", tmp_path, "--failures").stdout
    assert all(word in shown for word in ("timm--large", "memory", "3.9", "SIGKILL"))
    assert "status --failures" in younger("status", "-w", tmp_path).stdout


@pytest.mark.heavy
def test_an_export_without_pending_models_reports_it_and_failures_are_retried_by_reason(workspace: Path) -> None:
    assert "0/0 models" in younger("export", "-w", workspace).stdout
    assert {} == json.loads(younger("export", "-w", workspace, "--retry", "time", "--json").stdout)
    assert {"build": 1} == json.loads(younger("export", "-w", workspace, "--retry", "failed", "--json").stdout)


@pytest.mark.heavy
def test_a_workspace_becomes_one_file(workspace: Path, tmp_path: Path) -> None:
    packed = json.loads(younger("pack", tmp_path / "corpus.parquet", "-w", workspace, "--json").stdout)
    assert {"models": 4, "bytes": (tmp_path / "corpus.parquet").stat().st_size} == packed
    assert_one_clear_message(
        younger("build", "--archive", tmp_path / "corpus.parquet", "--out", tmp_path / "younger"),
        "Expected at least 10 distinct architectures to split, found 3",
    )


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("retrieve", "telepathy", "-w", "w"), "Unknown source 'telepathy'; expected one of: local, onnx,"),
        (("retrieve", "local", "-w", "w"), "The source 'local' needs a folder"),
        (("retrieve", "local", "--option", "path", "-w", "w"), "--option path: expected a name and a value"),
        (("retrieve", "local", "--option", "path=nowhere", "-w", "w"), "nowhere: the folder does not exist"),
        (("export", "-w", "nowhere"), "nowhere: this is not a workspace"),
        (("status", "-w", "nowhere"), "nowhere: this is not a workspace"),
        (("pack", "x.parquet", "-w", "nowhere"), "nowhere: this is not a workspace"),
        (("build", "--archive", "nowhere.parquet", "--out", "x"), "nowhere.parquet: the archive cannot be read"),
    ],
)
def test_a_mistake_is_one_clear_message(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    assert_one_clear_message(younger(*arguments, cwd=tmp_path), said)


@pytest.mark.heavy
def test_an_unknown_engine_is_reported(workspace: Path) -> None:
    assert_one_clear_message(
        younger("export", "-w", workspace, "--engine", "steam"), "Unknown engine 'steam'; expected local or ray"
    )


@pytest.mark.heavy
def test_help_has_examples() -> None:
    for command in ("retrieve", "export", "status", "pack"):
        assert f"younger-hf {command}" in " ".join(younger(command, "--help").stdout.split())
