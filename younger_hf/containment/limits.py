"""What a process that handles untrusted input may use."""

from __future__ import annotations

import resource
from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What one job with all its processes may use.

    Attributes:
        seconds: Wall time.
        memory: Bytes of resident memory of all its processes together.
        processes: Processes at a time.
        file_bytes: Size of the largest file it may write.
    """

    seconds: float = 300
    memory: int = 4_000_000_000
    processes: int = 32
    file_bytes: int = 1_000_000_000


def limit_process(
    *, address_space: int | None = None, cpu_seconds: int | None = None, file_bytes: int | None = None
) -> None:
    """Limit this process and all that it starts, for good; None leaves a limit as it is.

    A crash writes no core dump, which could hold secrets and fill the disk.

    Args:
        address_space: Bytes of virtual memory.
        cpu_seconds: Processor time; the system ends the process with SIGXCPU.
        file_bytes: Size of the largest file that may be written; 0 forbids writing to files.
    """
    limits = (
        (resource.RLIMIT_AS, address_space, 0),
        (resource.RLIMIT_CPU, cpu_seconds, 1),  # at the hard limit the kernel sends SIGKILL instead of SIGXCPU
        (resource.RLIMIT_FSIZE, file_bytes, 0),
        (resource.RLIMIT_CORE, 0, 0),
    )
    for limit, value, margin in limits:
        if value is not None:
            resource.setrlimit(limit, (value, value + margin))
