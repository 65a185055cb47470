"""The application of the command line: registration and order of commands, and shared options."""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, TypeVar

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

PANELS = {
    "Start here": ("quickstart",),
    "Collect models": ("retrieve", "import-official", "export", "status", "pack"),
    "Build and publish a dataset": ("build", "inspect", "extract", "stats", "audit", "card", "seal", "publish"),
    "Train a baseline": ("train", "predict"),
    "Evaluate and submit": ("validate", "score", "compare", "submit", "leaderboard"),
}
"""Heading in `--help` -> its commands, all in the order of work."""

Data = Annotated[Path, typer.Option(help="Folder of the dataset repo.")]
Dataset = Annotated[Path, typer.Argument(help="Folder of a built dataset repo.")]
AnswersFolder = Annotated[Path | None, typer.Option("--answers", help="Folder of the hidden answers, sealed or not.")]
WorkspaceFolder = Annotated[Path, typer.Option("--workspace", "-w", help="Folder of found and exported models.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines and nothing else.")]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda.")]
Submission = Annotated[Path, typer.Argument(help="Folder with predictions and submission.yaml, or a predictions file.")]
Track = Annotated[str | None, typer.Option(help="Track, as operator_w_attrs; the one in submission.yaml by default.")]

Split = Annotated[str, typer.Option(help="test, or validation, whose answers are public.")]

Function = TypeVar("Function", bound=Callable[..., None])


def command(*examples: str, resumes: bool = False) -> Callable[[Function], Function]:
    """Register a function as the command of its name, under the heading that `PANELS` lists it in.

    Args:
        examples: Command lines that end its `--help`.
        resumes: Whether the same command continues after an interruption.
    """

    def register(function: Function) -> Function:
        name = function.__name__.replace("_", "-")
        panel = next(panel for panel, commands in PANELS.items() if name in commands)

        @functools.wraps(function)
        def interruptible(*arguments: object, **options: object) -> None:
            try:
                function(*arguments, **options)
            except KeyboardInterrupt:  # caught before Typer, which would end without a word
                again = " Run the same command again: it goes on where it stopped." if resumes else ""
                console.warn(f"Interrupted.{again}")
                raise typer.Exit(console.EXIT_INTERRUPTED) from None

        epilog = "\n\n".join(["Examples:" if len(examples) > 1 else "Example:", *examples])
        app.command(name, rich_help_panel=panel, epilog=epilog)(interruptible)
        return function

    return register


def sort_commands() -> None:
    """Put the registered commands into the order of `PANELS`, which `--help` shows."""
    order = [name for commands in PANELS.values() for name in commands]
    app.registered_commands.sort(key=lambda registered: order.index(registered.name or ""))


def _show_version(wanted: bool) -> None:
    if wanted:
        console.say(f"younger-hf {version('younger-hf')}")
        raise typer.Exit


@app.callback()
def _root(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


def need_torch() -> None:
    """Check that the packages for training are installed, before a command that needs them begins.

    Raises:
        MissingDependencyError: If one of them is missing.
    """
    for package in ("torch", "torch_geometric", "safetensors"):
        if importlib.util.find_spec(package) is None:
            raise MissingDependencyError(package, "train")
