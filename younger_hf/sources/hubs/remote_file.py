"""A file on a server, read by byte ranges, and ONNX models from such files."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import httpx
import onnx
from fsspec.spec import AbstractBufferedFile  # type: ignore[import-untyped]

from younger_hf.errors import SourceError
from younger_hf.files import write_bytes
from younger_hf.graph.read.weight_stripper import read_model
from younger_hf.sources.hubs.http_client import Client, RefusedError

HEAD = 64 << 10
"""Bytes of the first request, which also reveals the length of the file."""
_POINTER = b"version https://git-lfs.github.com/spec/"
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")


class RemoteFile(AbstractBufferedFile):  # type: ignore[misc]
    """A file that is read by byte ranges, without a cache.

    Hubs redirect to an address that is valid for a while. It is kept, which saves a request per
    range, and requested again once it is refused.

    Args:
        client: Client of the server.
        url: Address of the file.

    Attributes:
        size: Bytes of the file.
        head: Its first bytes.

    Raises:
        RefusedError: If the file does not exist, or the server cannot send parts of it.
        SourceError: If the server cannot answer now.
    """

    def __init__(self, client: Client, url: str) -> None:
        self._client = client
        self._url = self._current_url = url
        self._size = -1
        self.head = b""
        self.head = self._request(0, HEAD)
        super().__init__(None, url, cache_type="none", size=self._size)

    def _fetch_range(self, start: int, end: int) -> bytes:
        """Return the bytes of [start, end), fewer if the file ends before."""
        end = min(end, self._size)
        known = self.head[start:end]
        return known if start + len(known) >= end else known + self._request(start + len(known), end)

    def _request(self, start: int, stop: int) -> bytes:
        try:
            return self._request_from(self._current_url, start, stop)
        except RefusedError as error:
            if self._current_url == self._url or error.status not in (400, 401, 403, 404, 410):
                raise
        self._current_url = self._url  # the address of the redirection has expired
        return self._request_from(self._url, start, stop)

    def _request_from(self, url: str, start: int, stop: int) -> bytes:
        def check(response: httpx.Response, content: bytes) -> bytes:
            self._check(response, content, start, stop)
            self._current_url = str(response.url)
            return content

        headers = {"Range": f"bytes={start}-{stop - 1}", "Accept-Encoding": "identity"}
        try:
            return self._client.get(url, check, headers=headers, limit=stop - start)
        except RefusedError as error:
            if error.status == 416 and self._size < 0:  # an empty file has no first byte
                self._size = 0
                return b""
            if error.status == 200:
                raise _no_ranges(self._url) from error
            raise

    def _check(self, response: httpx.Response, content: bytes, start: int, stop: int) -> None:
        """Raise ValueError unless the content is the requested range."""
        found = _RANGE.fullmatch(response.headers.get("Content-Range", "").strip())
        if response.status_code == 206 and found is not None and int(found[1]) == start:
            size = int(found[2])
        elif response.status_code == 200 and self._size < 0:
            size = len(content)  # a short file came whole
        else:
            raise _no_ranges(self._url)
        if self._size not in (-1, size):
            raise SourceError(f"{self._url}: it had {self._size} bytes, now {size}.", "It changed: list again.")
        expected = min(stop, size) - start
        if len(content) != expected:
            raise ValueError(f"requested bytes {start} to {start + expected - 1}, received {len(content)}")
        self._size = size


def fetch_onnx(client: Client, url: str, folder: Path) -> dict[str, Any]:
    """Read an ONNX file without its weights, and store it as `model.onnx`.

    Args:
        client: Client of the server.
        url: Address of the file.
        folder: Folder for the stored model, created if it is missing.

    Returns:
        A recipe of the kind `file` (see `file_recipe`); its notes hold `bytes_read`, failed
        attempts included, and `bytes_of_file`.

    Raises:
        ModelReadError: If the file is not an ONNX model.
        RefusedError: If the file does not exist, or the server cannot send parts of it.
        SourceError: If the server cannot answer now.
    """
    before = client.bytes_read
    file = RemoteFile(client, url)
    if file.head.startswith(_POINTER):
        raise SourceError(
            f"{url}: this is a pointer of Git LFS, expected the file.", "Its server no longer has the file itself."
        )
    model, _ = read_model(file)
    return file_recipe(model, folder, bytes_read=client.bytes_read - before, bytes_of_file=file.size)


def file_recipe(model: onnx.ModelProto, folder: Path, **notes: object) -> dict[str, Any]:
    """Store a model without weights as `model.onnx`, and return the recipe that builds it.

    Args:
        model: A model that `read_model` returned.
        folder: Folder for the file, created if it is missing.
        notes: Notes on how the file was fetched.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "model.onnx"
    write_bytes(path, model.SerializeToString(deterministic=True))
    return {"kind": "file", "path": str(path), "stripped": True, "notes": notes}


def _no_ranges(url: str) -> RefusedError:
    return RefusedError(
        f"{url}: the server sends all of the file, expected the requested part.",
        "This server cannot send parts of a file: download the file and read it from there.",
        200,
    )
