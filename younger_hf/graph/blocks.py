"""Random access to a file in blocks: what is skipped is not read, what is near is read once."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from younger_hf.errors import ModelReadError

SMALLEST, LARGEST = 4 << 10, 64 << 10
"""Bytes read at a time: few where the last read was skipped away from, more and more where reading goes on."""


class Blocks:
    """A window that moves over a file.

    Attributes:
        name: The file's name for messages.
        size: Its length in bytes.
    """

    def __init__(self, file: Any, size: int, name: str) -> None:
        self.name = name
        self.size = size
        self._file = file
        self._begin = 0
        self._window = b""
        self._kept = 0
        self._block = SMALLEST

    def peek(self, start: int, stop: int) -> bytes:
        """The bytes of [start, stop), which are few.

        Raises:
            ModelReadError: If the file ends before, or cannot be read.
        """
        offset = start - self._begin
        if offset < 0 or stop - self._begin > len(self._window):
            ahead = 0 <= offset <= len(self._window)
            self._block = min(2 * self._block, LARGEST) if ahead else SMALLEST
            self._window = self._load(start, max(stop, min(start + self._block, self.size)))
            self._begin, offset = start, 0
        return self._window[offset : offset + stop - start]

    def read(self, start: int, stop: int) -> bytes:
        """The bytes of [start, stop), however many."""
        return self.peek(start, stop) if stop - start <= SMALLEST else self._load(start, stop)

    def count_below(self, start: int, stop: int, limit: int) -> int:
        """How many bytes of [start, stop) are below a limit, read block by block."""
        below = bytes(range(limit))
        total = 0
        for position in range(start, stop, LARGEST):
            chunk = self.peek(position, min(position + LARGEST, stop))
            total += len(chunk) - len(chunk.translate(None, below))
        return total

    def keep(self, start: int, stop: int, limit: int) -> bytes:
        """The bytes of [start, stop), counted among those that are kept.

        Raises:
            ModelReadError: If more than the limit are kept in all.
        """
        self._kept += stop - start
        if self._kept > limit:
            raise ModelReadError(f"{self.name}: the model without its weights is larger than {limit >> 20} MiB.")
        return self.read(start, stop)

    def _load(self, start: int, stop: int) -> bytes:
        try:
            self._file.seek(start)
            data = self._file.read(stop - start)
        except (OSError, ValueError) as error:
            raise ModelReadError(f"{self.name}: cannot be read at byte {start} ({error}).") from error
        if len(data) != stop - start:
            raise ModelReadError(
                f"{self.name}: the file ended at byte {start + len(data)}, expected {self.size} bytes."
            )
        return bytes(data)


class _Memory(Blocks):
    """Bytes that are in memory already."""

    def __init__(self, data: bytes, name: str) -> None:
        super().__init__(None, len(data), name)
        self._window = data

    def _load(self, start: int, stop: int) -> bytes:
        return self._window[start:stop]

    def peek(self, start: int, stop: int) -> bytes:
        return self._window[start:stop]


@contextmanager
def open_blocks(source: Any) -> Iterator[Blocks]:
    """Open a path, bytes or a seekable binary file; a file that was open stays open.

    Raises:
        ModelReadError: If it cannot be opened, or is open as text or cannot seek.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        yield _Memory(bytes(source), "<bytes>")
    elif isinstance(source, str | os.PathLike):
        path = Path(source)
        try:
            file = path.open("rb", buffering=0)
        except IsADirectoryError as error:
            hint = "`younger-hf extract FOLDER` reads every model in it."
            raise ModelReadError(f"{path}: this is a folder, expected an ONNX file.", hint) from error
        except OSError as error:
            raise ModelReadError(f"{path}: cannot be read ({error.strerror}), expected an ONNX file.") from error
        with file:
            yield Blocks(file, os.fstat(file.fileno()).st_size, str(path))
    else:
        yield _of_file(source)


def _of_file(file: Any) -> Blocks:
    name = str(getattr(file, "name", "<file>"))
    if not hasattr(file, "read") or not hasattr(file, "seek"):
        raise ModelReadError(f"Expected a path, bytes or a seekable binary file, got {type(file).__name__}.")
    try:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        probe = file.read(0)
    except (OSError, ValueError) as error:
        raise ModelReadError(
            f"{name}: the file cannot be read at any position ({error}).", "Open a seekable file."
        ) from error
    if not isinstance(probe, bytes):
        raise ModelReadError(
            f"{name}: the file is open in text mode, expected a binary file.", "Open it with mode 'rb'."
        )
    return Blocks(file, size if isinstance(size, int) else file.tell(), name)
