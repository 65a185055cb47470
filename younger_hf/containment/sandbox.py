"""What a worker process gives up before it touches a model: writing outside its folder, the terminal, and its place in memory."""

from __future__ import annotations

import os
import resource
import sys
import tempfile
from pathlib import Path
from typing import Any

from younger_hf.containment.landlock import allow_writing_only_below
from younger_hf.errors import SandboxError

LOG = "log"
"""File in the scratch folder with whatever the libraries print."""

_CACHES = (
    *(
        "HOME",
        "TMPDIR",
        "XDG_CACHE_HOME",
        "XDG_CONFIG_HOME",
        "TORCH_HOME",
        "HF_HOME",
        "MPLCONFIGDIR",
        "NUMBA_CACHE_DIR",
    ),
    *(
        "YOLO_CONFIG_DIR",
        "KERAS_HOME",
        "KAGGLEHUB_CACHE",
        "TRITON_CACHE_DIR",
        "TORCHINDUCTOR_CACHE_DIR",
        "TFHUB_CACHE_DIR",
    ),
)
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/tty", "/dev/random", "/dev/urandom")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_TRUNC
_CHANGES = {
    # audit event -> positions of the paths that it changes
    **dict.fromkeys(("os.remove", "os.rmdir", "os.mkdir", "os.truncate", "os.chmod", "os.chown", "os.utime"), (0,)),
    "os.rename": (0, 1),
    **dict.fromkeys(("os.link", "os.symlink"), (1,)),
}


class Sandbox:
    """The limits of the process that enters them; they cannot be left.

    Attributes:
        refused: Paths outside the folder that something tried to write to.
        kernel: Whether the kernel enforces it too (Landlock); else only what goes through Python is contained.
    """

    def __init__(self, scratch: Path, file_bytes: int) -> None:
        """Enter the limits.

        Args:
            scratch: The only folder that may be written to; it is the working directory and holds every cache.
            file_bytes: Largest file that may be written.
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
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_bytes, file_bytes))
        _be_the_first_to_go()
        self.kernel = allow_writing_only_below([scratch], [Path(device) for device in _DEVICES])
        sys.addaudithook(self._watch)

    def _watch(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = arguments
            if isinstance(flags, int) and flags & _WRITING:
                self._check(path)
        elif event in _CHANGES:
            for position in _CHANGES[event]:
                self._check(arguments[position])

    def _check(self, path: Any) -> None:
        if not isinstance(path, str | bytes | os.PathLike):
            return  # a descriptor that is open already
        place = os.path.realpath(os.fsdecode(path))
        if not any(place == allowed or place.startswith(allowed + os.sep) for allowed in self._allowed):
            self.refused.append(place)
            raise SandboxError(f"{place}: the model tried to write outside its folder.")


def _be_the_first_to_go() -> None:
    """If the machine runs out of memory, this process goes and not the one that started it."""
    try:
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")
    except OSError:  # no Linux, or not allowed
        return
