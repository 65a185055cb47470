"""Watches a run's worker processes, and ends those that use too much and their leftovers."""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal

import psutil

from younger_hf.containment.limits import Limits
from younger_hf.containment.processes import count_oom_kills, is_running, kill, process_trees, tree_memory
from younger_hf.containment.sandbox import LOG
from younger_hf.files import write_text

INTERVAL = 0.1
"""Seconds between two measurements of the memory of known processes."""
MEASUREMENTS_PER_SEARCH = 10
"""Measurements between two searches for new processes, which cost more."""

_WORKER_FILE = ".json"
"""Suffix of the file beside a worker's scratch folder that names its process and its job."""
_LONGEST_PRINTED = 600
"""Maximum bytes recorded of a job's output."""


@dataclass(frozen=True)
class Violation:
    """Why the monitor stopped a job.

    Attributes:
        limit: The limit that was exceeded.
        message: The same in a sentence, with the numbers.
    """

    limit: Literal["memory", "processes"]
    message: str


@dataclass(frozen=True)
class Usage:
    """The resources that a finished job used, and its leftovers.

    Attributes:
        memory: Most bytes of memory that its processes held at once.
        processes_left: How many processes it left behind; they were ended.
        printed: The end of its output.
    """

    memory: int
    processes_left: int
    printed: str


@dataclass
class _Worker:
    """A worker process.

    Attributes:
        job_id: The job it works on.
        pid: Its process id.
        started: When it was started, in seconds since the epoch.
        seen: Every process ever seen in its tree, itself first.
        memory: Most bytes of memory that the tree held at once.
        violation: Why it was stopped, None if it was not.
    """

    job_id: str
    pid: int
    started: float
    seen: dict[int, None]
    memory: int = 0
    violation: Violation | None = None

    @property
    def running(self) -> bool:
        return is_running(self.pid, self.started)

    def remaining(self) -> list[int]:
        """The processes of its tree that still run; an older one has a reused id."""
        found = set(self.seen) | set(process_trees([self.pid])[self.pid].pids)
        return [pid for pid in found if is_running(pid, self.started, or_younger=True)]

    def check(self, memory: int, processes: int, limits: Limits) -> None:
        """Note the memory used; end all its processes if a limit is exceeded."""
        self.memory = max(self.memory, memory)
        if self.violation is not None:
            return
        if memory > limits.memory:
            used, allowed = memory / 1e9, limits.memory / 1e9
            message = f"It held {used:.1f} GB of memory, allowed are {allowed:.1f}; it was stopped."
            self.violation = Violation("memory", message)
        elif processes > limits.processes:
            message = f"It ran {processes} processes, allowed are {limits.processes}; it was stopped."
            self.violation = Violation("processes", message)
        if self.violation is not None:
            kill(self.seen)


def register_worker(scratch: Path, job_id: str) -> None:
    """Record, for the monitor and `running_jobs`, that this process works on a job."""
    worker = {"id": job_id, "pid": os.getpid(), "started": psutil.Process().create_time()}
    write_text(_worker_file(scratch), json.dumps(worker))


def running_jobs(folder: Path) -> dict[str, float]:
    """Return the jobs that workers with scratch folders in `folder` work on now.

    Returns:
        Id of the job -> seconds since its worker started.
    """
    return {worker.job_id: max(0.0, time.time() - worker.started) for worker in _read_workers(folder) if worker.running}


def clean_up(folder: Path) -> None:
    """End the workers of a run that was killed, and delete their scratch folders."""
    for worker in _read_workers(folder):
        if worker.running:
            kill(process_trees([worker.pid])[worker.pid].pids)
    shutil.rmtree(folder, ignore_errors=True)


class ProcessMonitor:
    """A thread that watches the workers of one run; a context manager.

    When the context ends, no process that the workers started is left.
    """

    def __init__(self, folder: Path, limits: Limits) -> None:
        """Prepare to watch.

        Args:
            folder: Where the workers have their scratch folders.
            limits: What each worker may use together with its children.
        """
        self.folder = folder
        self.limits = limits
        self._workers: dict[str, _Worker] = {}
        self._oom_kills = count_oom_kills()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="younger-hf process monitor", daemon=True)

    def __enter__(self) -> ProcessMonitor:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        with self._lock:
            self._search()
            for worker in self._workers.values():
                kill(worker.remaining())

    def violation(self, job_id: str) -> Violation | None:
        """Return why a job was stopped, None if it was not."""
        with self._lock:
            worker = self._workers.get(job_id)
            return worker.violation if worker is not None else None

    def out_of_memory(self) -> bool:
        """Tell whether the kernel ended one more process for lack of memory since the last call."""
        found = count_oom_kills() > self._oom_kills
        self._oom_kills += found
        return found

    def finish(self, job_id: str, scratch: Path) -> Usage:
        """End the processes that a job left behind, and delete its scratch folder."""
        with self._lock:
            self._search()
            worker = self._workers.pop(job_id, None)
            _worker_file(scratch).unlink(missing_ok=True)
        remaining = worker.remaining() if worker is not None else []
        kill(remaining)
        printed = _read_end(scratch / LOG)
        shutil.rmtree(scratch, ignore_errors=True)
        if worker is None:
            return Usage(0, 0, printed)
        return Usage(worker.memory, len(set(remaining) - {worker.pid}), printed)

    def _watch(self) -> None:
        measurements = 0
        while not self._stop.wait(INTERVAL):
            measurements += 1
            with self._lock:
                if measurements % MEASUREMENTS_PER_SEARCH:
                    self._measure()
                else:
                    self._search()

    def _measure(self) -> None:
        """Check the memory of the processes that are known already."""
        for worker in self._running():
            worker.check(tree_memory(worker.seen), len(worker.seen), self.limits)

    def _search(self) -> None:
        """Find all processes of the workers, and check them."""
        workers = self._running()
        trees = process_trees(worker.pid for worker in workers)
        for worker in workers:
            tree = trees[worker.pid]
            worker.seen.update(dict.fromkeys(tree.pids))
            worker.check(tree.memory, len(tree.pids), self.limits)

    def _running(self) -> list[_Worker]:
        """The workers that run, including those that began since the last call."""
        for worker in _read_workers(self.folder):
            self._workers.setdefault(worker.job_id, worker)
        return [worker for worker in self._workers.values() if worker.running]


def _worker_file(scratch: Path) -> Path:
    return scratch.with_name(scratch.name + _WORKER_FILE)


def _read_workers(folder: Path) -> Iterator[_Worker]:
    for file in folder.glob(f"*{_WORKER_FILE}"):
        try:
            values = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):  # its job has just ended
            continue
        yield _Worker(values["id"], values["pid"], values["started"], {values["pid"]: None})


def _read_end(log: Path) -> str:
    """Return the end of a job's output."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _LONGEST_PRINTED))
            return file.read().decode("utf-8", "replace").strip()
    except OSError:
        return ""
