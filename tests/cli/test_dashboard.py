"""The dashboard that the terminal shows during an export."""

from __future__ import annotations

import io
from pathlib import Path

import psutil
from rich.console import Console

from younger_hf.cli.dashboard import Dashboard
from younger_hf.collect.export_job import ExportResult
from younger_hf.containment.process_monitor import register_worker, running_jobs


def shown(dashboard: Dashboard) -> str:
    console = Console(file=io.StringIO(), width=120, force_terminal=False)
    console.print(dashboard)
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_it_counts_results_new_architectures_and_reasons(tmp_path: Path) -> None:
    dashboard = Dashboard(6, tmp_path, known={"old"})
    for digest in ("old", "new", "new", "newer"):
        dashboard.add(ExportResult("m", "s", "done", wl_hash_w_attrs=digest))
    dashboard.add(ExportResult("m", "s", "failed", "time", "too long"))
    assert dashboard.line().startswith("5/6 models, 2 new architectures, ")
    assert "failed: 1 time" in dashboard.line()
    text = shown(dashboard)
    assert all(word in text for word in ("5/6", "2 new architectures", "models/hour", "time 1"))


def test_it_names_what_runs(tmp_path: Path) -> None:
    register_worker(tmp_path / "scratch", "resnet50")
    assert ["resnet50"] == list(running_jobs(tmp_path))
    assert "resnet50" in shown(Dashboard(1, tmp_path, set()))


def test_leftovers_of_a_killed_run_are_not_shown_as_running(tmp_path: Path) -> None:
    register_worker(tmp_path / "scratch", "resnet50")
    card = tmp_path / "scratch.json"
    started = psutil.Process().create_time()
    card.write_text(card.read_text(encoding="utf-8").replace(str(started), str(started - 1000)), encoding="utf-8")
    assert {} == running_jobs(tmp_path)
    card.write_text("{", encoding="utf-8")
    assert {} == running_jobs(tmp_path)
