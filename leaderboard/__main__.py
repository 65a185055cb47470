"""`python -m leaderboard`: check that everything is there, then serve one board."""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from leaderboard.settings import Settings, read_settings
from younger_hf.crypto import KEY
from younger_hf.dataset.read.release import Release, default_answers, open_answers
from younger_hf.errors import LeaderboardError, MissingDependencyError, YoungerError

MAX_PORT = 65_535
STOP_SECONDS = 3
"""How long open pages may delay a server that is being stopped."""


def settings_from(arguments: Sequence[str] | None) -> Settings:
    """Return the settings of the command line; limits and database come from the environment."""
    parser = argparse.ArgumentParser(prog="python -m leaderboard", description="Serve the leaderboard of a dataset.")
    parser.add_argument("--dataset", required=True, type=Path, help="folder of the dataset repo")
    parser.add_argument("--answers", type=Path, help="folder of its hidden answers (default: DATASET-answers)")
    parser.add_argument("--board", default="board", help="folder for the state of the board (default: %(default)s)")
    parser.add_argument("--host", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, help="port to listen on; 0 for any (default: 8501)")
    options = parser.parse_args(arguments)
    settings = read_settings(
        dataset=options.dataset,
        answers=options.answers or default_answers(options.dataset.absolute()),
        board=options.board,
    )
    address = {"host": options.host, "port": options.port}
    return settings.model_copy(update={name: value for name, value in address.items() if value is not None})


def listen(host: str, port: int) -> socket.socket:
    """Open the socket before anything starts, so that a port in use is one clear message.

    Raises:
        LeaderboardError: If the address cannot be used.
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


def check_answers(settings: Settings, release: Release) -> None:
    """Check that every submission can be scored, before the first one comes.

    Raises:
        LeaderboardError: If the answers are missing or belong to another dataset.
        DatasetError: If they are damaged, or sealed and the environment does not hold their key.
    """
    folder = settings.answers
    if not folder.is_dir():
        sealed = release.root.absolute().parent / "leaderboard" / "answers"
        hint = (
            "`younger-hf build` writes them beside the dataset, in DATASET-answers; name another folder with --answers."
        )
        if sealed.is_dir():
            path = os.path.relpath(sealed)
            hint = f"The sealed ones need their key: {KEY}=... younger-hf leaderboard --data {settings.dataset} --answers {path}"
        raise LeaderboardError(f"{folder}: the folder does not exist; expected the answers of the dataset.", hint)
    answers = open_answers(folder)
    if answers.content_hash != release.content_hash:
        raise LeaderboardError(
            f"{folder}: these answers belong to {answers.content_hash}, the dataset is {release.content_hash}.",
            "Name the folder that was written together with the dataset.",
        )
    if answers.sealed:
        for track in answers.tracks:
            answers.table(track)


def serve(settings: Settings) -> int:
    """Serve a board until it is stopped.

    Returns:
        Exit status: 0 after it ran, 1 if it could not start.

    Raises:
        YoungerError: If the dataset, its answers, the database or the port cannot be used.
    """
    for module in ("streamlit", "sqlalchemy", "python_multipart", "uvicorn"):
        if importlib.util.find_spec(module) is None:
            raise MissingDependencyError(module, "leaderboard")
    import uvicorn

    from leaderboard.board import open_board

    release = open_board(settings).release
    check_answers(settings, release)
    listener = listen(settings.host, settings.port)
    settings = settings.model_copy(update={"port": listener.getsockname()[1]})
    os.environ.update(settings.to_environment())  # for the application and every process that it starts
    from leaderboard.server import app

    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    sys.stdout.write(f"Board of dataset {release.version} on http://{host}:{settings.port} (Ctrl+C stops it)\n")
    sys.stdout.flush()
    server = uvicorn.Server(
        uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=STOP_SECONDS)
    )
    with contextlib.suppress(KeyboardInterrupt):  # uvicorn raises it again after everything has stopped
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
