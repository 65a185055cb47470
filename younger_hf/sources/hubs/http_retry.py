"""GET requests with patience: what servers limit is kept to, what fails in passing is tried again, and every byte is counted."""

from __future__ import annotations

import json
import logging
import random
import re
import time
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

import httpx

from younger_hf.errors import SourceError

Read = TypeVar("Read")
Parameters = Sequence[tuple[str, str]]

MAX_JSON = 64 << 20
"""Most bytes of a listing or manifest."""
_PASSING = frozenset({408, 425, 429})
"""Refusals that another try may not meet, beside those of 500 and more."""
_LIMIT = re.compile(r"\br\s*=\s*(\d+)\s*;\s*t\s*=\s*(\d+)")
"""Requests that remain, and the seconds until the limit is reset, in a `RateLimit` header (draft-ietf-httpapi-ratelimit-headers-09)."""
_AGAIN = "The server may be overloaded: try again later; what was done until now is kept."

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Patience:
    """How long to bear with a server.

    Attributes:
        tries: Requests for one thing, at most.
        first_wait: Seconds before the second try; each later wait is twice as long, and a random part of up to a half is taken off.
        longest_wait: Most seconds of such a wait.
        longest_asked: Most seconds that a server may ask to wait; the Hub's limits are reset every 300 seconds.
        silence: Seconds without a byte after which a connection counts as broken.
        longest_answer: Seconds that one answer may take.
    """

    tries: int = 6
    first_wait: float = 1.0
    longest_wait: float = 60.0
    longest_asked: float = 330.0
    silence: float = 30.0
    longest_answer: float = 300.0


PATIENCE = Patience()


class RefusedError(SourceError):
    """An answer that another try would get again.

    Args:
        message: What was asked for, and what came.
        hint: The next step.
        status: The answer's status code.
        gone: Whether what was asked for is not there.
    """

    def __init__(self, message: str, hint: str = "", status: int = 0, *, gone: bool = False) -> None:
        super().__init__(message, hint)
        self.status = status
        self.gone = gone


@dataclass(frozen=True)
class Answer:
    """What a server said.

    Attributes:
        status: Status code.
        headers: Headers.
        content: All of the body.
        url: Where it came from, after redirections.
    """

    status: int
    headers: httpx.Headers
    content: bytes
    url: str


