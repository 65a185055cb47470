"""`python -m leaderboard`: check what is needed, then serve one board."""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import os
import socket
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from leaderboard.settings import PREFIX, Settings
from younger_hf.dataset.read.release import default_answers, open_answers
from younger_hf.errors import LeaderboardError, MissingDependencyError, YoungerError

MAX_PORT = 65_535
STOP_SECONDS = 3
"""How long open pages are waited for when the server is stopped."""


def settings_from(arguments: Sequence[str] | None) -> Settings:
    """The settings that the command line gives; the environment gives the rest, as limits and the database URL."""
    parser = argparse.ArgumentParser(prog="python -m leaderboard", description="Serve the leaderboard of a dataset.")
    parser.add_argument("--dataset", required=True, help="folder of the dataset repo")
    parser.add_argument("--answers", help="folder with its hidden answers (default: DATASET-answers)")
    parser.add_argument("--board", default="board", help="folder for the board's own state (default: %(default)s)")
    parser.add_argument("--host", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, help="port to listen on; 0 for any (default: 8501)")
    given = parser.parse_args(arguments)
    folders = {
        PREFIX + "DATASET": given.dataset,
        PREFIX + "ANSWERS": given.answers or str(default_answers(Path(given.dataset).absolute())),
        PREFIX + "BOARD": given.board,
    }
    settings = Settings.from_environment({**os.environ, **folders})
    return replace(
        settings,
        host=settings.host if given.host is None else given.host,
        port=settings.port if given.port is None else given.port,
    )


def listen(host: str, port: int) -> socket.socket:
    """Open the socket before anything is started, so that a port in use is one clear message.

    Raises:
        LeaderboardError: If the address cannot be had.
    """
    if not 0 <= port <= MAX_PORT:  # getaddrinfo would take it modulo 65,536
        raise LeaderboardError(
            f"{host}:{port}: the board cannot listen there (ports go from 0 to {MAX_PORT}).", "Choose another --port."
        )
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family)
    except OSError as error:
        raise LeaderboardError(
            f"{host}:{port}: the board cannot listen there ({error}).", "Choose another one with --port."
        ) from error


def serve(settings: Settings) -> int:
    """Serve a board until it is stopped.

    Returns:
        Exit status: 0 once it ran, 1 if it could not start.

    Raises:
        YoungerError: If the dataset, its answers, the database or the port cannot be used.
    """
    for module in ("streamlit", "sqlalchemy", "python_multipart", "uvicorn"):
        if importlib.util.find_spec(module) is None:
            raise MissingDependencyError(module, "leaderboard")
    import uvicorn

    from leaderboard.board import open_board

    board = open_board(settings)
    answers, release = open_answers(settings.answers), board.release
    if answers.content_hash != release.content_hash:
        raise LeaderboardError(
            f"{settings.answers}: these answers belong to {answers.content_hash}, the dataset is {release.content_hash}.",
            "Give the folder that was written together with the dataset.",
        )
    listener = listen(settings.host, settings.port)
    settings = replace(settings, port=listener.getsockname()[1])
    os.environ.update(settings.to_environment())  # for the application and every process it starts
    from leaderboard.web.server import app

    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    sys.stdout.write(f"Board of dataset {release.version} on http://{host}:{settings.port} (Ctrl+C stops it)\n")
    sys.stdout.flush()
    server = uvicorn.Server(
        uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=STOP_SECONDS)
    )
    with contextlib.suppress(KeyboardInterrupt):  # uvicorn raises it again once everything is stopped
        server.run(sockets=[listener])
    return 0 if server.started else 1


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; every mistake is one message and exit status 2."""
    try:
        return serve(settings_from(arguments))
    except YoungerError as error:
        sys.stderr.write(f"Error: {error}\n")
        return 2


if __name__ == "__main__":
    raise SystemExit(main())
