"""What the processes of a run take: read from the system once for all of them."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass

import psutil


@dataclass(frozen=True)
class Tree:
    """A process with all that it started.

    Attributes:
        pids: Their numbers, the first one's first.
        memory: Bytes of memory that they have touched and hold, together.
    """

    pids: tuple[int, ...]
    memory: int


def trees(roots: Iterable[int]) -> dict[int, Tree]:
    """Root -> the process with its children, children's children, and every process of its session.

    A process that detaches itself from its parent stays in the session, unless it makes one of its own as well.
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
        pids = _below(root, children, sessions)
        found[root] = Tree(pids, memory_of(pids))
    return found


def memory_of(pids: Iterable[int]) -> int:
    """Bytes of memory that a process (the first) and its children hold together; one that is gone holds none.

    What children share with it counts once.
    """
    root, *others = pids
    return _memory(root) + sum(_own_memory(pid) for pid in others)


def runs(pid: int, started: float) -> bool:
    """Whether that very process is there: after its end the number is another's."""
    try:
        process = psutil.Process(pid)
        same = abs(process.create_time() - started) < 0.05
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def kill(pids: Iterable[int]) -> None:
    """End processes at once; those that are gone already are no error."""
    for pid in pids:
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def _below(root: int, children: Mapping[int, list[int]], sessions: Mapping[int, list[int]]) -> tuple[int, ...]:
    found: dict[int, None] = {root: None}
    waiting = [root]
    while waiting:
        pid = waiting.pop()
        for child in (*children.get(pid, ()), *sessions.get(pid, ())):
            if child not in found:
                found[child] = None
                waiting.append(child)
    return tuple(found)


def _memory(pid: int) -> int:
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except (psutil.Error, OSError):
        return 0


def _own_memory(pid: int) -> int:
    try:
        return int(psutil.Process(pid).memory_full_info().uss)
    except (psutil.Error, OSError):
        return 0


def end_with_parent() -> None:
    """Have the system end this process when the one that started it ends, however that ends; on Linux."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL, 0, 0, 0)


_SET_PARENT_DEATH_SIGNAL = 1
