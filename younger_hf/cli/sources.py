"""`younger-hf retrieve, export, status`: from the places where models are to their Dags."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from younger_hf.cli import console
from younger_hf.cli.options import Json, app
from younger_hf.errors import SourceError, WorkspaceError

Folder = Annotated[Path, typer.Option("--workspace", "-w", help="Folder for what was found and made.")]
Only = Annotated[list[str] | None, typer.Option(help="Only models with such a name, as 'resnet*'; can be repeated.")]
Since = Annotated[str, typer.Option(help="Only models changed at that date or later, as 2026-01-31.")]
Limit = Annotated[int | None, typer.Option(min=1, help="Most models.")]


@app.command(
    epilog="Examples: younger-hf retrieve; younger-hf retrieve timm torchvision; "
    "younger-hf retrieve huggingface --task image-classification --library onnx --min-likes 10 --limit 500; "
    "younger-hf retrieve local --option path=models/"
)
def retrieve(
    sources: Annotated[
        list[str] | None, typer.Argument(help="Where to look; without any, all sources are shown.")
    ] = None,
    workspace: Folder = Path("workspace"),
    only: Only = None,
    task: Annotated[list[str] | None, typer.Option(help="Task as the Hugging Face Hub names it; repeatable.")] = None,
    library: Annotated[list[str] | None, typer.Option(help="Library as the Hub names it; can be repeated.")] = None,
    search: Annotated[str, typer.Option(help="Words in the model's name.")] = "",
    since: Since = "",
    min_likes: Annotated[int, typer.Option(min=0, help="Fewest likes.")] = 0,
    limit: Limit = None,
    option: Annotated[
        list[str] | None, typer.Option(help="Setting of one source, as path=models/; repeatable.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List models of one or more sources into a workspace; the weights stay where they are."""
    from younger_hf.collect.run import retrieve as list_source
    from younger_hf.collect.workspace import Workspace
    from younger_hf.sources.source import Query

    if not sources:
        _show_sources(as_json)
        return
    query = Query(
        tuple(only or ()), tuple(task or ()), tuple(library or ()), search, since, min_likes, limit, _options(option)
    )
    found: dict[str, dict[str, int]] = {}
    with closing(Workspace(workspace)) as opened:
        for source in sources:
            with console.progress(f"Listing {source}", quiet=as_json) as advance:
                listed, added = list_source(opened, source, query, lambda count: advance("", count, count))
            found[source] = {"listed": listed, "new": added}
    if as_json:
        console.show_json(found)
        return
    rows = [[source, counts["listed"], counts["new"]] for source, counts in found.items()]
    console.show_table(str(workspace), ["source", "models", "new"], rows)
    console.say(f"Next: younger-hf export --workspace {workspace}")


@app.command(
    epilog="Examples: younger-hf export; younger-hf export --source timm --only 'resnet*' --workers 4; "
    "younger-hf export --retry time --timeout 900; younger-hf export --engine ray"
)
def export(
    workspace: Folder = Path("workspace"),
    source: Annotated[list[str] | None, typer.Option(help="Only models of this source; can be repeated.")] = None,
    only: Only = None,
    since: Since = "",
    limit: Limit = None,
    retry: Annotated[
        list[str] | None, typer.Option(help="Try failures again: failed for all, or a reason, as time; repeatable.")
    ] = None,
    workers: Annotated[
        int, typer.Option(min=1, help="Models at a time; on a Ray cluster, as many as it has cores.")
    ] = 2,
    timeout: Annotated[float, typer.Option(min=0.1, help="Longest work on one model in seconds.")] = 300,
    memory: Annotated[float, typer.Option(min=0.1, help="Most memory of one model in GB.")] = 4,
    engine: Annotated[str, typer.Option(help="local, or ray for a cluster.")] = "local",
    address: Annotated[str | None, typer.Option(help="Address of the Ray cluster; by default what Ray finds.")] = None,
    as_json: Json = False,
) -> None:
    """Export every model of a workspace that is not done, without its weights, and read its DAG; go on where it stopped."""
    from younger_hf.cli.dashboard import Dashboard, live
    from younger_hf.collect.run import Selection, export_pending, modules_to_preload, num_pending
    from younger_hf.containment.limits import Limits
    from younger_hf.sources.source import Query

    reasons = tuple("all" if name == "failed" else name for name in retry or ())
    selection = Selection(tuple(source or ()), Query(tuple(only or ()), since=since, limit=limit), retry=reasons)
    limits = Limits(timeout, int(memory * 1e9))
    with closing(_existing(workspace)) as opened:
        run = _engine(engine, address, opened, limits, workers, modules_to_preload(opened, selection))
        board = Dashboard(num_pending(opened, selection), opened.running, opened.hashes())
        with live(board, quiet=as_json):
            ended = export_pending(opened, selection, run, None if as_json else board.add)
    if as_json:
        console.show_json(dict(ended))
        return
    console.say(board.line())
    _show_status(workspace)


