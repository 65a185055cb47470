"""The result of a job in a process of its own, or why its process ended without one."""

from __future__ import annotations

import signal
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from typing import Any, Literal

from pebble import ProcessExpired

from younger_hf.containment.processes import describe_exit


class ProcessEndedError(Exception):
    """A process that ended without a result.

    Args:
        reason: `time` if it took too long, `crash` if it ended by itself or was ended.
        message: The same in a sentence.
        killed: Whether SIGKILL ended it, as the kernel does when memory runs out.
    """

    def __init__(self, reason: Literal["time", "crash"], message: str, *, killed: bool = False) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.killed = killed


def wait_for_result(future: Future[Any], seconds: float) -> Any:
    """Wait for the result of a job that pebble runs with a time limit.

    Args:
        future: As pebble returned it.
        seconds: The time limit, for the message.

    Raises:
        ProcessEndedError: If the process took too long, or ended without a result.
    """
    try:
        return future.result()
    except FutureTimeout as error:
        raise ProcessEndedError("time", f"It took longer than {seconds:g} seconds and was stopped.") from error
    except ProcessExpired as error:
        killed = error.exitcode == -signal.SIGKILL
        raise ProcessEndedError(
            "crash", f"It ended its process ({describe_exit(error.exitcode)}).", killed=killed
        ) from error
