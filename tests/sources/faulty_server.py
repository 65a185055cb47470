"""A server on 127.0.0.1 that sends files in parts, writes down what it was asked, and fails as it is told."""

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
    """A request, and once it is answered, what was sent.

    Attributes:
        method: `GET`, `HEAD`, `POST` or `PUT`.
        path: Its path, unquoted.
        query: Its parameters.
        range: Its `Range` header.
        authorization: Its `Authorization` header.
        host: Its `Host` header.
        form: Parameters in its body.
        body: The body, if it is no form.
        at: When it came, in seconds of `time.monotonic`.
        status: The answer's status code.
        sent: Bytes of the body that went out.
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
    """What goes wrong.

    Attributes:
        pattern: Regular expression that finds the paths.
        kind: A status code, `reset` (the connection breaks before the answer), `cut` (in the middle of the body), `longer` or
            `shorter` (what `Content-Length` says, compared with the body), `whole` (all of the file comes, not the part),
            `slow` (nothing for `seconds`), `drip` (so many seconds a kilobyte), or `expire` (whatever the server calls an
            address that is no longer good).
        times: How often, -1 for always.
        after: Requests that go well before.
        headers: More of them.
        seconds: See `slow`.
    """

    pattern: str
    kind: str
    times: int = 1
    after: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0


class FaultyServer(ThreadingHTTPServer):
    """Answers what its routes answer; 404 if none does.

    Attributes:
        routes: Each gives a reply, or None if a request is not its business.
        log: Requests, in the order in which they came.
        faults: What goes wrong; each request meets the first that is meant for it.
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
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def fail(
        self, pattern: str, kind: str | int, times: int = 1, after: int = 0, seconds: float = 0, **headers: str
    ) -> None:
        """Add a fault; headers with `_` for `-`."""
        named = {name.replace("_", "-"): text for name, text in headers.items()}
        self.faults.append(Fault(pattern, str(kind), times, after, named, seconds))

    def fault(self, path: str) -> Fault | None:
        """The fault that a request meets."""
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
        """Bytes of bodies that went out."""
        return sum(request.sent for request in self.log)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing when a client goes away."""


class _Handler(BaseHTTPRequestHandler):
    server: FaultyServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_: Any) -> None:
        """Say nothing."""

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
            self.wfile.write(piece)
            request.sent += len(piece)
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
