"""The terminal while models are worked on: how far it is, how fast, what fails, and what runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

from rich.console import Group
from rich.live import Live
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from younger_hf.cli.console import ERR
from younger_hf.collect.export_job import ExportResult
from younger_hf.containment.process_monitor import running_jobs

REPORT_SECONDS = 30
"""Between two lines where standard error is no terminal."""


class Dashboard:
    """Counts results, and shows them."""

    def __init__(self, total: int, running: Path, known: set[str]) -> None:
        """Begin with nothing done.

        Args:
            total: Models to be worked on.
            running: Folder with the cards of the workers.
            known: Hashes of the architectures that are there already.
        """
        self.total = total
        self.done = 0
        self.failed: Counter[str] = Counter()
        self.new: set[str] = set()
        self._running = running
        self._known = known
        self._begun = self._reported = monotonic()
        columns = (TextColumn("Exporting"), BarColumn(), MofNCompleteColumn())
        self._bar = Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(compact=True), console=ERR)
        self._task = self._bar.add_task("", total=total)

    def add(self, result: ExportResult) -> None:
        """Count a result."""
        if result.status == "done":
            self.done += 1
            if result.wl_hash_w_attrs not in self._known:
                self.new.add(result.wl_hash_w_attrs)
        else:
            self.failed[result.reason] += 1
        self._bar.update(self._task, completed=self.done + self.failed.total())
        now = monotonic()
        if not ERR.is_terminal and now - self._reported >= REPORT_SECONDS:
            self._reported = now
            ERR.print(escape(self.line()))

    def line(self) -> str:
        """All of it in one line."""
        finished = self.done + self.failed.total()
        speed = finished / max(monotonic() - self._begun, 1e-3)
        failed = ", ".join(f"{count} {reason}" for reason, count in self.failed.most_common()) or "none"
        left = f"{(self.total - finished) / speed / 60:.0f} min left" if speed else "time left unknown"
        return (
            f"{finished}/{self.total} models, {len(self.new)} new architectures, "
            f"{3600 * speed:,.0f} models/hour, failed: {failed}, {left}"
        )

    def __rich__(self) -> Group:
        """What the terminal shows."""
        table = Table.grid(padding=(0, 2))
        finished = self.done + self.failed.total()
        speed = finished / max(monotonic() - self._begun, 1e-3)
        table.add_row(
            "done", f"{self.done:,}", f"{len(self.new):,} new architectures", f"{3600 * speed:,.0f} models/hour"
        )
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in self.failed.most_common())
        table.add_row("failed", f"{self.failed.total():,}", reasons)
        for name, seconds in sorted(running_jobs(self._running).items(), key=lambda item: -item[1]):
            table.add_row("running", f"{seconds:.0f} s", escape(name))
        return Group(self._bar, table)


@contextmanager
def live(dashboard: Dashboard, *, quiet: bool) -> Iterator[None]:
    """Show a dashboard while something runs; where standard error is no terminal, it prints a line now and then."""
    if quiet or not ERR.is_terminal:
        yield
        return
    with Live(dashboard, console=ERR, refresh_per_second=4, transient=True):
        yield
