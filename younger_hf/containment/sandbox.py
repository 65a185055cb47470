"""The sandbox of a worker process: it can only write to its folder, and has no terminal."""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from younger_hf.containment.landlock import allow_writing_only_below
from younger_hf.containment.limits import limit_process
from younger_hf.errors import SandboxError

LOG = "log"
"""File in the scratch folder that collects what libraries print."""

_CACHES = (
    "HOME",
    "TMPDIR",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "TORCH_HOME",
    "HF_HOME",
    "MPLCONFIGDIR",
    "NUMBA_CACHE_DIR",
    "YOLO_CONFIG_DIR",
    "KERAS_HOME",
    "KAGGLEHUB_CACHE",
    "TRITON_CACHE_DIR",
    "TORCHINDUCTOR_CACHE_DIR",
    "TFHUB_CACHE_DIR",
)
"""Environment variables that name folders which libraries write to."""
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/tty", "/dev/random", "/dev/urandom")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_TRUNC
_CHANGES = {
    **dict.fromkeys(("os.remove", "os.rmdir", "os.mkdir", "os.truncate", "os.chmod", "os.chown", "os.utime"), (0,)),
    "os.rename": (0, 1),
    **dict.fromkeys(("os.link", "os.symlink"), (1,)),
}
"""Audit event -> positions of the paths that it changes."""


class Sandbox:
    """The sandbox of the process that creates it, which cannot leave it.

    Attributes:
        refused: Paths outside the folder that something tried to write to.
        kernel: Whether the kernel enforces it (Landlock); otherwise only Python code is contained.
    """

    def __init__(self, scratch: Path, file_bytes: int) -> None:
        """Enter the sandbox.

        Args:
            scratch: The only folder that may be written to; the working directory, and home to
                every cache.
            file_bytes: Size of the largest file that may be written.
        """
        self.refused: list[str] = []
        self._allowed = (os.path.realpath(scratch), *(os.path.realpath(device) for device in _DEVICES))
        os.chdir(scratch)
        os.environ.update(dict.fromkeys(_CACHES, str(scratch)))
        tempfile.tempdir = str(scratch)
        log = os.open(scratch / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for stream, opened in ((0, nothing), (1, log), (2, log)):
            os.dup2(opened, stream)
        limit_process(file_bytes=file_bytes)
        with suppress(OSError):  # if memory runs out, the kernel ends this process and not the one that started it
            Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
        self.kernel = allow_writing_only_below([scratch], [Path(device) for device in _DEVICES])
        sys.addaudithook(self._audit)

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if isinstance(flags, int) and flags & _WRITING:
                self._check(path)
        elif event in _CHANGES:
            for position in _CHANGES[event]:
                self._check(arguments[position])

    def _check(self, path: Any) -> None:
        if not isinstance(path, str | bytes | os.PathLike):
            return  # a descriptor that is already open
        real = os.path.realpath(os.fsdecode(path))
        if not any(real == allowed or real.startswith(allowed + os.sep) for allowed in self._allowed):
            self.refused.append(real)
            raise SandboxError(f"{real}: the model tried to write outside its folder.")
