"""A misbehaving model fails alone, and its result describes what it did."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from younger_hf.collect.export_job import ExportResult, Job
from younger_hf.collect.local_engine import run_local
from younger_hf.collect.run import Selection, export_pending, pending, retrieve
from younger_hf.collect.workspace import Workspace
from younger_hf.containment import process_monitor
from younger_hf.containment.landlock import landlock_version
from younger_hf.containment.limits import Limits
from younger_hf.sources.registry import find_source
from younger_hf.sources.source import Query

pytestmark = pytest.mark.heavy

LIMITS = Limits(seconds=6, memory=700_000_000, processes=16, file_bytes=200_000_000)


@pytest.fixture(scope="module")
def results(hostile: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, ExportResult]:
    """The result of each model; all of them run side by side."""
    workspace = Workspace(tmp_path_factory.mktemp("workspace"))
    retrieve(workspace, "hostile", Query(options={"outside": str(hostile)}))
    found: dict[str, ExportResult] = {}
    export_pending(
        workspace,
        Selection(),
        lambda jobs: run_local(jobs, workspace.running, LIMITS, workers=3),
        lambda result: found.update({result.id.removeprefix("hostile--"): result}),
    )
    assert [] == list(workspace.running.iterdir())
    assert [] == [job.candidate.id for job in pending(workspace, Selection())]
    return found


def test_a_well_behaved_model_succeeds(results: dict[str, ExportResult]) -> None:
    assert ("done", "", 1) == (results["behave"].status, results["behave"].error, results["behave"].num_nodes)


@pytest.mark.parametrize(
    ("action", "reason", "message"),
    [
        ("segfault", "crash", "SIGSEGV"),
        ("sleep", "time", "longer than 6 seconds"),
        ("swallow", "memory", "allowed are 0.7"),
        ("multiply", "processes", "allowed are 16"),
        ("write_outside", "sandbox", "outside its folder"),
        ("delete_outside", "sandbox", "outside its folder"),
        ("write_a_big_file", "build", "File too large"),
        ("print_a_lot", "build", "words failed me"),
        ("exit_well", "crash", "exit code 0"),
        ("raise_an_interrupt", "build", "KeyboardInterrupt"),
        ("be_killed", "crash", "as when the system runs out of memory"),
    ],
)
def test_a_misbehaving_model_fails_with_the_reason(
    results: dict[str, ExportResult], action: str, reason: str, message: str
) -> None:
    result = results[action]
    assert ("failed", reason) == (result.status, result.reason), result
    assert message in result.error


@pytest.mark.skipif(
    not landlock_version(), reason="this kernel has no Landlock: only what goes through Python is contained"
)
def test_writing_past_python_is_refused_by_the_kernel(results: dict[str, ExportResult]) -> None:
    assert "Permission denied" in results["write_outside_by_the_system"].error


def test_nothing_outside_was_touched(results: dict[str, ExportResult], hostile: Path) -> None:
    assert ["precious"] == sorted(file.name for file in hostile.iterdir())
    assert "must stay" == (hostile / "precious").read_text(encoding="utf-8")


def test_refused_actions_are_named(results: dict[str, ExportResult], hostile: Path) -> None:
    assert [str(hostile / "written")] == results["write_outside"].notes["refused_writes"]


def test_processes_that_are_left_behind_are_ended_and_counted(results: dict[str, ExportResult], hostile: Path) -> None:
    assert "done" == results["leave_a_process"].status
    assert 2 == results["leave_a_process"].notes["processes_left"]
    # An ended process may still be listed for a moment; a running one would stay for a minute.
    _, alive = psutil.wait_procs([p for p in psutil.process_iter() if f"{hostile}' + '/late'" in _said(p)], timeout=20)
    assert [] == alive


def test_the_end_of_a_failing_models_output_is_recorded(results: dict[str, ExportResult]) -> None:
    message = results["print_a_lot"].notes["printed"]
    assert message.endswith("many words")
    assert len(message) <= 600


def test_the_hostile_source_is_listed_with_ours() -> None:
    assert "Models that misbehave." == find_source("hostile").about


def test_a_model_killed_for_lack_of_memory_is_reported_as_such(
    hostile: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kills = iter([0, 1])
    monkeypatch.setattr(process_monitor, "count_oom_kills", lambda: next(kills))
    jobs = [job for job in _jobs(Workspace(tmp_path), hostile) if job.candidate.id == "hostile--be_killed"]
    (result,) = run_local(jobs, tmp_path / "running", LIMITS, workers=1)
    assert ("failed", "memory") == (result.status, result.reason)
    assert "The system ran out of memory and ended it (SIGKILL; it held " in result.error


def _jobs(workspace: Workspace, hostile: Path) -> Iterator[Job]:
    retrieve(workspace, "hostile", Query(options={"outside": str(hostile)}))
    return pending(workspace, Selection())


def _said(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""
