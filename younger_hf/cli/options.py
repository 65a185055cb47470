"""The command line's application, and the options that commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from younger_hf.cli import console
from younger_hf.errors import MissingDependencyError

app = typer.Typer(
    name="younger-hf",
    help="Data, metrics and a leaderboard for AI-generated neural-network architectures.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Data = Annotated[Path, typer.Option(help="Folder of the dataset repo.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines, nothing else.")]
Signature = Annotated[str, typer.Option(help="Node signature: w_attrs or wo_attrs.")]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda.")]
Track = Annotated[str | None, typer.Option(help="Track, as operator_w_attrs; by default what submission.yaml says.")]
Submission = Annotated[Path, typer.Argument(help="Folder with predictions and submission.yaml, or a predictions file.")]


def show_rows(release: Any) -> None:
    """Print how many rows each split of each config has."""
    rows = [
        [config, *(splits.get(s) for s in ("train", "validation", "test"))] for config, splits in release.rows.items()
    ]
    title = f"{release.root}  version {release.version}  {release.content_hash}"
    console.show_table(title, ["config", "train", "validation", "test"], rows)


def need_torch() -> None:
    """Say which extra is missing, before a command that trains begins.

    Raises:
        MissingDependencyError: If one is.
    """
    import importlib.util

    for package in ("torch", "torch_geometric", "safetensors"):
        if importlib.util.find_spec(package) is None:
            raise MissingDependencyError(package, "train")
