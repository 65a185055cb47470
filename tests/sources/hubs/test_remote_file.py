"""Files on a server, read by byte ranges."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.serving import running
from tests.sources.faulty_server import FaultyServer, Reply
from younger_hf.errors import SourceError
from younger_hf.sources.hubs.http_client import Client, Patience
from younger_hf.sources.hubs.remote_file import HEAD, RemoteFile

CONTENT = bytes(range(256)) * 1024


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    server = FaultyServer()
    pages = {"/file": Reply(200, {}, CONTENT), "/small": Reply(200, {}, b"small")}
    server.routes.append(lambda request: pages.get(request.path))
    with running(server):
        yield server


@pytest.fixture
def client(server: FaultyServer) -> Iterator[Client]:
    with Client(server.address, patience=Patience(tries=4, first_wait=0.1, silence=2)) as client:
        yield client


def test_a_file_is_read_like_any_other(server: FaultyServer, client: Client) -> None:
    file = RemoteFile(client, f"{server.address}/file")
    assert (len(CONTENT), len(CONTENT)) == (file.size, file.seek(0, 2))
    assert 1 == client.requests
    assert b"" == file.read(5)
    assert 10 == file.seek(10)
    assert CONTENT[10:15] == file.read(5)
    assert 1 == client.requests  # that much came with the first request
    file.seek(HEAD - 2)
    assert CONTENT[HEAD - 2 : HEAD + 2] == file.read(4)
    assert "bytes=65536-65537" == server.log[-1].range
    file.seek(-3, 2)
    assert CONTENT[-3:] == file.read()
    with pytest.raises(ValueError, match=r"[Ss]eek before start"):
        file.seek(-1)


@pytest.mark.parametrize("kind", ["whole", "none"])
def test_a_short_file_may_come_whole(server: FaultyServer, client: Client, kind: str) -> None:
    server.fail("small", kind)
    assert b"small" == RemoteFile(client, f"{server.address}/small").read()
    assert 1 == client.requests


def test_a_file_that_changes_while_it_is_read_is_named(server: FaultyServer, client: Client, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(CONTENT)
    server.routes.insert(0, lambda request: Reply(200, {}, path) if request.path == "/changing" else None)
    file = RemoteFile(client, f"{server.address}/changing")
    path.write_bytes(CONTENT[:-1])
    file.seek(100_000)
    with pytest.raises(SourceError, match="it had 262144 bytes, now 262143"):
        file.read(10)
