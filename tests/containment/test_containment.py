"""Whatever a model does to its process costs that model alone, and its result says what it did."""

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
    """What became of each model: all run side by side."""
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


def test_a_model_that_behaves_is_done(results: dict[str, ExportResult]) -> None:
    assert ("done", "", 1) == (results["behave"].status, results["behave"].error, results["behave"].num_nodes)


@pytest.mark.parametrize(
    ("deed", "reason", "said"),
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
def test_one_that_does_not_fails_with_the_reason(
    results: dict[str, ExportResult], deed: str, reason: str, said: str
) -> None:
    result = results[deed]
    assert ("failed", reason) == (result.status, result.reason), result
    assert said in result.error


@pytest.mark.skipif(
    not landlock_version(), reason="this kernel has no Landlock: only what goes through Python is contained"
)
def test_writing_past_python_is_refused_by_the_kernel(results: dict[str, ExportResult]) -> None:
    assert "Permission denied" in results["write_outside_by_the_system"].error


def test_nothing_outside_was_touched(results: dict[str, ExportResult], hostile: Path) -> None:
    assert ["precious"] == sorted(file.name for file in hostile.iterdir())
    assert "must stay" == (hostile / "precious").read_text(encoding="utf-8")


def test_what_was_refused_is_named(results: dict[str, ExportResult], hostile: Path) -> None:
    assert [str(hostile / "written")] == results["write_outside"].notes["refused_writes"]


def test_processes_that_are_left_behind_are_ended_and_counted(results: dict[str, ExportResult], hostile: Path) -> None:
    assert "done" == results["leave_a_process"].status
    assert 2 == results["leave_a_process"].notes["processes_left"]
    # A process that was ended may still be listed for a moment; one that was not would stay for a minute.
    _, alive = psutil.wait_procs([p for p in psutil.process_iter() if f"{hostile}' + '/late'" in _said(p)], timeout=20)
    assert [] == alive


def test_what_a_failing_model_printed_is_kept_but_not_all_of_it(results: dict[str, ExportResult]) -> None:
    said = results["print_a_lot"].notes["printed"]
    assert said.endswith("so many words")
    assert len(said) <= 600


def test_the_hostile_source_is_listed_with_ours() -> None:
    assert "Models that misbehave." == find_source("hostile").about


def test_one_that_the_kernel_ended_for_lack_of_memory_says_so(
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
