"""Runs jobs on this machine, each in a process forked from one that has the libraries."""

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

from younger_hf.collect.export_job import ExportResult, Job, failed_result, run_job
from younger_hf.containment.limits import Limits
from younger_hf.containment.pool_results import ProcessEndedError, wait_for_result
from younger_hf.containment.process_monitor import ProcessMonitor, register_worker
from younger_hf.containment.processes import end_with_parent

MODULES = "YOUNGER_HF_PRELOAD"
"""Environment variable that lists the modules to import before forking, separated by commas."""


def run_local(
    jobs: Iterable[Job], running: Path, limits: Limits, *, workers: int = 2, preload: Iterable[str] = ()
) -> Iterator[ExportResult]:
    """Run jobs, and yield their results as they come.

    Whatever a model does to its process (a crash, a hang, too much memory, processes left behind)
    costs that model alone.

    Args:
        jobs: The jobs; taken one by one as workers become free.
        running: Folder for the workers' scratch folders; created if missing, and emptied again.
        limits: What one model may use.
        workers: Processes at a time.
        preload: Modules to import once for all workers.
    """
    running.mkdir(parents=True, exist_ok=True)
    # pebble 5.2 documents one of the names and reads the other
    context: dict[str, Any] = dict.fromkeys(("context", "mp_context"), _context(preload))
    start = concurrent.process(timeout=limits.seconds, daemon=False, **context)(_run_in_worker)
    waiting = iter(jobs)
    numbers = count()
    futures: dict[Future[Any], tuple[Job, Path]] = {}
    with ProcessMonitor(running, limits) as monitor:
        try:
            while True:
                for job in islice(waiting, workers - len(futures)):
                    scratch = (running / f"{os.getpid()}-{next(numbers)}").resolve()
                    with _interrupts_blocked():
                        futures[start(job, scratch, limits, dict(os.environ))] = (job, scratch)
                if not futures:
                    return
                done, _ = wait(futures, return_when=FIRST_COMPLETED)
                for future in done:
                    job, scratch = futures.pop(future)
                    yield _finish(future, job, scratch, monitor)
        finally:
            for future in futures:
                future.cancel()


def _run_in_worker(job: Job, scratch: Path, limits: Limits, environment: dict[str, str]) -> ExportResult:
    os.environ.update(environment)  # the process that this one was forked from may be older than some of it
    if hasattr(os, "setsid"):  # a session of its own: its processes can be found, and Ctrl-C is for the parent
        os.setsid()
    end_with_parent()
    scratch.mkdir()
    register_worker(scratch, job.candidate.id)
    return run_job(job, scratch, limits)


def _finish(future: Future[Any], job: Job, scratch: Path, monitor: ProcessMonitor) -> ExportResult:
    """Return the result of a job whose process has ended, and end processes that it left behind."""
    killed = False
    try:
        result: ExportResult = wait_for_result(future, monitor.limits.seconds)
    except ProcessEndedError as error:
        result, killed = failed_result(job, error.reason, error.message), error.killed
    except Exception as error:  # whatever pickling raises
        result = failed_result(job, "crash", f"Its result could not be sent ({type(error).__name__}: {error}).")
    violation = monitor.violation(job.candidate.id)
    usage = monitor.finish(job.candidate.id, scratch)
    if violation is not None:
        result = failed_result(job, violation.limit, violation.message)
    elif killed:
        result = _killed_result(job, usage.memory, monitor.out_of_memory())
    notes = dict(result.notes)
    if usage.processes_left:
        notes["processes_left"] = usage.processes_left
    if result.status == "failed" and usage.printed:
        notes["printed"] = usage.printed
    return replace(result, peak=max(result.peak, usage.memory), notes=notes)


def _killed_result(job: Job, memory: int, out_of_memory: bool) -> ExportResult:
    """Return the result of a job that the kernel or somebody else ended by SIGKILL."""
    held = f"it held {memory / 1e9:.1f} GB when last measured"
    if out_of_memory:
        return failed_result(job, "memory", f"The system ran out of memory and ended it (SIGKILL; {held}).")
    cause = "as when the system runs out of memory"
    return failed_result(job, "crash", f"It was ended from outside (SIGKILL; {held}), {cause}.")


def _context(preload: Iterable[str]) -> BaseContext:
    """A context that forks from a process with the libraries and no threads, or else spawns."""
    try:
        context = get_context("forkserver")
    except ValueError:
        return get_context("spawn")
    os.environ[MODULES] = ",".join(sorted(set(preload)))
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    context.set_forkserver_preload(["younger_hf.collect.preload"])
    return context


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Hide Ctrl-C from processes that are started within; the engine ends them."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    resource_tracker.ensure_running()  # starting it unblocks the signal
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
