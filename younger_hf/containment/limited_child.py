"""A module run as a child process that takes a JSON job and answers in JSON lines.

The parent calls `run_child`; the module begins with `receive_job`.
"""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from younger_hf.containment.processes import end_with_parent

MOST_BYTES = 1 << 26
"""Bytes read from a child; one that sends more is ended."""

Message = Mapping[str, Any]


@dataclass(frozen=True)
class ChildRun:
    """The outcome of a child process.

    Attributes:
        messages: Its complete messages, in order.
        exit_code: Negative for the signal that ended it.
        timed_out: Whether it was ended because its time was over.
    """

    messages: tuple[Message, ...]
    exit_code: int
    timed_out: bool


def run_child(module: str, job: Message, *, seconds: float, folder: Path, environment: Mapping[str, str]) -> ChildRun:
    """Run a module as a child process until its end; however this call ends, so does the child.

    Args:
        module: Importable name of the module.
        job: What `receive_job` returns in the child.
        seconds: Longest wall time.
        folder: The child's working directory; nothing is imported from it.
        environment: All the environment variables the child sees.
    """
    with subprocess.Popen(  # noqa: S603 - our own interpreter and module
        [sys.executable, "-P", "-m", module],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        env=environment,
    ) as child:
        try:
            deadline = time.monotonic() + seconds
            with suppress(BrokenPipeError), cast("BinaryIO", child.stdin) as pipe:
                pipe.write(json.dumps(job).encode())
            output = _read(cast("BinaryIO", child.stdout), deadline)
            if len(output) <= MOST_BYTES:
                with suppress(subprocess.TimeoutExpired):
                    child.wait(max(0.0, deadline - time.monotonic()))
            timed_out = child.returncode is None and len(output) <= MOST_BYTES
        finally:
            child.kill()
    return ChildRun(_parse(output), child.returncode, timed_out)


def receive_job() -> tuple[Any, Callable[[Message], None]]:
    """Begin as a child of `run_child`: end with the parent, and print only messages from now on.

    Returns:
        The job, and a function that sends a message to the parent.
    """
    end_with_parent()
    job = json.load(sys.stdin)
    pipe = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    with Path(os.devnull).open("wb") as nothing:  # what libraries print must not end up between the messages
        os.dup2(nothing.fileno(), sys.stdout.fileno())

    def send(message: Message) -> None:
        pipe.write(json.dumps(message) + "\n")
        pipe.flush()

    return job, send


def _read(pipe: BinaryIO, deadline: float) -> bytes:
    """Read until the end, the deadline, or more than `MOST_BYTES`."""
    received = bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while len(received) <= MOST_BYTES and selector.select(max(0.0, deadline - time.monotonic())):
            piece = os.read(pipe.fileno(), 1 << 16)
            if not piece:
                break
            received += piece
    return bytes(received)


def _parse(output: bytes) -> tuple[Message, ...]:
    messages = []
    for line in output.splitlines():
        try:
            messages.append(json.loads(line))
        except ValueError:  # the process was ended in the middle of a line
            break
    return tuple(messages)