@app.command(epilog="Examples: younger-hf status --workspace workspace; younger-hf status --tasks")
def status(
    workspace: Folder = Path("workspace"),
    tasks: Annotated[bool, typer.Option(help="Show the models of each task, too.")] = False,
    as_json: Json = False,
) -> None:
    """Show what a workspace holds: models done, distinct, failed by reason; and what runs now."""
    _show_status(workspace, tasks=tasks, as_json=as_json)


@app.command(
    epilog="Examples: younger-hf pack corpus.parquet --workspace workspace; "
    "YOUNGER_ANSWERS_KEY=... younger-hf pack corpus.parquet.sealed"
)
def pack(
    out: Annotated[
        Path,
        typer.Argument(help="The file; `younger-hf build --archive` builds from it. Encrypted if named *.sealed."),
    ],
    workspace: Folder = Path("workspace"),
    as_json: Json = False,
) -> None:
    """Pack all that a workspace has into one small file: every model with its DAG, or why it has none."""
    from younger_hf.collect.archive import pack as write

    with closing(_existing(workspace)) as opened, console.progress("Packing", quiet=as_json) as advance:
        total = opened.num_results()
        count = write(opened, out, lambda done: advance("", done, total))
    if as_json:
        console.show_json({"models": count, "bytes": out.stat().st_size})
        return
    console.say(f"{count} models in {out}, {out.stat().st_size / 1e6:.1f} MB")


def _show_status(folder: Path, *, tasks: bool = False, as_json: bool = False) -> None:
    from younger_hf.collect.status import status_of
    from younger_hf.containment.process_monitor import running_jobs

    with closing(_existing(folder)) as opened:
        found, running = status_of(opened), running_jobs(opened.running)
    failures = [{"reason": reason, "error": kind, "models": count} for (reason, kind), count in found.failures.items()]
    if as_json:
        console.show_json({**asdict(found), "failures": failures, "running": running})
        return
    columns = ["source", "models", "done", "distinct", "variants", "failed", "waiting"]
    rows: list[list[object]] = [list(asdict(source).values()) for source in found.sources]
    if len(rows) > 1:
        totals = [sum(getattr(s, name) for s in found.sources) for name in ("candidates", "done")]
        others = [sum(getattr(s, name) for s in found.sources) for name in ("variants", "failed", "waiting")]
        rows.append(["together", *totals, found.distinct, *others])
    console.show_table(str(folder), columns, rows)
    if tasks:
        counts = sorted(found.tasks.items(), key=lambda item: -sum(item[1].values()))
        cells = [
            [task or "not known", ", ".join(f"{hub} {number:,}" for hub, number in by.items()), sum(by.values())]
            for task, by in counts
        ]
        console.show_table("Tasks", ["task", "sources", "models"], cells)
    if failures:
        cells = [[row["models"], row["reason"], row["error"]] for row in failures[:15]]
        console.show_table("Failures", ["models", "reason", "error"], cells)
    if running:
        cells = [[name, round(seconds)] for name, seconds in running.items()]
        console.show_table("Running", ["model", "seconds"], cells)


def _existing(folder: Path) -> Any:
    from younger_hf.collect.workspace import Workspace, is_workspace

    if not is_workspace(folder):
        raise WorkspaceError(
            f"{folder}: there is no workspace here; expected what `younger-hf retrieve` made.",
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
    raise WorkspaceError(f"There is no engine {name!r}; expected local or ray.")


def _options(given: list[str] | None) -> dict[str, str]:
    options = {}
    for text in given or ():
        name, sign, value = text.partition("=")
        if not sign:
            raise SourceError(f"--option {text}: expected a name and a value, as path=models/.")
        options[name] = value
    return options


def _show_sources(as_json: bool) -> None:
    from younger_hf.collect.export_job import MISSING, installed_version
    from younger_hf.sources.registry import find_source, source_names

    rows = []
    for name in source_names():
        source = find_source(name)
        needs = (
            f"pip install 'younger-hf[{source.extra}]'" if MISSING in map(installed_version, source.packages) else ""
        )
        rows.append([name, source.about, needs])
    if as_json:
        console.show_json([{"source": name, "about": about, "missing": needs} for name, about, needs in rows])
        return
    console.show_table("Sources", ["source", "what it has", "to be installed"], rows)
    console.say("Next: younger-hf retrieve SOURCE")
