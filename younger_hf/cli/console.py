"""What the command line shows: progress bars, tables, JSON for machines, and errors without tracebacks."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from younger_hf.errors import SubmissionError, YoungerError
from younger_hf.graph.values import described_shape
from younger_hf.graph.views.inspection import Inspection
from younger_hf.tasks import task_of

PLAIN_WIDTH = 140
"""Columns of a table where the output is no terminal, as in a log."""

LONGEST_NAME = 60
"""Characters shown of a name from a model."""

OUT = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else PLAIN_WIDTH)
ERR = Console(stderr=True, highlight=False, soft_wrap=True)

EXIT_BAD_INPUT = 2
"""Exit status of every mistake that the user can mend."""
EXIT_INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it."""

Advance = Callable[[str, int, int], None]
"""Called with a description, how many are done and how many there are."""


def say(text: str) -> None:
    """Print a line."""
    OUT.print(escape(text))


def warn(text: str) -> None:
    """Print a line to standard error."""
    ERR.print(escape(text), style="yellow")


def show_json(value: Any) -> None:
    """Print a value as JSON for machines, and nothing else."""
    sys.stdout.write(json.dumps(value, indent=2, default=str) + "\n")


def show_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table; numbers stand to the right, floats with four decimals."""
    table = Table(title=title, title_justify="left", header_style="bold")
    for index, column in enumerate(columns):
        numeric = bool(rows) and all(isinstance(row[index], int | float) or row[index] is None for row in rows)
        table.add_column(column, justify="right" if numeric else "left")
    for row in rows:
        table.add_row(*(escape(_cell(cell)) for cell in row))
    OUT.print(table)


def show_inspection(title: str, seen: Inspection) -> None:
    """Print what was found out about an architecture as tables."""
    summary = seen.summary
    bound = "at least " if summary.uncounted else ""
    uncounted = ", ".join(f"{count} {_printable(operator)}" for operator, count in summary.uncounted.items())
    rows = [
        ["operators", f"{summary.num_nodes:,}"],
        ["data flows", f"{summary.num_edges:,}"],
        ["depth", f"{summary.depth:,}"],
        ["parameters", f"{summary.num_parameters:,} ({summary.parameter_bytes / 1e6:,.1f} MB)"],
        ["multiply-accumulates", f"{bound}{summary.macs:,}"],
        ["FLOPs", f"{bound}{summary.flops:,}"],
        *([["not counted", uncounted]] if uncounted else []),
        [
            "operator sets",
            ", ".join(f"{_printable(domain) or 'ai.onnx'} {version}" for domain, version in seen.opsets.items()),
        ],
        ["hash of the architecture", seen.wl_hash_w_attrs],
        ["hash without attributes", seen.wl_hash_wo_attrs],
    ]
    show_table(title, ["property", "value"], rows)
    ports = [("input", port) for port in seen.inputs] + [("output", port) for port in seen.outputs]
    cells = [[way, _printable(port.name), port.dtype or "?", described_shape(port.shape)] for way, port in ports]
    show_table("Inputs and outputs", ["", "name", "type", "shape"], cells)
    shares = [
        [
            _printable(share.operator),
            share.count,
            share.num_parameters,
            _percent(share.num_parameters, summary.num_parameters),
            share.macs,
            _percent(share.macs, sum(other.macs for other in seen.shares)),
        ]
        for share in seen.shares
    ]
    show_table("Operators", ["operator", "count", "parameters", "share", "MACs", "share"], shares)


def _printable(name: str) -> str:
    """A name from a model as one short line that a terminal takes for nothing but text."""
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in name)
    return text if len(text) <= LONGEST_NAME else text[: LONGEST_NAME - 1] + "\N{HORIZONTAL ELLIPSIS}"


def _percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:5.1f} %" if part else ""


def write_text(path: Path, text: str) -> None:
    """Write a file that the user asked for.

    Raises:
        YoungerError: If it cannot be written.
    """
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise YoungerError(
            f"{path}: cannot be written ({error.strerror}).", "Name a file in a folder that exists."
        ) from error


def show_ranking(track: str, answer: Mapping[str, Any]) -> None:
    """Print the ranking of one track, as the board's API returns it."""
    rows = answer["rows"]
    names = list(rows[0]["metrics"]) if rows else []
    labels = {metric.name: metric.label for metric in task_of(track).metrics}
    columns = ["rank", "system", "team", *(labels.get(name, name) for name in names), "parameters"]
    cells = [[r["rank"], r["system"], r["team"], *(r["metrics"].get(n) for n in names), r["parameters"]] for r in rows]
    show_table(f"{track} (ranked by {answer['primary']})", columns, cells)


@contextmanager
def progress(description: str, *, quiet: bool = False) -> Iterator[Advance]:
    """A progress bar on standard error; where that is no terminal, a line for every tenth."""
    if quiet:
        yield lambda text, done, total: None
        return
    if not ERR.is_terminal:
        yield _lines(description)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=ERR) as bar:
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


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4f}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def run(command: Callable[[], object]) -> int:
    """Run a command line; every mistake of the user is one message on standard error, never a traceback.

    Returns:
        Exit status: 0, 2 for bad input, 130 after Ctrl-C.
    """
    try:
        command()
    except SubmissionError as error:
        for problem in error.problems:
            ERR.print(f"  {escape(str(problem))}")
        return _fail(error)
    except YoungerError as error:
        return _fail(error)
    except KeyboardInterrupt:
        warn("Interrupted. Run the same command again: finished work is kept.")
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        return 0
    return 0


def _fail(error: YoungerError) -> int:
    ERR.print(f"[bold red]Error:[/] {escape(error.message)}")
    if error.hint:
        ERR.print(f"[bold]Hint:[/] {escape(error.hint)}")
    return EXIT_BAD_INPUT
