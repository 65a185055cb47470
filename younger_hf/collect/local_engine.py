"""Jobs on this machine: each in a process of its own, forked from one that has imported everything already."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from dataclasses import replace
from itertools import count, islice
from multiprocessing import get_context, resource_tracker
from multiprocessing.context import BaseContext
from pathlib import Path
from typing import Any

from pebble import concurrent

from younger_hf.collect.export_job import ExportResult, Job, Reason, run_job, versions_of
from younger_hf.containment.limits import Limits
from younger_hf.containment.pool_results import ProcessEndedError, wait_for_result
from younger_hf.containment.process_monitor import ProcessMonitor, register_worker
from younger_hf.containment.processes import end_with_parent

MODULES = "YOUNGER_HF_PRELOAD"
"""Environment variable with the names of the modules that workers shall find imported, separated by commas."""


def run_local(
    jobs: Iterable[Job], running: Path, limits: Limits, *, workers: int = 2, preload: Iterable[str] = ()
) -> Iterator[ExportResult]:
    """Run jobs, and give their results as they come.

    Whatever a model does to its process costs that model alone: a crash, a hang, too much memory, processes that it leaves behind.

    Args:
        jobs: What to do; taken as there is room.
        running: Folder for what workers write while they run; made if it is missing, and emptied again.
        limits: What one model may take.
        workers: Processes at a time.
        preload: Modules to import once for all.
    """
    running.mkdir(parents=True, exist_ok=True)
    # pebble 5.2 documents the one name and reads the other
    context: dict[str, Any] = dict.fromkeys(("context", "mp_context"), _context(preload))
    start = concurrent.process(timeout=limits.seconds, daemon=False, **context)(_work)
    waiting = iter(jobs)
    names = count()
    futures: dict[Future[Any], tuple[Job, Path]] = {}
    with ProcessMonitor(running, limits) as monitor:
        try:
            while True:
                for job in islice(waiting, workers - len(futures)):
                    scratch = (running / f"{os.getpid()}-{next(names)}").resolve()
                    with _interrupts_held():
                        futures[start(job, scratch, limits, dict(os.environ))] = (job, scratch)
                if not futures:
                    return
                done, _ = wait(futures, return_when=FIRST_COMPLETED)
                for future in done:
                    job, scratch = futures.pop(future)
                    yield _finish(future, job, scratch, monitor, limits)
        finally:
            for future in futures:
                future.cancel()


def failed(job: Job, reason: Reason, error: str) -> ExportResult:
    """The result of a job that ended without one."""
    return ExportResult(job.candidate.id, job.stamp, "failed", reason, error, versions=versions_of(job.candidate))


def _work(job: Job, scratch: Path, limits: Limits, environment: dict[str, str]) -> ExportResult:
    """Runs in the worker process."""
    os.environ.update(environment)  # the process that it was forked from may be older than some of it
    _leave_the_terminal()
    scratch.mkdir()
    register_worker(scratch, job.candidate.id)
    return run_job(job, scratch, limits)


def _finish(future: Future[Any], job: Job, scratch: Path, monitor: ProcessMonitor, limits: Limits) -> ExportResult:
    """The result of a job whose process has ended; nothing of the process is left."""
    killed = False
    try:
        result: ExportResult = wait_for_result(future, limits.seconds)
    except ProcessEndedError as error:
        result, killed = failed(job, error.reason, error.message), error.killed
    except Exception as error:  # whatever pickling raises
        result = failed(job, "crash", f"Its result could not be sent ({type(error).__name__}: {error}).")
    violation = monitor.violation(job.candidate.id)
    usage = monitor.finish(job.candidate.id, scratch)
    if violation is not None:
        result = failed(job, violation.limit, violation.message)
    elif killed:
        result = _killed(job, usage.memory, monitor.out_of_memory())
    notes = dict(result.notes)
    if usage.processes_left:
        notes["processes_left"] = usage.processes_left
    if result.status == "failed" and usage.printed:
        notes["printed"] = usage.printed
    return replace(result, peak=max(result.peak, usage.memory), notes=notes)


def _killed(job: Job, memory: int, out_of_memory: bool) -> ExportResult:
    """The result of a job that something other than this program ended by SIGKILL."""
    held = f"it held {memory / 1e9:.1f} GB when last measured"
    if out_of_memory:
        return failed(job, "memory", f"The system ran out of memory and ended it (SIGKILL; {held}).")
    return failed(job, "crash", f"It was ended from outside (SIGKILL; {held}), as when the system runs out of memory.")


def _context(preload: Iterable[str]) -> BaseContext:
    """Processes are forked from one that has the libraries and no threads; where the system cannot, each starts anew."""
    try:
        context = get_context("forkserver")
    except ValueError:
        return get_context("spawn")
    names = ",".join(sorted(set(preload)))
    os.environ[MODULES] = names
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    context.set_forkserver_preload(["younger_hf.collect.preload"])
    return context


def _leave_the_terminal() -> None:
    """A session of its own: what it starts can be found, and Ctrl-C in the terminal is for the one that started it."""
    if hasattr(os, "setsid"):
        os.setsid()
    end_with_parent()


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Processes that are started within never see Ctrl-C: to end them is the pool's business."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # it lifts the block when it starts
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
