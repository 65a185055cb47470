"""Process trees: which processes belong to one, how much memory they hold, and how they end."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

_SET_PARENT_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG
_CLOCK_TOLERANCE = 0.05
"""Seconds by which two readings of one process's start time may differ."""


@dataclass(frozen=True)
class ProcessTree:
    """A process and everything it started.

    Attributes:
        pids: Process ids, the root's first.
        memory: Bytes of resident memory, all processes together.
    """

    pids: tuple[int, ...]
    memory: int


def process_trees(roots: Iterable[int]) -> dict[int, ProcessTree]:
    """Find the process trees below the given process ids, from one look at the process table.

    A tree holds the descendants and every process of their sessions. A process that detaches itself
    from its parent stays in the session, unless it also creates one of its own.

    Returns:
        Root -> its tree.
    """
    children: dict[int, list[int]] = {}
    sessions: dict[int, list[int]] = {}
    for pid in psutil.pids():
        with suppress(psutil.Error, OSError):
            process = psutil.Process(pid)
            children.setdefault(process.ppid(), []).append(pid)
            sessions.setdefault(os.getsid(pid), []).append(pid)
    found = {}
    for root in roots:
        pids = _members(root, children, sessions)
        found[root] = ProcessTree(pids, tree_memory(pids))
    return found


def tree_memory(pids: Iterable[int]) -> int:
    """Return the bytes of resident memory of a process (the first id) and its descendants.

    Memory that descendants share counts once; a process that has ended counts 0.
    """
    root, *descendants = pids
    return _memory(root, shared=True) + sum(_memory(pid, shared=False) for pid in descendants)


def peak_memory() -> int:
    """Return the most bytes of memory that this process has ever held.

    Memory that it shares with the process it was forked from counts.
    """
    kibibytes = _read_proc("/proc/self/status", "VmHWM:")
    if kibibytes is not None:  # on Linux, ru_maxrss may be the parent's
        return kibibytes * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def bytes_transferred() -> tuple[int, int]:
    """Return the bytes this process has read and written so far, sockets included; 0 if unknown."""
    return _read_proc("/proc/self/io", "rchar:") or 0, _read_proc("/proc/self/io", "wchar:") or 0


def is_running(pid: int, started: float, *, or_younger: bool = False) -> bool:
    """Tell whether a process still runs, and is the one that was started then: ids are reused.

    Args:
        pid: Process id.
        started: When it was started, in seconds since the epoch.
        or_younger: Accept any process with this id that was started later, too.
    """
    try:
        process = psutil.Process(pid)
        age = process.create_time() - started
        return (
            age > -_CLOCK_TOLERANCE
            and (or_younger or age < _CLOCK_TOLERANCE)
            and process.status() != psutil.STATUS_ZOMBIE
        )
    except psutil.Error:
        return False


def kill(pids: Iterable[int]) -> None:
    """End processes at once; ignore those that have ended already."""
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def end_with_parent() -> None:
    """Have the kernel end this process when its parent ends, however that ends; Linux only."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)


def describe_exit(code: int | None) -> str:
    """Return the name of the signal that ended a process, or its exit code, as words.

    Args:
        code: As `subprocess` and `multiprocessing` report it: negative for a signal.

    Example:
        >>> describe_exit(-11), describe_exit(0)
        ('SIGSEGV', 'exit code 0')
    """
    if code is None or code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def count_oom_kills() -> int:
    """Return how many processes the kernel has ended because memory ran out; 0 if unknown."""
    return _read_proc("/proc/vmstat", "oom_kill") or 0


def _read_proc(path: str, key: str) -> int | None:
    """The number after a key in a file of the proc file system, None if it is missing."""
    with suppress(OSError):
        for line in Path(path).read_text(encoding="ascii", errors="replace").splitlines():
            words = line.split()
            if words[:1] == [key]:
                return int(words[1])
    return None


def _members(root: int, children: Mapping[int, list[int]], sessions: Mapping[int, list[int]]) -> tuple[int, ...]:
    found: dict[int, None] = {root: None}
    waiting = [root]
    while waiting:
        pid = waiting.pop()
        for child in (*children.get(pid, ()), *sessions.get(pid, ())):
            if child not in found:
                found[child] = None
                waiting.append(child)
    return tuple(found)


def _memory(pid: int, *, shared: bool) -> int:
    try:
        process = psutil.Process(pid)
        return int(process.memory_info().rss if shared else process.memory_full_info().uss)
    except (psutil.Error, OSError):
        return 0
