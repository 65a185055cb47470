"""A local server that sends files in parts, logs its requests, and fails on demand."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass
class Request:
    """A request, and what was sent in reply.

    Attributes:
        method: `GET`, `HEAD`, `POST` or `PUT`.
        path: Its path, unquoted.
        query: Its parameters.
        range: Its `Range` header.
        authorization: Its `Authorization` header.
        host: Its `Host` header.
        form: Parameters in its body.
        body: The body, unless it is a form.
        at: Time of arrival, in seconds of `time.monotonic`.
        status: The answer's status code.
        sent: Bytes of the body that were sent.
    """

    method: str
    path: str
    query: dict[str, list[str]]
    range: str
    authorization: str
    host: str
    form: dict[str, list[str]] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)
    at: float = field(default_factory=time.monotonic)
    status: int = 0
    sent: int = 0


class Reply(NamedTuple):
    """An answer: the body is bytes, or a file that is sent in parts on demand."""

    status: int = 200
    headers: dict[str, str] = {}  # noqa: RUF012  # nobody changes it
    body: bytes | Path = b""


def in_json(value: object, status: int = 200, **headers: str) -> Reply:
    """A JSON value."""
    return Reply(status, {"Content-Type": "application/json", **headers}, json.dumps(value).encode())


@dataclass
class Fault:
    """A failure of the server.

    Attributes:
        pattern: Regular expression for the paths that fail.
        kind: A status code or one of
            `reset` (the connection breaks before the answer),
            `cut` (it breaks in the middle of the body),
            `longer` or `shorter` (`Content-Length` compared with the body),
            `whole` (the whole file is sent, not the part),
            `slow` (nothing for `seconds`),
            `drip` (`seconds` per kilobyte),
            `expire` (the server's own handling of an expired address).
        times: Number of failures, -1 for always.
        after: Number of requests that succeed before.
        headers: Additional headers of the answer.
        seconds: See `slow`.
    """

    pattern: str
    kind: str
    times: int = 1
    after: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0


class FaultyServer(ThreadingHTTPServer):
    """A server that answers by the first matching route, with 404 if there is no match.

    Attributes:
        routes: Functions that return a reply, or None for a request of another route.
        log: Requests in order of arrival.
        faults: Failures; the first one that matches a request applies.
        expire: Called by a fault of that kind.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.routes: list[Callable[[Request], Reply | None]] = []
        self.log: list[Request] = []
        self.faults: list[Fault] = []
        self.expire: Callable[[], None] = lambda: None
        self.lock = threading.Lock()

    @property
    def address(self) -> str:
        """The address of the server."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def fail(
        self, pattern: str, kind: str | int, times: int = 1, after: int = 0, seconds: float = 0, **headers: str
    ) -> None:
        """Add a fault; headers with `_` for `-`."""
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        self.faults.append(Fault(pattern, str(kind), times, after, named, seconds))

    def fault(self, path: str) -> Fault | None:
        """The fault that applies to a request."""
        with self.lock:
            for fault in self.faults:
                if fault.times and re.search(fault.pattern, path):
                    fault.after -= 1
                    if fault.after < 0:
                        fault.times -= 1
                        return fault
        return None

    def requests_to(self, pattern: str) -> list[Request]:
        """Requests whose path matches."""
        return [request for request in self.log if re.search(pattern, request.path)]

    @property
    def sent(self) -> int:
        """Number of bytes sent in bodies."""
        return sum(request.sent for request in self.log)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print nothing when a client disconnects."""


class _Handler(BaseHTTPRequestHandler):
    server: FaultyServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_: Any) -> None:
        """Print nothing."""

    def do_GET(self) -> None:
        self._answer()

    do_HEAD = do_POST = do_PUT = do_GET  # noqa: N815

    def _answer(self) -> None:
        parts = urlsplit(self.path)
        get = self.headers.get
        length = int(get("Content-Length") or 0)
        body = self.rfile.read(length)
        is_form = get("Content-Type", "").startswith("application/x-www-form-urlencoded")
        request = Request(
            self.command,
            unquote(parts.path),
            parse_qs(parts.query),
            get("Range", ""),
            get("Authorization", ""),
            get("Host", ""),
            parse_qs(body.decode()) if is_form else {},
            b"" if is_form else body,
        )
        self.server.log.append(request)
        fault = self.server.fault(request.path)
        kind = fault.kind if fault else ""
        if kind == "reset":
            return self._break()
        if fault and kind == "slow":
            time.sleep(fault.seconds)
        if fault and (kind.isdigit() or kind == "expire"):
            if kind == "expire":
                self.server.expire()
            return self._send(request, Reply(int(kind) if kind.isdigit() else 403, fault.headers, b"no"), None)
        replies = (route(request) for route in self.server.routes)
        return self._send(request, next((reply for reply in replies if reply is not None), Reply(404)), fault)

    def _break(self) -> None:
        self.close_connection = True
        self.connection.close()

    def _send(self, request: Request, reply: Reply, fault: Fault | None) -> None:
        kind = fault.kind if fault else ""
        body, status, headers = reply.body, reply.status, dict(reply.headers)
        size = body.stat().st_size if isinstance(body, Path) else len(body)
        start, stop = 0, size
        part = re.fullmatch(r"bytes=(\d+)-(\d+)", request.range)
        if status == 200 and part and request.method == "GET" and kind != "whole":
            start, stop = int(part[1]), min(int(part[2]) + 1, size)
            status = 206
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
            if start >= size:
                status, start, stop, headers["Content-Range"] = 416, 0, 0, f"bytes */{size}"
        request.status = status
        self.send_response(status)
        said = stop - start + {"longer": 7, "shorter": -7}.get(kind, 0)
        for name, text in {**headers, "Content-Length": str(said), "Accept-Ranges": "bytes"}.items():
            self.send_header(name, text)
        self.end_headers()
        if request.method == "HEAD":
            return
        if kind == "cut":
            stop = start + (stop - start) // 2
        if kind == "shorter":
            stop -= 7
        drips = fault.seconds if fault and kind == "drip" else 0
        for piece in _pieces(body, start, stop, 1024 if drips else 1 << 18):
            time.sleep(drips)
            request.sent += len(piece)  # counted first: the client may read it before this thread goes on
            self.wfile.write(piece)
        if kind in ("cut", "longer", "shorter"):
            self.wfile.flush()
            self._break()


def _pieces(body: bytes | Path, start: int, stop: int, size: int) -> Iterator[bytes]:
    if isinstance(body, bytes):
        yield from (body[at : min(at + size, stop)] for at in range(start, stop, size))
        return
    with body.open("rb") as file:
        file.seek(start)
        while start < stop:
            data = file.read(min(stop - start, size))
            yield data
            start += len(data)
