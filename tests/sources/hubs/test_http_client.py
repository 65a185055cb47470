"""Requests to a server that limits, fails, drips and sends wrong data."""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterator
from email.utils import formatdate
from itertools import pairwise
from pathlib import Path

import pytest

from benchmarks.serving import running
from tests.sources.faulty_server import FaultyServer, Reply, in_json
from younger_hf.errors import SourceError
from younger_hf.sources.deadline import time_limit
from younger_hf.sources.hubs.http_client import Client, Patience, RefusedError

CONTENT = bytes(range(256)) * 1024
QUICK = Patience(tries=4, first_wait=0.1, longest_wait=0.2, longest_asked=5, silence=2, longest_answer=1)


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    server = FaultyServer()
    pages = {"/value": in_json({"a": 1}), "/file": Reply(200, {}, CONTENT)}
    pages["/bomb"] = Reply(200, {"Content-Encoding": "gzip"}, gzip.compress(bytes(64 << 20)))
    pages["/circle"] = Reply(302, {"Location": "/circle"})
    pages["/elsewhere"] = Reply(302, {"Location": "ftp://127.0.0.1/file"})
    pages["/text"] = Reply(200, {}, b"no json")
    server.routes.append(lambda request: pages.get(request.path))
    with running(server):
        yield server


@pytest.fixture
def client(server: FaultyServer) -> Iterator[Client]:
    with Client(server.address, patience=QUICK) as client:
        yield client


def waits(server: FaultyServer) -> list[float]:
    return [later.at - earlier.at for earlier, later in pairwise(server.log)]


@pytest.mark.heavy
@pytest.mark.parametrize(
    "headers",
    [
        {"Retry_After": "1"},
        {"RateLimit": '"api";r=0;t=1'},
        {"RateLimit": '"api";r=9;t=300, "burst";r=0;t=1'},
        {"Retry_After": "0", "RateLimit": '"api";r=0;t=1'},
    ],
)
def test_the_client_waits_as_long_as_a_server_asks(
    server: FaultyServer, client: Client, headers: dict[str, str]
) -> None:
    server.fail("value", 429, **headers)
    assert {"a": 1} == client.json(f"{server.address}/value")[0]
    assert [True] == [1 <= wait < 2.5 for wait in waits(server)]


@pytest.mark.heavy
def test_the_client_waits_until_the_date_in_retry_after(server: FaultyServer, client: Client) -> None:
    server.fail("value", 503, Retry_After=formatdate(time.time() + 2, usegmt=True))
    client.json(f"{server.address}/value")
    assert [True] == [0.9 <= wait < 3.5 for wait in waits(server)]


@pytest.mark.heavy
def test_no_request_is_sent_while_the_rate_limit_is_used_up(server: FaultyServer, client: Client) -> None:
    server.routes.insert(0, lambda request: in_json(1, RateLimit=f'"api";r={2 - len(server.log)};t=1'))
    for _ in range(3):
        client.json(f"{server.address}/limited")
    short, long = waits(server)
    assert short < 0.5 < 0.99 <= long < 2


@pytest.mark.heavy
def test_a_redirect_may_report_a_used_up_rate_limit(server: FaultyServer, client: Client) -> None:
    headers = {"Location": "/value", "RateLimit": '"resolvers";r=0;t=1'}
    server.routes.insert(0, lambda request: Reply(302, headers) if request.path == "/moved" else None)
    client.json(f"{server.address}/moved")
    client.json(f"{server.address}/value")
    assert waits(server)[0] < 0.5 < 0.99 <= waits(server)[1] < 2


@pytest.mark.heavy
@pytest.mark.parametrize("said", ["soon", "-5", "Wed, 99 Oct", ""])
def test_an_invalid_retry_after_is_replaced_by_our_own_wait(server: FaultyServer, client: Client, said: str) -> None:
    server.fail("value", 429, Retry_After=said, RateLimit="nonsense")
    client.json(f"{server.address}/value")
    assert [True] == [0.05 <= wait < 0.5 for wait in waits(server)]


@pytest.mark.heavy
def test_an_answer_that_drips_is_aborted(server: FaultyServer, client: Client) -> None:
    server.fail("file", "drip", seconds=0.2)
    started = time.monotonic()
    assert CONTENT == client.get(f"{server.address}/file", lambda _, content: content)
    assert time.monotonic() - started < 4
    assert 2 == len(server.log)
    assert client.bytes_read > len(CONTENT)


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("nowhere", "answered 404"),
        ("bomb", "expected at most 1,048,576"),
        ("circle", "Exceeded maximum allowed redirects"),
        ("elsewhere", "cannot be requested"),
    ],
)
def test_permanent_failures_are_not_retried(server: FaultyServer, client: Client, path: str, message: str) -> None:
    with pytest.raises(RefusedError, match=message):
        client.json(f"{server.address}/{path}", limit=1 << 20)
    assert 1 == client.requests
    assert client.bytes_read < 1 << 20


@pytest.mark.heavy
def test_a_download_that_is_always_cut_is_abandoned(server: FaultyServer, client: Client) -> None:
    with pytest.raises(SourceError, match=r"no answer in 4 tries .*expected JSON"):
        client.json(f"{server.address}/text")
    assert 4 == client.requests


@pytest.mark.parametrize("address", ["http://127.0.0.1:9", "http://no-such-host.invalid"])
def test_a_server_that_cannot_be_reached_is_named_after_one_more_try(address: str) -> None:
    started = time.monotonic()
    with (
        Client(address, patience=Patience(first_wait=0.1)) as client,
        pytest.raises(SourceError, match=f"{address}/x: no answer: the server cannot be reached") as caught,
    ):
        client.json(f"{address}/x")
    assert 2 == client.requests
    assert time.monotonic() - started < 5
    assert "network connection" in caught.value.hint


@pytest.mark.heavy
def test_no_wait_exceeds_the_time_limit_of_a_job(server: FaultyServer) -> None:
    server.fail("value", 429, times=-1, Retry_After="60")
    started = time.monotonic()
    with (
        time_limit(30),
        Client(server.address, patience=Patience(first_wait=0.1)) as client,
        pytest.raises(SourceError, match=r"the server asks to wait 6[0-9] seconds, longer than the time left"),
    ):
        client.json(f"{server.address}/value")
    assert time.monotonic() - started < 5
    assert 1 == len(server.log)


@pytest.mark.heavy
def test_a_download_is_whole_or_an_error(server: FaultyServer, client: Client, tmp_path: Path) -> None:
    server.fail("file", "cut", times=2)
    assert len(CONTENT) == client.download(f"{server.address}/file", tmp_path / "file", limit=1 << 20)
    assert CONTENT == (tmp_path / "file").read_bytes()
    before = client.bytes_read
    with pytest.raises(RefusedError, match="expected at most 1,000"):
        client.download(f"{server.address}/file", tmp_path / "other", limit=1000)
    assert before == client.bytes_read
