"""Opening a model from a path, bytes, an open file, or the address of a remote file."""

from __future__ import annotations

import io
import os
import re
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from younger_hf.errors import ModelReadError, YoungerError
from younger_hf.files import first_line
from younger_hf.graph.read.blocks import LOCAL, REMOTE, Blocks

ModelLocation = str | os.PathLike[str] | bytes | BinaryIO
"""A path, an address (`https://`, `http://`, `hf://`), the bytes of a file, or a seekable binary
file."""

PAUSE = 0.5
"""Seconds before the only retry of a remote read that failed."""

_ADDRESS = re.compile(r"(https?|hf)://")
_HINT = "Check the address and your access, try again, or download the file and read it from there."
_NO_RANGES = "This server cannot send parts of a file: download the file and read it from there."


@contextmanager
def open_blocks(source: Any) -> Iterator[Blocks]:
    """Open a location; a file that was open stays open.

    Raises:
        ModelReadError: If it cannot be opened, is open as text, or cannot be read at any position.
    """
    if isinstance(source, bytes | bytearray | memoryview):
        yield in_memory(bytes(source), "<bytes>")
    elif isinstance(source, str) and _ADDRESS.match(source):
        with _open_address(source) as file:
            yield _open_remote(file, source)
    elif isinstance(source, str | os.PathLike):
        with _open_path(Path(source)) as file:
            yield _open_file(file, str(source))
    else:
        yield _open_file(source, str(getattr(source, "name", "<file>")))


def in_memory(data: bytes, name: str) -> Blocks:
    """Return bytes as a file that is in the window as a whole."""
    blocks = Blocks(lambda start, stop: data[start:stop], len(data), name, LOCAL)
    blocks.data, blocks.safe = data, len(data)
    return blocks


def _open_path(path: Path) -> Any:
    try:
        return path.open("rb", buffering=0)
    except IsADirectoryError as error:
        hint = "`younger-hf extract FOLDER` reads every model in it."
        raise ModelReadError(f"{path}: this is a folder, expected an ONNX file.", hint) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ModelReadError(f"{path}: cannot be read ({reason}), expected an ONNX file.") from error


def _open_file(file: Any, name: str) -> Blocks:
    if not hasattr(file, "read") or not hasattr(file, "seek"):
        raise ModelReadError(f"Expected a path, bytes or a seekable binary file, got {type(file).__name__}.")
    if hasattr(file, "_fetch_range") and hasattr(file, "fs"):
        return _open_remote(file, str(getattr(file, "path", name)))
    try:
        raw = file.raw if isinstance(file, io.BufferedReader) else file
        if isinstance(raw, io.FileIO) and hasattr(os, "pread"):  # Windows has no pread
            status = os.fstat(raw.fileno())
            if stat.S_ISREG(status.st_mode):
                return _open_descriptor(raw.fileno(), status.st_size, name)
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

    def load(start: int, stop: int) -> bytes:
        try:
            file.seek(start)
            return bytes(file.read(stop - start))
        except (OSError, ValueError) as error:
            raise ModelReadError(f"{name}: cannot be read at byte {start} ({error}).") from error

    return Blocks(load, size if isinstance(size, int) else file.tell(), name, REMOTE)


def _open_descriptor(descriptor: int, size: int, name: str) -> Blocks:
    """Open a file of the operating system; its position is neither used nor changed."""

    def load(start: int, stop: int) -> bytes:
        try:
            return os.pread(descriptor, stop - start, start)
        except OSError as error:
            raise ModelReadError(f"{name}: cannot be read at byte {start} ({error.strerror}).") from error

    return Blocks(load, size, name, LOCAL)


@contextmanager
def _open_address(address: str) -> Iterator[Any]:
    import fsspec  # type: ignore[import-untyped]  # slow to import, and only addresses need it

    try:
        file = fsspec.open(address, "rb").open()
    except Exception as error:  # each filesystem raises the errors of its own library
        raise ModelReadError(f"{address}: cannot be opened ({_reasons(error)}).", _HINT) from error
    with file:
        yield file


def _open_remote(file: Any, name: str) -> Blocks:
    """Open a file of fsspec, bypassing its own cache, which reads megabytes ahead."""
    fetch: Callable[[int, int], bytes] | None = getattr(file, "_fetch_range", None)
    size = getattr(file, "size", None)
    if fetch is None or not isinstance(size, int) or not file.seekable():
        raise ModelReadError(
            f"{name}: the file cannot be read in parts, expected a server that states its size.", _NO_RANGES
        )

    def load(start: int, stop: int) -> bytes:
        try:
            data = _fetch_twice(lambda: fetch(start, stop))
        except YoungerError:  # a file of ours, which has its own patience
            raise
        except Exception as error:  # each filesystem raises the errors of its own library
            hint = _NO_RANGES if isinstance(error, ValueError) else _HINT  # aiohttp's own errors are not ValueErrors
            raise ModelReadError(f"{name}: cannot be read at byte {start} ({_reasons(error)}).", hint) from error
        if len(data) > stop - start:
            raise ModelReadError(f"{name}: requested {stop - start} bytes, received {len(data)}.", _NO_RANGES)
        return data

    return Blocks(load, size, name, REMOTE)


def _fetch_twice(fetch: Callable[[], bytes]) -> bytes:
    try:
        return fetch()
    except (FileNotFoundError, PermissionError, TimeoutError, ValueError, YoungerError):
        raise
    except Exception:  # one connection in some hundred requests breaks
        time.sleep(PAUSE)
        return fetch()


def _reasons(error: BaseException) -> str:
    """Return the first line of an error and of each of its causes."""
    reasons = [first_line(error)]
    if error.__cause__ is not None:
        reasons.append(_reasons(error.__cause__))
    return "; ".join(dict.fromkeys(reasons))
