"""A source in another package, whose models misbehave in every way that a process can."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from younger_hf.sources.candidate import Candidate
from younger_hf.sources.selection import select_candidates
from younger_hf.sources.source import Query, Source


def relu() -> onnx.ModelProto:
    """A model of one operator."""
    return onnx.parser.parse_model(
        '<ir_version: 9, opset_import: ["": 17]> g (float[1] x) => (float[1] y) { y = Relu(x) }'
    )


def segfault(outside: str) -> None:
    ctypes.string_at(0)


def sleep(outside: str) -> None:
    time.sleep(3600)


def swallow(outside: str) -> None:
    """Allocate 100 GB step by step, and write to all of it."""
    kept = [np.ones(100_000_000, dtype=np.uint8) for _ in range(1000)]
    time.sleep(len(kept))


def leave_a_process(outside: str) -> None:
    """Succeed, but leave a process behind that would write after everything is over."""
    late = f"import time; time.sleep(60); open({outside!r} + '/late', 'w')"
    subprocess.Popen([sys.executable, "-c", late], start_new_session=True)
    if os.fork() == 0:
        time.sleep(3600)
    time.sleep(1.5)


def multiply(outside: str) -> None:
    for _ in range(200):
        if os.fork() == 0:
            time.sleep(3600)
        time.sleep(0.01)
    time.sleep(3600)


def write_outside(outside: str) -> None:
    Path(outside, "written").write_text("by Python", encoding="utf-8")


def write_outside_by_the_system(outside: str) -> None:
    """Write without Python, so that no audit hook sees it."""
    libc = ctypes.CDLL(None, use_errno=True)
    opened = libc.open(str(Path(outside, "written-past-python")).encode(), os.O_WRONLY | os.O_CREAT, 0o644)
    if opened < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def delete_outside(outside: str) -> None:
    Path(outside, "precious").unlink()


def write_a_big_file(outside: str) -> None:
    """Write in its own folder, which is allowed."""
    with Path("big").open("wb") as file:
        for _ in range(100):
            file.write(bytes(100_000_000))


def print_a_lot(outside: str) -> None:
    for _ in range(100_000):
        os.write(1, b"many words\n")
    raise RuntimeError("words failed me")


def exit_well(outside: str) -> None:
    os._exit(0)


def raise_an_interrupt(outside: str) -> None:
    raise KeyboardInterrupt


def be_killed(outside: str) -> None:
    """Do what the kernel does to a process when memory runs out."""
    os.kill(os.getpid(), signal.SIGKILL)


def behave(outside: str) -> None:
    Path("own").write_text("in its own folder", encoding="utf-8")


ACTIONS: Mapping[str, Callable[[str], None]] = {
    action.__name__: action
    for action in (
        *(behave, segfault, sleep, swallow, leave_a_process, multiply, write_outside, write_outside_by_the_system),
        *(delete_outside, write_a_big_file, print_a_lot, exit_well, raise_an_interrupt, be_killed),
    )
}


def _candidates(query: Query) -> Iterator[Candidate]:
    outside = str(query.options["outside"])
    return select_candidates(
        (
            Candidate(
                f"hostile--{name}", "hostile", name, "", "", "", {"kind": "hostile", "action": name, "outside": outside}
            )
            for name in ACTIONS
        ),
        query,
    )


def _build(recipe: Mapping[str, Any]) -> onnx.ModelProto:
    ACTIONS[recipe["action"]](recipe["outside"])
    return relu()


SOURCE = Source(name="hostile", about="Models that misbehave.", candidates=_candidates, build=_build)
