"""The terminal: progress bars, tables, JSON for machines, and errors without tracebacks."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from younger_hf.errors import SubmissionError, YoungerError

PLAIN_WIDTH = 140
"""Columns of a table where the output is not a terminal, as in a log."""

OUT = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else PLAIN_WIDTH)
ERR = Console(stderr=True, highlight=False, soft_wrap=True)

EXIT_BAD_INPUT = 2
"""Exit status of every mistake that the user can correct."""
EXIT_INTERRUPTED = 130
"""Exit status after Ctrl-C, the same as in shells."""

Advance = Callable[[str, int, int], None]
"""Called with a description, the number done and the total."""


def say(text: str) -> None:
    """Print a line."""
    OUT.print(escape(text))


def warn(text: str) -> None:
    """Print a line to standard error."""
    ERR.print(escape(text), style="yellow")


def show_json(value: Any) -> None:
    """Print a value as JSON for machines and nothing else."""
    sys.stdout.write(json.dumps(value, indent=2, default=str) + "\n")


def show_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table with numbers aligned to the right and floats rounded to four decimals."""
    table = Table(title=title, title_justify="left", header_style="bold")
    for index, column in enumerate(columns):
        numeric = bool(rows) and all(isinstance(row[index], int | float) or row[index] is None for row in rows)
        table.add_column(column, justify="right" if numeric else "left")
    for row in rows:
        table.add_row(*(escape(_cell(cell)) for cell in row))
    OUT.print(table)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def progress_bar(*first: str) -> Progress:
    """Return a progress bar for standard error that begins with some text columns."""
    columns = (*map(TextColumn, first), BarColumn(), MofNCompleteColumn())
    return Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=ERR)


@contextmanager
def progress(description: str, *, quiet: bool = False) -> Iterator[Advance]:
    """Show a progress bar on standard error.

    If standard error is not a terminal, print a line for every tenth instead.
    """
    if quiet:
        yield lambda text, done, total: None
        return
    if not ERR.is_terminal:
        yield _lines(description)
        return
    with progress_bar("{task.description}") as bar:
        task = bar.add_task(description, total=None)
        yield lambda text, done, total: bar.update(
            task, description=escape(f"{description} {text}"[:60]), completed=done, total=total
        )


def _lines(description: str) -> Advance:
    shown = -1

    def advance(text: str, done: int, total: int) -> None:
        nonlocal shown
        tenth = 10 * done // max(total, 1)
        if tenth != shown:
            shown = tenth
            ERR.print(escape(f"{description}: {done}/{total} {text}"))

    return advance


def run(command: Callable[[], object]) -> int:
    """Run a command line; report user errors as one message on standard error, without traceback.

    Returns:
        Exit status: 0, or 2 for bad input.
    """
    try:
        command()
    except YoungerError as error:
        if isinstance(error, SubmissionError):
            for problem in error.problems:
                ERR.print(f"  {escape(str(problem))}")
        show_error(error)
        return EXIT_BAD_INPUT
    except BrokenPipeError:
        return 0
    return 0


def show_error(error: YoungerError) -> None:
    """Print an error and its hint to standard error."""
    ERR.print(f"[bold red]Error:[/] {escape(error.message)}")
    if error.hint:
        ERR.print(f"[bold]Hint:[/] {escape(error.hint)}")
