"""A local server of files that counts what it sends: plain HTTP with ranges, and as much of the Hub's protocol as reading needs."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, TypeVar

_Server = TypeVar("_Server", bound=ThreadingHTTPServer)

REVISION = "0123456789abcdef0123456789abcdef01234567"


class FileServer(ThreadingHTTPServer):
    """Serves the files of a folder at `/NAME`, and as the files of the model repo `org/repo`.

    Attributes:
        folder: The folder.
        fault: What goes wrong when a part of a file is asked for: nothing (`""`), `ignore` (the whole file comes), `short` (half
            of it comes), `reset` (the connection breaks), `none` (the server says that it does not), or a status code.
        after: Number of such requests that go well before.
        faults: Number of times that it goes wrong, -1 for always.
        bytes_sent: Bytes of files that went out.
        requests: Requests of any kind.
    """

    daemon_threads = True

    def __init__(self, folder: Path, fault: str = "", after: int = 0) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folder = folder
        self.fault = fault
        self.after = after
        self.faults = -1
        self.bytes_sent = 0
        self.requests = 0

    @property
    def address(self) -> str:
        """Where it listens, without a slash at the end."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing when a client goes away."""


@contextmanager
def running(server: _Server) -> Iterator[_Server]:
    """Let a server run in a thread of its own, and close it."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def serve(folder: Path, fault: str = "", after: int = 0) -> AbstractContextManager[FileServer]:
    """A running server of a folder's files."""
    return running(FileServer(folder, fault, after))


class _Handler(BaseHTTPRequestHandler):
    server: FileServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def do_GET(self) -> None:
        self._answer(body=True)

    def _answer(self, *, body: bool) -> None:
        self.server.requests += 1
        path = self.path.partition("?")[0].strip("/")
        if path.startswith("api/models/org/repo/tree/"):
            files = [{"type": "file", "path": f.name, "size": f.stat().st_size, "oid": "0" * 40} for f in self._files()]
            return self._json(files, body)
        if path in ("api/models/org/repo", "api/models/org/repo/revision/main"):
            siblings = [{"rfilename": file.name} for file in self._files()]
            return self._json({"id": "org/repo", "sha": REVISION, "siblings": siblings, "tags": []}, body)
        resolved = re.fullmatch(r"org/repo/resolve/main/(.+)", path)
        if resolved:  # as the Hub does for large files: the bytes lie on another host
            return self._reply(302, {"Location": f"{self.server.address}/{resolved[1]}"}, b"")
        return self._file(self.server.folder / path, body)

    def _files(self) -> list[Path]:
        return sorted(self.server.folder.iterdir())

    def _json(self, value: object, body: bool) -> None:
        self._reply(200, {"Content-Type": "application/json"}, json.dumps(value).encode(), body)

    def _reply(self, status: int, headers: dict[str, str], content: bytes, body: bool = True) -> None:
        self.send_response(status)
        for name, text in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, text)
        self.end_headers()
        if body:
            self.wfile.write(content)

    def _file(self, path: Path, body: bool) -> None:
        if not path.is_file():
            return self._reply(404, {"X-Error-Code": "EntryNotFound"}, b"")
        size = path.stat().st_size
        start, stop, status = 0, size, 200
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if asked and body:
            self.server.after -= 1
            fault = self.server.fault if self.server.after < 0 and self.server.faults else ""
            self.server.faults -= bool(fault)
            if fault == "reset":
                self.close_connection = True
                return self.connection.close()
            if fault.isdigit():
                return self._reply(int(fault), {}, b"")
            if fault != "ignore":
                start, stop, status = int(asked[1]), min(int(asked[2]) + 1, size), 206
            if fault == "short":
                stop = start + (stop - start) // 2
        self.send_response(status)
        self.send_header("Content-Length", str(stop - start))
        self.send_header("Accept-Ranges", "none" if self.server.fault == "none" else "bytes")
        self.send_header("ETag", f'"{REVISION}"')
        if status == 206:
            self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{size}")
        self.end_headers()
        if body:
            with path.open("rb") as file:
                file.seek(start)
                while start < stop:
                    data = file.read(min(stop - start, 1 << 18))
                    self.wfile.write(data)
                    self.server.bytes_sent += len(data)
                    start += len(data)
        return None
