"""GET requests that respect rate limits, retry what fails in passing, and count every byte received."""

from __future__ import annotations

import json
import logging
import random
import re
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import httpx
import stamina

from younger_hf.errors import SourceError
from younger_hf.sources.deadline import seconds_left

T = TypeVar("T")
Parameters = Sequence[tuple[str, str]]

MAX_JSON = 64 << 20
"""Largest listing or manifest in bytes."""
CONNECTION_TRIES = 2
"""Attempts to reach a server that refuses the connection or whose name cannot be resolved."""

_TRANSIENT = frozenset({408, 425, 429})
"""Status codes below 500 that another attempt may not meet."""
_PERMANENT = (httpx.UnsupportedProtocol, httpx.InvalidURL, httpx.TooManyRedirects)
_RATE_LIMIT = re.compile(r"\br\s*=\s*(\d+)\s*;\s*t\s*=\s*(\d+)")
"""Requests left and seconds until the reset in a `RateLimit` header (draft-ietf-httpapi-ratelimit-headers-09)."""
_TRY_LATER = "The server may be overloaded: try again later; everything done so far is kept."

_log = logging.getLogger(__name__)
logging.getLogger("stamina").setLevel(logging.ERROR)  # its messages name neither the address nor the wait; ours do


@dataclass(frozen=True)
class Patience:
    """How long to bear with a server.

    Attributes:
        tries: Most attempts for one request.
        first_wait: Seconds before the second attempt. Each later wait is twice as long, plus a random part of up to
            half of `first_wait`.
        longest_wait: Longest such wait in seconds.
        longest_asked: Longest wait in seconds that a server may ask for. The Hub's limits are reset every 300 seconds.
        silence: Seconds without a byte after which a connection counts as broken.
        longest_answer: Longest time in seconds for one answer.
    """

    tries: int = 6
    first_wait: float = 1.0
    longest_wait: float = 60.0
    longest_asked: float = 330.0
    silence: float = 30.0
    longest_answer: float = 300.0


PATIENCE = Patience()


class RefusedError(SourceError):
    """An answer that another attempt would get again.

    Args:
        message: What was requested and what was received.
        hint: The next step.
        status: Status code of the answer.
        gone: Whether the requested resource does not exist.
    """

    def __init__(self, message: str, hint: str = "", status: int = 0, *, gone: bool = False) -> None:
        super().__init__(message, hint)
        self.status = status
        self.gone = gone


@dataclass(frozen=True)
class Answer:
    """A server's answer.

    Attributes:
        status: Status code.
        headers: Headers.
        content: The whole body.
        url: Address it came from, after redirections.
    """

    status: int
    headers: httpx.Headers
    content: bytes
    url: str


