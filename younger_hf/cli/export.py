"""`younger-hf export, status, pack`: from the models of a workspace to a file with all DAGs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from younger_hf.cli import console
from younger_hf.cli.app import Json, WorkspaceFolder, command
from younger_hf.cli.retrieve import Limit, Only, Since
from younger_hf.errors import WorkspaceError

MOST_KINDS = 15
"""Kinds of failures that `status` shows."""


@command(
    "younger-hf export",
    "younger-hf export --source timm --only 'resnet*' --workers 4",
    "younger-hf export --retry time --timeout 900",
    "younger-hf export --engine ray",
    resumes=True,
)
def export(
    workspace: WorkspaceFolder = Path("workspace"),
    source: Annotated[list[str] | None, typer.Option(help="Only models of this source; repeatable.")] = None,
    only: Only = None,
    since: Since = "",
    limit: Limit = None,
    retry: Annotated[
        list[str] | None, typer.Option(help="Retry failures: `failed` for all, or a reason, as time; repeatable.")
    ] = None,
    workers: Annotated[
        int, typer.Option(min=1, help="Models exported in parallel; a Ray cluster uses all its cores.")
    ] = 2,
    timeout: Annotated[float, typer.Option(min=0.1, help="Time limit per model in seconds.")] = 300,
    memory: Annotated[float, typer.Option(min=0.1, help="Memory limit per model in GB.")] = 4,
    engine: Annotated[str, typer.Option(help="local, or ray for a cluster.")] = "local",
    address: Annotated[str | None, typer.Option(help="Address of the Ray cluster; Ray finds it by default.")] = None,
    as_json: Json = False,
) -> None:
    """Export the waiting models of a workspace without their weights, and read their DAGs.

    Run it again to resume.
    """
    from younger_hf.cli.dashboard import Dashboard, live
    from younger_hf.collect.run import Selection, export_pending, modules_to_preload, num_pending
    from younger_hf.containment.limits import Limits
    from younger_hf.sources.source import Query

    reasons = tuple("all" if name == "failed" else name for name in retry or ())
    selection = Selection(tuple(source or ()), Query(tuple(only or ()), since=since, limit=limit), retry=reasons)
    limits = Limits(timeout, int(memory * 1e9))
    with closing(_open_workspace(workspace)) as opened:
        run = _engine(engine, address, opened, limits, workers, modules_to_preload(opened, selection))
        board = Dashboard(num_pending(opened, selection), opened.running, opened.hashes())
        with live(board, quiet=as_json):
            ended = export_pending(opened, selection, run, None if as_json else board.add)
    if as_json:
        console.show_json(dict(ended))
        return
    console.say(board.line())
    _show_status(workspace)


@command("younger-hf status --workspace workspace", "younger-hf status --failures", "younger-hf status --tasks")
def status(
    workspace: WorkspaceFolder = Path("workspace"),
    tasks: Annotated[bool, typer.Option(help="Also show the models of each task.")] = False,
    failures: Annotated[bool, typer.Option(help="Name every model that failed, with its error.")] = False,
    as_json: Json = False,
) -> None:
    """Show the progress of a workspace: models done, distinct, running, and failed by reason."""
    _show_status(workspace, tasks=tasks, name_failures=failures, as_json=as_json)


@command(
    "younger-hf pack corpus.parquet --workspace workspace",
    "YOUNGER_ANSWERS_KEY=... younger-hf pack corpus.parquet.sealed",
)
def pack(
    out: Annotated[Path, typer.Argument(help="File for `younger-hf build --archive`; encrypted if named *.sealed.")],
    workspace: WorkspaceFolder = Path("workspace"),
    as_json: Json = False,
) -> None:
    """Pack a workspace into one small file: each model with its DAG, or the reason it failed."""
    from younger_hf.collect.archive import pack as write

    with closing(_open_workspace(workspace)) as opened, console.progress("Packing", quiet=as_json) as advance:
        total = opened.num_results()
        count = write(opened, out, lambda done: advance("", done, total))
    if as_json:
        console.show_json({"models": count, "bytes": out.stat().st_size})
        return
    console.say(f"{count} models in {out}, {out.stat().st_size / 1e6:.1f} MB")


def _show_status(folder: Path, *, tasks: bool = False, name_failures: bool = False, as_json: bool = False) -> None:
    from younger_hf.collect.status import failures_of, status_of
    from younger_hf.containment.process_monitor import running_jobs

    with closing(_open_workspace(folder)) as opened:
        found, running = status_of(opened), running_jobs(opened.running)
        failed = tuple(failures_of(opened))
    failures = [{"reason": reason, "error": kind, "models": count} for (reason, kind), count in found.failures.items()]
    if as_json:
        models = [asdict(failure) for failure in failed]
        console.show_json({**asdict(found), "failures": failures, "failed_models": models, "running": running})
        return
    columns = ["source", "models", "done", "distinct", "variants", "failed", "waiting"]
    rows: list[list[object]] = [list(asdict(source).values()) for source in found.sources]
    if len(rows) > 1:
        names = ("candidates", "done", "distinct", "variants", "failed", "waiting")
        sums = {name: sum(getattr(source, name) for source in found.sources) for name in names}
        rows.append(["together", *{**sums, "distinct": found.distinct}.values()])
    console.show_table(str(folder), columns, rows)
    if tasks:
        counts = sorted(found.tasks.items(), key=lambda item: -sum(item[1].values()))
        cells = [
            [task or "unknown", ", ".join(f"{hub} {number:,}" for hub, number in by.items()), sum(by.values())]
            for task, by in counts
        ]
        console.show_table("Tasks", ["task", "sources", "models"], cells)
    if name_failures:
        cells = [[one.id, one.reason, f"{one.peak / 1e9:.1f}", one.error] for one in failed]
        console.show_table("Failures", ["model", "reason", "peak GB", "error"], cells)
    elif failures:
        kinds = [[row["models"], row["reason"], row["error"]] for row in failures[:MOST_KINDS]]
        console.show_table("Failures", ["models", "reason", "error"], kinds)
        console.say(f"Next: younger-hf status --failures --workspace {folder} names the models.")
    if running:
        cells = [[name, round(seconds)] for name, seconds in running.items()]
        console.show_table("Running", ["model", "seconds"], cells)


def _open_workspace(folder: Path) -> Any:
    from younger_hf.collect.workspace import Workspace, is_workspace

    if not is_workspace(folder):
        raise WorkspaceError(
            f"{folder}: this is not a workspace; expected one made by `younger-hf retrieve`.",
            f"younger-hf retrieve timm --workspace {folder}",
        )
    return Workspace(folder)


def _engine(
    name: str, address: str | None, workspace: Any, limits: Any, workers: int, preload: tuple[str, ...]
) -> Callable[[Iterable[Any]], Iterator[Any]]:
    if name == "local":
        from younger_hf.collect.local_engine import run_local

        return lambda jobs: run_local(jobs, workspace.running, limits, workers=workers, preload=preload)
    if name == "ray":
        from younger_hf.collect.ray_engine import run_ray

        return lambda jobs: run_ray(jobs, limits, address=address, preload=preload)
    raise WorkspaceError(f"Unknown engine {name!r}; expected local or ray.")
