"""Fixtures: a dataset for all tests, a fresh board for each, and a server for the API tests."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from leaderboard.board import Board
from tests.leaderboard.files import Dataset, open_test_board, write_dataset

UPLOAD_LIMIT = 300_000


@dataclass(frozen=True)
class Server:
    """A running board.

    Attributes:
        url: Where it listens.
        process: The server.
        folder: The board's folder.
    """

    url: str
    process: subprocess.Popen[str]
    folder: Path


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return write_dataset(tmp_path_factory.mktemp("dataset"))


@pytest.fixture
def board(dataset: Dataset, tmp_path: Path) -> Iterator[Board]:
    opened = open_test_board(dataset, tmp_path / "board")
    yield opened
    opened.store.close()


@pytest.fixture
def page_board(board: Board, monkeypatch: pytest.MonkeyPatch) -> Board:
    """The board that a page run in this process shows."""
    for name, value in board.settings.to_environment().items():
        monkeypatch.setenv(name, value)
    return board


def start_server(dataset: Dataset, folder: Path) -> Server:
    environment = {**os.environ, "YOUNGER_HF_BOARD_UPLOAD_LIMIT": str(UPLOAD_LIMIT)}
    command = [sys.executable, "-m", "leaderboard", "--dataset", str(dataset.release.root), "--board", str(folder)]
    with (folder.parent / "server.log").open("w") as log:
        process = subprocess.Popen(
            [*command, "--port", "0"], stdout=subprocess.PIPE, stderr=log, text=True, env=environment
        )
    line = process.stdout.readline() if process.stdout else ""
    url = next((word for word in line.split() if word.startswith("http://")), "")
    if not url:
        process.kill()
        raise RuntimeError(f"the board did not start: {(folder.parent / 'server.log').read_text()}")
    httpx.Client(transport=httpx.HTTPTransport(retries=5)).get(f"{url}/api/v1/health", timeout=30).raise_for_status()
    return Server(url, process, folder)


def stop_server(server: Server) -> None:
    server.process.terminate()
    try:
        server.process.wait(20)
    finally:
        server.process.kill()
        if server.process.stdout:
            server.process.stdout.close()


@pytest.fixture(scope="module")
def server(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = start_server(dataset, tmp_path_factory.mktemp("server") / "board")
    yield running
    stop_server(running)
