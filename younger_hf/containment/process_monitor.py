"""Watches the processes of a run: what takes too much memory or starts too many others is ended, and so is what they leave behind."""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

import psutil

from younger_hf.collect.export_job import Limits
from younger_hf.containment.processes import kill, memory_of, runs, trees

INTERVAL = 0.1
"""Seconds between two looks at the memory of the processes that are known."""
SEARCH = 10
"""Looks after which new processes are searched for, which costs more."""

CARD = ".json"
"""Ending of the file beside a worker's scratch folder that says which process works there, and at what."""


def write_card(scratch: Path, job_id: str) -> None:
    """Say that this process works on a job in a scratch folder."""
    card = scratch.with_name(scratch.name + CARD)
    partial = card.with_name(card.name + ".partial")
    started = psutil.Process().create_time()
    partial.write_text(json.dumps({"id": job_id, "pid": os.getpid(), "started": started}), encoding="utf-8")
    partial.replace(card)


def sweep(folder: Path) -> None:
    """End what a run left that was killed itself, and delete its folder."""
    for card in folder.glob(f"*{CARD}"):
        values = _read(card)
        if values is not None and runs(values["pid"], values["started"]):
            kill(trees([values["pid"]])[values["pid"]].pids)
    shutil.rmtree(folder, ignore_errors=True)


def in_flight(folder: Path) -> dict[str, float]:
    """Candidate -> seconds that a process is at work on it, of the run that goes on in a workspace."""
    found = {}
    for card in folder.glob(f"*{CARD}"):
        values = _read(card)
        if values is not None and runs(values["pid"], values["started"]):
            found[str(values["id"])] = max(0.0, time.time() - values["started"])
    return found


@dataclass
class _Watched:
    """A worker process that is watched.

    Attributes:
        card: Its card's file.
        pid: Its number.
        started: When it was started: a number is given again.
        seen: All processes that were ever seen below it, itself first.
        memory: Most bytes that all of them held at once.
    """

    card: Path
    pid: int
    started: float
    seen: dict[int, None]
    memory: int = 0


class ProcessMonitor:
    """A thread that looks at the workers of one run again and again.

    Use it as a context; when it ends, nothing that the workers started is left.
    """

    def __init__(self, folder: Path, limits: Limits) -> None:
        self.folder = folder
        self.limits = limits
        self._watched: dict[str, _Watched] = {}
        self._verdicts: dict[str, tuple[str, str]] = {}
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="younger-hf guard", daemon=True)

    def __enter__(self) -> ProcessMonitor:
        """Start looking."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop looking, and end what is left."""
        self._stop.set()
        self._thread.join()
        with self._lock:
            self._look()
            for watched in self._watched.values():
                kill(_still_there(watched))

    def verdict(self, job_id: str) -> tuple[str, str] | None:
        """Why the guard ended a job: a reason of `ExportResult.reason` and a sentence; None if it did not."""
        with self._lock:
            return self._verdicts.get(job_id)

    def finish(self, job_id: str, scratch: Path) -> tuple[int, int, str]:
        """End what a job left behind, and delete its folder.

        Returns:
            Most memory that it held in bytes, how many processes it left behind, and the end of what it printed.
        """
        with self._lock:
            self._look()
            watched = self._watched.pop(job_id, None)
            self._verdicts.pop(job_id, None)
        left: list[int] = []
        if watched is not None:
            left = [pid for pid in _still_there(watched) if pid != watched.pid]
            kill(_still_there(watched))
            watched.card.unlink(missing_ok=True)
        said = _tail(scratch / "log")
        shutil.rmtree(scratch, ignore_errors=True)
        return watched.memory if watched is not None else 0, len(left), said

    def _watch(self) -> None:
        looks = 0
        while not self._stop.wait(INTERVAL):
            looks += 1
            with self._lock:
                if looks % SEARCH:
                    self._glance()
                else:
                    self._look()

    def _glance(self) -> None:
        """How much memory the processes hold that are known already."""
        for job_id, watched in self._meet().items():
            self._judge(job_id, watched, memory_of(watched.seen), len(watched.seen))

    def _look(self) -> None:
        """Which processes there are, and how much memory they hold."""
        meant = self._meet()
        found = trees(watched.pid for watched in meant.values())
        for job_id, watched in meant.items():
            tree = found[watched.pid]
            watched.seen.update(dict.fromkeys(tree.pids))
            self._judge(job_id, watched, tree.memory, len(tree.pids))

    def _meet(self) -> dict[str, _Watched]:
        """The jobs whose processes run, those that began since the last look among them."""
        for card in self.folder.glob(f"*{CARD}"):
            values = _read(card)
            if values is not None and values["id"] not in self._watched:
                self._watched[values["id"]] = _Watched(card, values["pid"], values["started"], {values["pid"]: None})
        return {job_id: w for job_id, w in self._watched.items() if runs(w.pid, w.started)}

    def _judge(self, job_id: str, watched: _Watched, memory: int, processes: int) -> None:
        watched.memory = max(watched.memory, memory)
        verdict = self._over(memory, processes)
        if verdict is not None and job_id not in self._verdicts:
            self._verdicts[job_id] = verdict
            kill(watched.seen)

    def _over(self, memory: int, processes: int) -> tuple[str, str] | None:
        if memory > self.limits.memory:
            allowed = self.limits.memory / 1e9
            return "memory", f"It held {memory / 1e9:.1f} GB of memory, allowed are {allowed:.1f}; it was stopped."
        if processes > self.limits.processes:
            return "processes", f"It ran {processes} processes, allowed are {self.limits.processes}; it was stopped."
        return None


def _still_there(watched: _Watched) -> list[int]:
    """Processes that were seen below a worker, and those now in its session; never one that was there before it."""
    found = set(watched.seen) | set(trees([watched.pid])[watched.pid].pids)
    left = []
    for pid in found:
        with suppress(psutil.Error):
            process = psutil.Process(pid)
            if process.create_time() >= watched.started - 0.05 and process.status() != psutil.STATUS_ZOMBIE:
                left.append(pid)
    return left


def _read(card: Path) -> dict[str, Any] | None:
    try:
        values: dict[str, Any] = json.loads(card.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return values


def _tail(log: Path, most: int = 600) -> str:
    """The end of what a job printed."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - most))
            return file.read().decode("utf-8", "replace").strip()
    except OSError:
        return ""
