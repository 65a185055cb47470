"""The terminal during an export: progress, speed, failures, and what is running."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic

from rich.console import Group
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from younger_hf.cli.console import ERR, progress_bar
from younger_hf.collect.export_job import ExportResult
from younger_hf.containment.process_monitor import running_jobs

REPORT_SECONDS = 30
"""Time between two lines if standard error is not a terminal."""


class Dashboard:
    """Counts of results, rendered for the terminal."""

    def __init__(self, total: int, running: Path, known: set[str]) -> None:
        """Start with all counts at zero.

        Args:
            total: Models to export.
            running: Folder where the workers record what they work on.
            known: Hashes of the architectures that the workspace has already.
        """
        self.total = total
        self.done = 0
        self.failed: Counter[str] = Counter()
        self.new: set[str] = set()
        self._running = running
        self._known = known
        self._started = self._reported = monotonic()
        self._bar = progress_bar("Exporting")
        self._task = self._bar.add_task("", total=total)

    @property
    def finished(self) -> int:
        """Models that are done or failed."""
        return self.done + self.failed.total()

    @property
    def speed(self) -> float:
        """Models per second."""
        return self.finished / max(monotonic() - self._started, 1e-3)

    def add(self, result: ExportResult) -> None:
        """Count a result."""
        if result.status == "done":
            self.done += 1
            if result.wl_hash_w_attrs not in self._known:
                self.new.add(result.wl_hash_w_attrs)
        else:
            self.failed[result.reason] += 1
        self._bar.update(self._task, completed=self.finished)
        now = monotonic()
        if not ERR.is_terminal and now - self._reported >= REPORT_SECONDS:
            self._reported = now
            ERR.print(escape(self.line()))

    def line(self) -> str:
        """Return everything in one line."""
        speed = self.speed
        failed = ", ".join(f"{count} {reason}" for reason, count in self.failed.most_common()) or "none"
        left = f"{(self.total - self.finished) / speed / 60:.0f} min left" if speed else "time left unknown"
        return (
            f"{self.finished}/{self.total} models, {len(self.new)} new architectures, "
            f"{3600 * speed:,.0f} models/hour, failed: {failed}, {left}"
        )

    def __rich__(self) -> Group:
        """Render for the terminal."""
        table = Table.grid(padding=(0, 2))
        speed = f"{3600 * self.speed:,.0f} models/hour"
        table.add_row("done", f"{self.done:,}", f"{len(self.new):,} new architectures", speed)
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in self.failed.most_common())
        table.add_row("failed", f"{self.failed.total():,}", reasons)
        for name, seconds in sorted(running_jobs(self._running).items(), key=lambda item: -item[1]):
            table.add_row("running", f"{seconds:.0f} s", escape(name))
        return Group(self._bar, table)


@contextmanager
def live(dashboard: Dashboard, *, quiet: bool) -> Iterator[None]:
    """Show a dashboard during the context, or print a line now and then without a terminal."""
    if quiet or not ERR.is_terminal:
        yield
        return
    with Live(dashboard, console=ERR, refresh_per_second=4, transient=True):
        yield
