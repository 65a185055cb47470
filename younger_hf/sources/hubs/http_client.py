"""GET requests that respect rate limits, retry transient failures, and count bytes received."""

from __future__ import annotations

import json
import logging
import random
import time
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import httpx
import stamina

from younger_hf.errors import SourceError
from younger_hf.sources.deadline import seconds_left
from younger_hf.sources.hubs.rate_limits import seconds_asked, seconds_until_reset

T = TypeVar("T")
Parameters = Sequence[tuple[str, str]]

MAX_JSON = 64 << 20
"""Largest listing or manifest in bytes."""
CONNECTION_TRIES = 2
"""Attempts to reach a server that refuses the connection or whose name cannot be resolved."""

_TRANSIENT = frozenset({408, 425, 429})
"""Status codes below 500 after which another attempt may succeed."""
_PERMANENT = (httpx.UnsupportedProtocol, httpx.InvalidURL, httpx.TooManyRedirects)
_TRY_LATER = "The server may be overloaded: try again later; everything done so far is kept."

_log = logging.getLogger(__name__)
logging.getLogger("stamina").setLevel(logging.ERROR)  # its messages name neither the address nor the wait; ours do


@dataclass(frozen=True)
class Patience:
    """Limits on retries and waits for a server.

    Attributes:
        tries: Most attempts for one request.
        first_wait: Seconds before the second attempt. Each later wait is twice as long, plus a
            random part of up to half of `first_wait`.
        longest_wait: Longest such wait in seconds.
        longest_asked: Longest wait in seconds that a server may ask for. The Hub's limits are reset
            every 300 seconds.
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
    """A permanent failure, which another attempt would meet again.

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


class Client:
    """A client of one server and of those that it redirects to.

    Args:
        origin: Address of the server; only requests to it carry the headers.
        headers: Headers of each request, such as a token.
        auth: User and password, sent likewise.
        patience: Limits on retries and waits.

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
        self._http = httpx.Client(
            follow_redirects=True,
            timeout=self.patience.silence,
            headers={"User-Agent": f"younger-hf/{version('younger-hf')}"},
            event_hooks={"response": [self._respect_limit]},
        )

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(
        self,
        url: str,
        read: Callable[[httpx.Response, bytes], T],
        *,
        parameters: Parameters = (),
        headers: Mapping[str, str] | None = None,
        limit: int = MAX_JSON,
    ) -> T:
        """Request something until it arrives intact.

        Args:
            url: Address of what is requested.
            read: Turns the response, whose body is read already, and the body into the result;
                raises ValueError if they are damaged.
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
            return read(response, bytes(content))

        return self._retry(url, attempt)

    def json(self, url: str, parameters: Parameters = (), *, limit: int = MAX_JSON) -> tuple[Any, httpx.Headers]:
        """Return a JSON value and the headers of the response; raises as `get` does."""
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
        seconds = max(self._resume_at - time.monotonic(), 0)
        if seconds > seconds_left():
            raise SourceError(
                f"{url}: the server asks to wait {seconds:.0f} seconds, longer than the time left.", _TRY_LATER
            )
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
            if response.is_error:
                raise self._failure(response)
            try:
                self._copy_body(response, write, limit)
            finally:
                self.bytes_read += response.num_bytes_downloaded
            return response

    def _copy_body(self, response: httpx.Response, write: Callable[[bytes], object], limit: int) -> None:
        end, length = time.monotonic() + self.patience.longest_answer, 0
        if int(response.headers.get("Content-Length") or 0) > limit:
            raise _too_long(response, limit)
        for piece in response.iter_bytes():
            length += len(piece)
            if length > limit:
                raise _too_long(response, limit)
            write(piece)
            if time.monotonic() > end:
                raise httpx.ReadTimeout(f"incomplete after {self.patience.longest_answer:.0f} seconds")

    def _failure(self, response: httpx.Response) -> Exception:
        """Return the error for a failed request, and note how long the server asks to wait."""
        status, seconds = response.status_code, seconds_asked(response.headers)
        if status < 500 and status not in _TRANSIENT:
            return _refusal(response)
        if seconds > self.patience.longest_asked:
            message = f"{response.request.url}: the server asks to wait {seconds:.0f} seconds (status {status})."
            return SourceError(message, _TRY_LATER)
        self._wait_for(seconds)
        return httpx.HTTPStatusError(f"status {status}", request=response.request, response=response)

    def _respect_limit(self, response: httpx.Response) -> None:
        """Note when a used-up rate limit is reset, for every response including redirects."""
        self._wait_for(min(seconds_until_reset(response.headers), self.patience.longest_asked))

    def _wait_for(self, seconds: float) -> None:
        if seconds:
            # a random part, so that workers do not come back together
            self._resume_at = time.monotonic() + seconds * random.uniform(1, 1.1)  # noqa: S311


def _parse_json(response: httpx.Response, content: bytes) -> tuple[Any, httpx.Headers]:
    try:
        return json.loads(content), response.headers
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError is a ValueError
        raise ValueError(f"expected JSON: {error}") from error


def _refusal(response: httpx.Response) -> RefusedError:
    status = response.status_code
    code = response.headers.get("X-Error-Code", "")  # for a missing repo, the Hub answers 401 to strangers
    reason = response.headers.get("X-Error-Message", "") or code or response.reason_phrase
    gone = status in (404, 410) or code.endswith("NotFound")
    hint = "Check the address."
    if gone:
        hint = "It does not exist, or no longer: list again."
    elif status in (401, 403):
        hint = "Accept its terms on its page, or log in with a token that may read it."
    message = f"{response.request.url}: the server answered {status} ({reason[:200]})."
    return RefusedError(message, hint, status, gone=gone)


def _too_long(response: httpx.Response, limit: int) -> Exception:
    """Return the error for a body over the limit.

    A part of a file is then damaged; a whole file is too large.
    """
    message = f"the answer is too long, expected at most {limit:,} bytes"
    if response.status_code == 206:
        return ValueError(message)
    return RefusedError(f"{response.request.url}: {message}.", "It was not read.", 200)