class Client:
    """A client of one server and of those that it redirects to.

    Args:
        origin: Address of the server; only requests to it carry the headers.
        headers: Headers of each request, such as a token.
        auth: User and password, sent likewise.
        patience: How long to bear with the server.

    Attributes:
        bytes_read: Bytes of all bodies received, those of failed attempts included.
        requests: Requests sent, redirections not counted.
    """

    def __init__(
        self,
        origin: str,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        patience: Patience | None = None,
    ) -> None:
        self.origin = origin.rstrip("/")
        self.patience = patience or PATIENCE
        self.bytes_read = 0
        self.requests = 0
        self._headers = dict(headers or {})
        if auth is not None:
            self._headers["Authorization"] = f"Basic {b64encode(':'.join(auth).encode()).decode()}"
        self._resume_at = 0.0
        agent = {"User-Agent": f"younger-hf/{version('younger-hf')}"}
        self._http = httpx.Client(follow_redirects=True, timeout=self.patience.silence, headers=agent)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(
        self,
        url: str,
        read: Callable[[Answer], T],
        *,
        parameters: Parameters = (),
        headers: Mapping[str, str] | None = None,
        limit: int = MAX_JSON,
    ) -> T:
        """Request something until it arrives intact.

        Args:
            url: Address of what is requested.
            read: Turns the answer into the result; raises ValueError if the answer is damaged.
            parameters: Query parameters.
            headers: Additional headers of this request.
            limit: Largest body in bytes; a larger one is not read.

        Raises:
            RefusedError: If the server refuses the request.
            SourceError: If the server cannot answer it now.
        """

        def attempt() -> T:
            content = bytearray()
            response = self._request(url, content.extend, limit, headers, parameters)
            return read(Answer(response.status_code, response.headers, bytes(content), str(response.url)))

        return self._retry(url, attempt)

    def json(self, url: str, parameters: Parameters = (), *, limit: int = MAX_JSON) -> tuple[Any, httpx.Headers]:
        """Return a JSON value and the answer's headers; raises as `get` does."""
        return self.get(url, _parse_json, parameters=parameters, limit=limit)

    def download(self, url: str, path: Path, *, limit: int) -> int:
        """Write a whole body to a file and return its length; raises as `get` does."""

        def attempt() -> int:
            with path.open("wb") as file:
                self._request(url, file.write, limit, {"Accept-Encoding": "identity"})
                return file.tell()

        return self._retry(url, attempt)

    def _retry(self, url: str, attempt_once: Callable[[], T]) -> T:
        patience, unreachable = self.patience, 0

        def should_retry(error: Exception) -> bool:
            nonlocal unreachable
            unreachable += isinstance(error, httpx.ConnectError)
            return (
                isinstance(error, httpx.HTTPError | ValueError)
                and not isinstance(error, _PERMANENT)
                and unreachable < CONNECTION_TRIES
            )

        attempts = stamina.retry_context(
            should_retry,
            attempts=patience.tries,
            timeout=None,
            wait_initial=patience.first_wait,
            wait_max=patience.longest_wait,
            wait_jitter=patience.first_wait / 2,  # workers that failed together must not come back together
        )
        try:
            for attempt in attempts:
                with attempt:
                    self._pause(url)
                    return attempt_once()
        except _PERMANENT as error:
            raise RefusedError(f"{url}: cannot be requested ({error}).", "Check the address.") from error
        except httpx.ConnectError as error:
            hint = "Check the network connection and the address."
            raise SourceError(f"{url}: no answer: the server cannot be reached ({error}).", hint) from error
        except (httpx.HTTPError, ValueError) as error:
            reason = str(error) or type(error).__name__
            raise SourceError(f"{url}: no answer in {patience.tries} tries ({reason}).", _TRY_LATER) from error
        raise AssertionError("There is always a last attempt.")

    def _pause(self, url: str) -> None:
        """Wait until the server's rate limit allows the next request."""
        seconds = self._resume_at - time.monotonic()
        if seconds <= 0:
            return
        if seconds > seconds_left():
            raise SourceError(f"{url}: the server asks to wait {seconds:.0f} seconds, longer than is left.", _TRY_LATER)
        if seconds >= 5:
            _log.warning("%s: waiting %.0f seconds before the next request.", url, seconds)
        time.sleep(seconds)

    def _request(
        self,
        url: str,
        write: Callable[[bytes], object],
        limit: int,
        headers: Mapping[str, str] | None = None,
        parameters: Parameters = (),
    ) -> httpx.Response:
        """Send one request, and write the body of a success piece by piece."""
        self.requests += 1
        own = self._headers if url.startswith(f"{self.origin}/") else {}
        sent = {**own, **(headers or {})}
        with self._http.stream("GET", url, params=list(parameters) or None, headers=sent) as response:
            self._respect_limits(response, url)
            status = response.status_code
            if status >= 500 or status in _TRANSIENT:
                raise httpx.HTTPStatusError(f"status {status}", request=response.request, response=response)
            if status >= 400:
                raise _refusal(url, response)
            with self._counting(response):
                for length, piece in _pieces(response, self.patience.longest_answer):
                    if length > limit:
                        raise _too_long(url, status, length, limit)
                    write(piece)
            return response

    def _respect_limits(self, response: httpx.Response, url: str) -> None:
        """Note when the next request may be sent, by the answer and the redirections before it."""
        seconds = max(_seconds_until_reset(one.headers) for one in (*response.history, response))
        seconds = min(seconds, self.patience.longest_asked)
        if response.status_code >= 400:
            seconds = max(seconds, _seconds_asked(response.headers))
            if seconds > self.patience.longest_asked:
                raise SourceError(
                    f"{url}: the server asks to wait {seconds:.0f} seconds (status {response.status_code}).", _TRY_LATER
                )
        if seconds:
            self._resume_at = time.monotonic() + seconds * random.uniform(1, 1.1)  # noqa: S311

    @contextmanager
    def _counting(self, response: httpx.Response) -> Iterator[None]:
        try:
            yield
        finally:
            self.bytes_read += response.num_bytes_downloaded


def _pieces(response: httpx.Response, seconds: float) -> Iterator[tuple[int, bytes]]:
    """Yield the pieces of a body, each with the length up to its end; the length that the server declares comes first."""
    end, length = time.monotonic() + seconds, 0
    yield int(response.headers.get("Content-Length") or 0), b""
    for piece in response.iter_bytes():
        length += len(piece)
        yield length, piece
        if time.monotonic() > end:
            raise httpx.ReadTimeout(f"incomplete after {seconds:.0f} seconds")


def _parse_json(answer: Answer) -> tuple[Any, httpx.Headers]:
    try:
        return json.loads(answer.content), answer.headers
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError is a ValueError
        raise ValueError(f"expected JSON: {error}") from error


def _seconds_asked(headers: httpx.Headers) -> float:
    """Return the seconds that a refusal asks to wait: a number or a date in `Retry-After`, or a used-up rate limit."""
    text = headers.get("Retry-After", "").strip()
    seconds = float(text) if text.isdecimal() else 0.0
    if text and not seconds:
        try:
            moment = parsedate_to_datetime(text)
            seconds = (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
        except ValueError:
            seconds = 0.0
    return max(seconds, _seconds_until_reset(headers), 0.0)


def _seconds_until_reset(headers: httpx.Headers) -> float:
    """Return the seconds until the last of the used-up rate limits is reset."""
    limits = _RATE_LIMIT.findall(headers.get("RateLimit", ""))
    return max((float(seconds) for left, seconds in limits if int(left) == 0), default=0.0)


def _refusal(url: str, response: httpx.Response) -> RefusedError:
    status = response.status_code
    code = response.headers.get("X-Error-Code", "")  # for a missing repo, the Hub answers 401 to strangers
    reason = response.headers.get("X-Error-Message", "") or code or response.reason_phrase
    gone = status in (404, 410) or code.endswith("NotFound")
    if gone:
        hint = "It does not exist, or no longer: list again."
    elif status in (401, 403):
        hint = "Accept its terms on its page, or log in with a token that may read it."
    else:
        hint = "Check the address."
    return RefusedError(f"{url}: the server answered {status} ({reason[:200]}).", hint, status, gone=gone)


def _too_long(url: str, status: int, length: int, limit: int) -> Exception:
    """Return the error for a body over the limit: a part of a file is damaged then, a whole file too large."""
    if status == 206:
        return ValueError(f"received at least {length} bytes, expected at most {limit}")
    return RefusedError(
        f"{url}: received at least {length:,} bytes, expected at most {limit:,}.", "It was not read.", 200
    )
