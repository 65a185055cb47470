"""`younger-hf build`: a dataset repo from models."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from younger_hf.cli import console
from younger_hf.cli.app import Json, command
from younger_hf.cli.inspect import show_rows
from younger_hf.errors import DatasetError


@command(
    "younger-hf build --preset mini --out mini",
    "younger-hf build --workspace workspace --out mine",
    "younger-hf build --archive corpus.parquet --out mine",
    "younger-hf build --workspace workspace --protocol paper --out younger-paper",
    resumes=True,
)
def build(
    out: Annotated[Path, typer.Option(help="Folder for the dataset repo.")],
    preset: Annotated[str | None, typer.Option(help="Named set of models, as mini.")] = None,
    models: Annotated[
        Path | None, typer.Option(help="Folder with ONNX files, instead of or in addition to a preset.")
    ] = None,
    answers: Annotated[Path | None, typer.Option(help="Folder for the hidden answers. (default: OUT-answers)")] = None,
    workspace: Annotated[
        Path | None, typer.Option(help="Folder that keeps finished work for the next run. (default: OUT-workspace)")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Models exported in parallel.")] = 2,
    timeout: Annotated[int, typer.Option(min=1, help="Time limit per model in seconds.")] = 300,
    release: Annotated[str, typer.Option(help="Version of the dataset.")] = "0.1.0",
    secret_file: Annotated[Path | None, typer.Option(help="File with the secret that decides what is tested.")] = None,
    archive: Annotated[
        list[Path] | None, typer.Option(help="Packed workspace to build from, instead of models; repeatable.")
    ] = None,
    protocol: Annotated[
        str, typer.Option(help="grouped; or paper: the splits of the Younger paper, which leak, for comparison only.")
    ] = "grouped",
    as_json: Json = False,
) -> None:
    """Build a dataset repo from models; resumable."""
    from younger_hf.dataset.build.pipeline import BuildPlan, build_dataset

    if protocol not in ("grouped", "paper"):
        raise DatasetError(f"Unknown protocol {protocol!r}; expected grouped or paper.", "younger-hf build --help")
    plan = BuildPlan(
        out,
        preset,
        models,
        answers,
        workspace,
        workers,
        timeout,
        release,
        secret_file,
        tuple(archive or ()),
        "grouped" if protocol == "grouped" else "paper",
    )
    result = build_dataset(plan, lambda text: console.progress(text, quiet=as_json), console.warn)
    if as_json:
        console.show_json(
            {"content_hash": result.release.content_hash, **result.statistics.to_dict(), "rows": result.release.rows}
        )
        return
    show_rows(result.release)
    console.say(f"{result.statistics.architectures} architectures from {result.statistics.models} models in {out}")
    console.say(f"The hidden answers are in {plan.answers_folder}")
