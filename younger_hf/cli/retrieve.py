"""`younger-hf retrieve, import-official`: models and published graphs into a workspace."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from younger_hf.cli import console
from younger_hf.cli.app import Json, WorkspaceFolder, command
from younger_hf.errors import SourceError, YoungerError

MOST_SHOWN = 15
"""Failed samples of an import that are shown; `younger-hf status` counts all."""

Only = Annotated[list[str] | None, typer.Option(help="Only models with such a name, as 'resnet*'; repeatable.")]
Since = Annotated[str, typer.Option(help="Only models changed on that date or later, as 2026-01-31.")]
Limit = Annotated[int | None, typer.Option(min=1, help="At most this many models.")]


@command(
    "younger-hf retrieve",
    "younger-hf retrieve timm torchvision",
    "younger-hf retrieve huggingface --task image-classification --library onnx --min-likes 10 --limit 500",
    "younger-hf retrieve local --option path=models/",
    resumes=True,
)
def retrieve(
    sources: Annotated[list[str] | None, typer.Argument(help="Sources to list; shows all sources if empty.")] = None,
    workspace: WorkspaceFolder = Path("workspace"),
    only: Only = None,
    task: Annotated[list[str] | None, typer.Option(help="Task as the Hugging Face Hub names it; repeatable.")] = None,
    library: Annotated[list[str] | None, typer.Option(help="Library as the Hub names it; repeatable.")] = None,
    search: Annotated[str, typer.Option(help="Words in the name of the model.")] = "",
    since: Since = "",
    min_likes: Annotated[int, typer.Option(min=0, help="Fewest likes.")] = 0,
    limit: Limit = None,
    option: Annotated[
        list[str] | None, typer.Option(help="Setting of one source, as path=models/; repeatable.")
    ] = None,
    as_json: Json = False,
) -> None:
    """List the models of one or more sources in a workspace, without downloading their weights."""
    from younger_hf.collect.run import retrieve as list_source
    from younger_hf.collect.workspace import Workspace
    from younger_hf.sources.registry import find_source
    from younger_hf.sources.source import Query

    if not sources:
        _show_sources(as_json)
        return
    query = Query(
        tuple(only or ()), tuple(task or ()), tuple(library or ()), search, since, min_likes, limit, _options(option)
    )
    for source in sources:
        find_source(source)  # before anything is listed: a wrong name is an error at once
    counts: dict[str, dict[str, int]] = {}
    failures: dict[str, YoungerError] = {}
    with closing(Workspace(workspace)) as opened:
        for source in sources:
            try:
                with console.progress(f"Listing {source}", quiet=as_json) as advance:
                    listed, new = list_source(opened, source, query, lambda count: advance("", count, count))
                counts[source] = {"listed": listed, "new": new}
            except YoungerError as error:
                failures[source] = error
    _show_listed(workspace, counts, as_json=as_json)
    _raise_first(failures)


def _show_listed(workspace: Path, counts: dict[str, dict[str, int]], *, as_json: bool) -> None:
    """Show how many models were listed; the sources that failed are not in it."""
    if as_json:
        console.show_json(counts)
    elif counts:
        rows = [[source, found["listed"], found["new"]] for source, found in counts.items()]
        console.show_table(str(workspace), ["source", "models", "new"], rows)
        console.say(f"Next: younger-hf export --workspace {workspace}")


def _raise_first(failures: dict[str, YoungerError]) -> None:
    """Show all errors but the first, and raise that one."""
    for source, error in list(failures.items())[1:]:
        console.warn(f"{source}: {error}")
    for error in failures.values():
        raise error


def _options(texts: Sequence[str] | None) -> dict[str, str]:
    options = {}
    for text in texts or ():
        name, sign, value = text.partition("=")
        if not sign:
            raise SourceError(f"--option {text}: expected a name and a value, as path=models/.")
        options[name] = value
    return options


def _show_sources(as_json: bool) -> None:
    from younger_hf.collect.export_job import MISSING, installed_version
    from younger_hf.sources.registry import find_source, source_names

    found: list[dict[str, Any]] = []
    for name in source_names():
        source = find_source(name)
        missing = MISSING in map(installed_version, source.packages)
        install = f"pip install 'younger-hf[{source.extra}]'" if missing else ""
        found.append({"source": name, "about": source.about, "missing": install})
    if as_json:
        console.show_json(found)
        return
    console.show_table("Sources", ["source", "models", "to install"], [list(row.values()) for row in found])
    console.say("Next: younger-hf retrieve SOURCE")


@command(
    "younger-hf import-official downloads/",
    "younger-hf import-official train/train.tar.gz --workspace workspace",
    "younger-hf import-official filtered_instances/ --json",
    resumes=True,
)
def import_official(
    path: Annotated[
        Path, typer.Argument(help="Folder with meta.json and its archive, or with filtered instances; or an archive.")
    ],
    workspace: WorkspaceFolder = Path("workspace"),
    as_json: Json = False,
) -> None:
    """Read official Younger graphs into a workspace without unpickling them; resumable."""
    from younger_hf.collect.import_official import import_official as run
    from younger_hf.collect.workspace import Workspace

    with closing(Workspace(workspace)) as opened, console.progress("Importing", quiet=as_json) as advance:
        imported = run(opened, path, advance)
    if as_json:
        console.show_json(asdict(imported))
        return
    failed = list(imported.failed.items())
    if failed:
        console.show_table(f"Failures ({len(failed):,})", ["sample", "error"], failed[:MOST_SHOWN])
    console.say(
        f"{imported.samples:,} samples: {imported.new:,} new, {imported.known:,} known, {len(failed):,} failed in {workspace}"
    )
    console.say(f"Next: younger-hf build --workspace {workspace} --out younger")
