"""The leaderboard as a separate process.

The package `leaderboard` imports `younger_hf`, never the reverse.
"""

from __future__ import annotations

import importlib.util
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from younger_hf.errors import LeaderboardError, MissingDependencyError
from younger_hf.submission.client import BoardClient

START_SECONDS = 60


def leaderboard_command(data: Path, answers: Path | None, board: Path, host: str, port: int) -> list[str]:
    """Return the command line that serves a board.

    Raises:
        MissingDependencyError: If Streamlit or SQLAlchemy is not installed.
    """
    for package in ("leaderboard", "streamlit", "sqlalchemy"):
        if importlib.util.find_spec(package) is None:
            raise MissingDependencyError(package, "leaderboard")
    folders = ["--dataset", str(data), "--board", str(board), *(["--answers", str(answers)] if answers else [])]
    return [sys.executable, "-m", "leaderboard", *folders, "--host", host, "--port", str(port)]


@contextmanager
def running_board(data: Path, board: Path) -> Iterator[BoardClient]:
    """Serve a board on a free port of this machine while the context lasts.

    Raises:
        LeaderboardError: If it does not start within a minute.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    board.mkdir(parents=True, exist_ok=True)
    with (board / "server.log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and package
            leaderboard_command(data, None, board, "127.0.0.1", port), stdout=log, stderr=subprocess.STDOUT
        )
        try:
            client = BoardClient(f"http://127.0.0.1:{port}")
            _wait_until_healthy(client, process, board / "server.log")
            yield client
        finally:
            process.terminate()
            try:
                process.wait(timeout=15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_healthy(client: BoardClient, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            client.health()
            return
        except LeaderboardError:
            if process.poll() is not None or time.monotonic() > deadline:
                output = log.read_text(encoding="utf-8", errors="replace").strip()[-500:]
                raise LeaderboardError(
                    f"The board did not start: {output or 'it wrote no output'}.", f"Its output is in {log}."
                ) from None
            time.sleep(0.2)
