"""`younger-hf import-official`: the published Younger archives into a workspace, beside what other sources gave."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from younger_hf.cli import console
from younger_hf.cli.options import Json, app

MOST_SHOWN = 15
"""Failures that are shown; `younger-hf status` counts all."""


@app.command(
    "import-official",
    epilog="Examples: younger-hf import-official downloads/; younger-hf import-official train/train.tar.gz --workspace workspace; "
    "younger-hf import-official filtered_instances/ --json",
)
def import_official(
    path: Annotated[
        Path,
        typer.Argument(
            help="A folder with meta.json and its archive, or with instances of the filter series; or an archive."
        ),
    ],
    workspace: Annotated[Path, typer.Option("--workspace", "-w", help="Folder for what was found and made.")] = Path(
        "workspace"
    ),
    as_json: Json = False,
) -> None:
    """Read official Younger graphs into a workspace without unpickling them; go on where it stopped."""
    from younger_hf.collect.import_official import import_official as run
    from younger_hf.collect.workspace import Workspace

    with closing(Workspace(workspace)) as opened, console.progress("Importing", quiet=as_json) as advance:
        imported = run(opened, path, advance)
    if as_json:
        console.show_json(asdict(imported))
        return
    failures = list(imported.failed.items())
    if failures:
        rows = [[name, error] for name, error in failures[:MOST_SHOWN]]
        console.show_table(f"Failures ({len(failures):,})", ["sample", "error"], rows)
    console.say(
        f"{imported.samples:,} samples: {imported.new:,} new, {imported.known:,} known, {len(failures):,} failed in {workspace}"
    )
    console.say(f"Next: younger-hf build --workspace {workspace} --out younger")
