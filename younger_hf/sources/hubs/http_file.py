"""A file on a server as an open one, of which only those parts come that are read."""

from __future__ import annotations

import io
import os
import re
from pathlib import Path
from typing import Any

import onnx

from younger_hf.errors import SourceError
from younger_hf.graph.read.weight_stripper import read_model
from younger_hf.sources.hubs.http_retry import Answer, Client, RefusedError

HEAD = 64 << 10
"""Bytes that come with the first request, which also says how long the file is."""
_POINTER = b"version https://git-lfs.github.com/spec/"
_RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+)")


class RemoteFile(io.RawIOBase):
    """A file that is read by byte ranges.

    Hubs redirect to an address that is good for a while: it is kept, which saves a request a range, and asked for again when
    it is refused.

    Args:
        client: Asks the server.
        url: Where the file is.

    Attributes:
        name: The address.
        size: Bytes of the file.
        head: Its first bytes.

    Raises:
        RefusedError: If there is no such file, or the server cannot send parts of it.
        SourceError: If it cannot be had now.
    """

    def __init__(self, client: Client, url: str) -> None:
        self.name = url
        self._client = client
        self._position = 0
        self._place = url
        self.size = -1
        self.head = b""
        self.head = self._fetch(0, HEAD)

    def load(self, start: int, stop: int) -> bytes:
        """The bytes of [start, stop), fewer if the file ends before."""
        stop = min(stop, self.size)
        if start >= stop:
            return b""
        known = self.head[start:stop]
        return known if len(known) == stop - start else known + self._fetch(start + len(known), stop)

    def read(self, size: int | None = -1) -> bytes:
        """The next bytes, all of them if no number is given."""
        stop = self.size if size is None or size < 0 else self._position + size
        data = self.load(self._position, stop)
        self._position += len(data)
        return data

    def readinto(self, buffer: Any) -> int:
        """Fill a buffer."""
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move; whatever is there is fetched when it is read."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self.size}[whence]
        if base + offset < 0:
            raise ValueError(f"{self.name}: byte {base + offset} lies before the file.")
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        """The position."""
        return self._position

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def _fetch(self, start: int, stop: int) -> bytes:
        try:
            return self._ask(self._place, start, stop)
        except RefusedError as error:
            if self._place == self.name or error.status not in (400, 401, 403, 404, 410):
                raise
        self._place = self.name  # the address that it redirected to was good for a while only
        return self._ask(self.name, start, stop)

    def _ask(self, url: str, start: int, stop: int) -> bytes:
        def part(answer: Answer) -> bytes:
            found = _RANGE.fullmatch(answer.headers.get("Content-Range", "").strip())
            if answer.status != 206 or found is None or found[1] is None:
                if start or self.size >= 0 or answer.status != 200:
                    raise _no_ranges(self.name)
                size, expected = len(answer.content), len(answer.content)  # all of a short file
            else:
                size = int(found[3])
                expected = min(stop, size) - start
                if int(found[1]) != start:
                    raise _no_ranges(self.name)
            if self.size not in (-1, size):
                raise SourceError(f"{self.name}: it had {self.size} bytes, now {size}.", "It changed: list again.")
            if len(answer.content) != expected:
                raise ValueError(f"bytes {start} to {start + expected - 1} were asked for, {len(answer.content)} came")
            self.size = size
            if str(answer.url) != url:
                self._place = answer.url
            return answer.content

        headers = {"Range": f"bytes={start}-{stop - 1}", "Accept-Encoding": "identity"}
        try:
            return self._client.get(url, part, headers=headers, limit=stop - start)
        except RefusedError as error:
            if error.status == 416 and self.size < 0:  # an empty file has no first byte
                self.size = 0
                return b""
            if error.status == 200:
                raise _no_ranges(self.name) from error
            raise


def fetch_onnx(client: Client, url: str, folder: Path) -> dict[str, Any]:
    """Read an ONNX file without its weights, and keep what was read as `model.onnx`.

    Args:
        client: Asks the server.
        url: Where the file is.
        folder: Where to keep it; made if it is missing.

    Returns:
        A recipe of the kind `file`: `path` of what is kept, and in its notes `bytes_read` in all, failed tries included, and
        `bytes_of_file`.

    Raises:
        ModelReadError: If it is no ONNX model.
        RefusedError: If there is no such file, or the server cannot send parts of it.
        SourceError: If it cannot be had now.
    """
    before = client.bytes_read
    file = RemoteFile(client, url)
    if file.head.startswith(_POINTER):
        raise SourceError(
            f"{url}: this is a pointer of Git LFS, expected the file.", "Its server no longer has the file itself."
        )
    model, _ = read_model(file)  # type: ignore[arg-type]  # a raw file reads like a BinaryIO
    path = keep_model(model, folder)
    return file_recipe(path, bytes_read=client.bytes_read - before, bytes_of_file=file.size)


def file_recipe(path: Path, **notes: object) -> dict[str, Any]:
    """The recipe of a file that is kept, and what to note of how it came."""
    return {"kind": "file", "path": str(path), "notes": notes}


def keep_model(model: onnx.ModelProto, folder: Path) -> Path:
    """Write a model as `model.onnx`, whole or not at all; the folder is made if it is missing."""
    path = folder / "model.onnx"
    folder.mkdir(parents=True, exist_ok=True)
    partial = path.with_name("model.onnx.partial")
    partial.write_bytes(model.SerializeToString(deterministic=True))
    partial.replace(path)
    return path


def _no_ranges(name: str) -> RefusedError:
    return RefusedError(
        f"{name}: the server sends all of the file, expected the part that was asked for.",
        "This server cannot send parts of a file: download the file and read it from there.",
        200,
    )