class Client:
    """A client of one server, and of those that it redirects to.

    Args:
        origin: Its address; only there the headers go.
        headers: Sent with each request, as a token is.
        auth: User and password, sent likewise.
        patience: How long to bear with it.

    Attributes:
        bytes_read: Bytes of bodies that came, those of failed tries among them.
        requests: Requests that were sent, redirections not counted.
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
        read: Callable[[Answer], Read],
        *,
        parameters: Parameters = (),
        headers: Mapping[str, str] | None = None,
        limit: int = MAX_JSON,
    ) -> Read:
        """Ask until there is an answer.

        Args:
            url: What is asked for.
            read: Answer -> its value; raises ValueError if it came damaged.
            parameters: Of the query.
            headers: More of them, for this request.
            limit: Most bytes of the body; a longer one is not read.

        Raises:
            RefusedError: If the server will not give it.
            SourceError: If it cannot be had now.
        """

        def once() -> Read | Answer:
            content = bytearray()
            answer = self._once(url, parameters, headers, limit, content.extend)
            if answer.status >= 400:
                return answer
            return read(Answer(answer.status, answer.headers, bytes(content), answer.url))

        return self._until(url, once)

    def download(self, url: str, path: Path, *, limit: int) -> int:
        """Write all of a body to a file; returns its length, raises as `get` does."""

        def once() -> int | Answer:
            with path.open("wb") as file:
                answer = self._once(url, (), {"Accept-Encoding": "identity"}, limit, file.write)
                return answer if answer.status >= 400 else file.tell()

        return self._until(url, once)

    def _until(self, url: str, once: Callable[[], Read | Answer]) -> Read:
        """Try until there is something else than an answer of failure."""
        wait, reason = self.patience.first_wait, ""
        for left in reversed(range(self.patience.tries)):
            self._pause(self._resume_at - time.monotonic(), url)
            asked = 0.0
            try:
                found = once()
                if not isinstance(found, Answer):
                    return found
                reason, asked = f"status {found.status}", _asked(found.headers)
            except (httpx.UnsupportedProtocol, httpx.InvalidURL, httpx.TooManyRedirects) as error:
                raise RefusedError(f"{url}: cannot be asked for ({error}).", "Check the address.") from error
            except (httpx.HTTPError, ValueError) as error:
                reason = str(error) or type(error).__name__
            if asked > self.patience.longest_asked:
                raise SourceError(f"{url}: the server asks to wait {asked:.0f} seconds ({reason}).", _AGAIN)
            if left:
                # a random part: workers that failed together shall not come back together
                own = wait * random.uniform(0.5, 1)  # noqa: S311
                self._pause(max(own, asked and asked + random.uniform(0, 1) * min(1, asked)), url)  # noqa: S311
                wait = min(2 * wait, self.patience.longest_wait)
        raise SourceError(f"{url}: no answer in {self.patience.tries} tries ({reason}).", _AGAIN)

    def json(self, url: str, parameters: Parameters = (), *, limit: int = MAX_JSON) -> tuple[Any, httpx.Headers]:
        """A JSON value and the answer's headers; raises as `get` does."""
        return self.get(url, _json, parameters=parameters, limit=limit)

    def _pause(self, seconds: float, url: str) -> None:
        if seconds > 0:
            if seconds >= 5:
                _log.warning("%s: waiting %.0f seconds before the next request.", url, seconds)
            time.sleep(seconds)

    def _once(
        self,
        url: str,
        parameters: Parameters,
        headers: Mapping[str, str] | None,
        limit: int,
        write: Callable[[bytes], object],
    ) -> Answer:
        """One request; the body of a success is written piece by piece, the answer has none."""
        self.requests += 1
        ours = url.startswith(f"{self.origin}/")
        sent = {**(self._headers if ours else {}), **(headers or {})}
        end, length = time.monotonic() + self.patience.longest_answer, 0
        with self._http.stream("GET", url, params=list(parameters) or None, headers=sent) as response:
            remaining = max(_remaining(one.headers) for one in (*response.history, response))
            if remaining:
                self._resume_at = time.monotonic() + min(remaining, self.patience.longest_asked)
            status = response.status_code
            if 400 <= status < 500 and status not in _PASSING:
                raise _refusal(url, response)
            if status < 400:
                declared = int(response.headers.get("Content-Length") or 0)
                if declared > limit:
                    raise _too_long(url, status, declared, limit)
                try:
                    for piece in response.iter_bytes():
                        length += len(piece)
                        if length > limit:
                            raise _too_long(url, status, length, limit)
                        write(piece)
                        if time.monotonic() > end:
                            raise httpx.ReadTimeout(f"not all there after {self.patience.longest_answer:.0f} seconds")
                finally:
                    self.bytes_read += response.num_bytes_downloaded
            return Answer(status, response.headers, b"", str(response.url))


def _json(answer: Answer) -> tuple[Any, httpx.Headers]:
    try:
        return json.loads(answer.content), answer.headers
    except (ValueError, RecursionError) as error:  # UnicodeDecodeError is a ValueError
        raise ValueError(f"what came is no JSON: {error}") from error


def _asked(headers: httpx.Headers) -> float:
    """Seconds that a refusal asks to wait."""
    text = headers.get("Retry-After", "").strip()
    seconds = 0.0
    if text.isdecimal():
        seconds = float(text)
    elif text:
        try:
            moment = parsedate_to_datetime(text)
            seconds = (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
        except ValueError:
            seconds = 0.0
    return max(seconds, _remaining(headers), 0.0)


def _remaining(headers: httpx.Headers) -> float:
    """Seconds until a limit that is used up is reset."""
    found = [(int(left), int(seconds)) for left, seconds in _LIMIT.findall(headers.get("RateLimit", ""))]
    return float(max((seconds for left, seconds in found if left == 0), default=0))


def _refusal(url: str, response: httpx.Response) -> RefusedError:
    status = response.status_code
    code = response.headers.get("X-Error-Code", "")  # the Hub says 401 to strangers where there is nothing
    said = response.headers.get("X-Error-Message", "") or code or response.reason_phrase
    gone = status in (404, 410) or code.endswith("NotFound")
    if gone:
        hint = "It is not there, or no longer: list again."
    elif status in (401, 403):
        hint = "Accept its terms on its page, or log in with a token that may read it."
    else:
        hint = "Check the address."
    return RefusedError(f"{url}: the server answered {status} ({said[:200]}).", hint, status, gone=gone)


def _too_long(url: str, status: int, length: int, limit: int) -> Exception:
    """A part that is longer than it should be came damaged; anything else is refused: it is meant to be that long."""
    if status == 206:
        return ValueError(f"at least {length} bytes came, expected at most {limit}")
    return RefusedError(f"{url}: at least {length:,} bytes came, expected at most {limit:,}.", "It was not read.", 200)
