"""The Younger paper's code, run in a process and an environment of its own: see `paper_peer`."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from younger_hf.errors import ModelReadError, SourceError

_INSTALL = "Install the peer as described in benchmarks/README.md."


@dataclass(frozen=True)
class Peer:
    """The paper's code, in a process of its own.

    Attributes:
        process: Receives paths and returns the results of `paper_peer`.
        versions: Versions of Python and of the packages it runs on.
    """

    process: subprocess.Popen[str]
    versions: dict[str, str]

    def read(self, path: Path, times: int) -> dict[str, Any]:
        """Have a file read and hashed several times in a row, and return the median reading.

        Raises:
            ModelReadError: If the paper's code cannot.
            SourceError: If it did not survive the file.
        """
        if self.process.stdin is None or self.process.stdout is None:
            raise ValueError("the peer must be started with pipes")
        self.process.stdin.write(f"{times} {path}\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SourceError(
                f"{path}: the paper's code ended while it read this file; see its messages.", "Remove it."
            )
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise ModelReadError(f"{path}: the paper's code cannot read it ({answer['error']}).")
        return answer


@contextmanager
def started(python: Path) -> Iterator[Peer]:
    """Start the peer with the Python of its environment, and end it afterwards.

    Raises:
        SourceError: If the paper's code cannot be imported there.
    """
    script = Path(__file__).with_name("paper_peer.py")
    try:
        process = subprocess.Popen([python, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    except OSError as error:
        raise SourceError(f"{python}: cannot be started ({error.strerror}).", _INSTALL) from error
    with process:
        line = process.stdout.readline() if process.stdout else ""
        if not line:
            raise SourceError(f"{python}: the paper's code cannot be imported; see its message.", _INSTALL)
        yield Peer(process, json.loads(line))
