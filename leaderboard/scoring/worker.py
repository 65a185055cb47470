"""The process that scores submissions: `python -m leaderboard.scoring.worker`.

One worker per board folder works at a time; a second one waits for the first to end. The board's
server starts one and replaces it if it dies. A worker that ends during scoring leaves its
submission in the state `scoring`; the next one scores it again.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

from leaderboard.board import Board, current_board
from leaderboard.scoring.scoring_parent import score_submission
from younger_hf.errors import YoungerError

LOG = logging.getLogger(__name__)
POLL_SECONDS = 0.25


def score_next(board: Board) -> bool:
    """Score the submission that has waited longest.

    Returns:
        False if none was waiting.
    """
    submission = board.store.claim()
    if submission is None:
        return False
    started = time.monotonic()
    outcome = score_submission(board, submission)
    stored = board.store.finish(submission, outcome)
    seconds = time.monotonic() - started
    LOG.info("%s: %s in %.1f s%s", submission.id, outcome.state, seconds, "" if stored else ", not stored")
    return True


def score_all(board: Board) -> int:
    """Recover the submissions of a dead worker, then score until none is waiting.

    Call it only while no other worker is running.

    Returns:
        The number of submissions that were scored.
    """
    board.store.recover()
    count = 0
    while score_next(board):
        count += 1
    return count


def work(board: Board, parent: int | None = None) -> None:
    """Score submissions as they arrive, until the parent process is gone.

    Args:
        board: The board.
        parent: Process id of the server that started this worker; None to work until it is stopped.
    """

    def orphaned() -> bool:
        return parent is not None and os.getppid() != parent

    with _worker_lock(board.settings.board / "worker.lock", orphaned):
        recovered = board.store.recover() if not orphaned() else 0
        if recovered:
            LOG.info("scoring %d submissions again that an earlier worker left unfinished", recovered)
        while not orphaned():
            if not score_next(board):
                time.sleep(POLL_SECONDS)


@contextlib.contextmanager
def _worker_lock(path: Path, orphaned: Callable[[], bool]) -> Iterator[None]:
    """Wait for the board's worker lock and hold it until this process ends, however it ends."""
    with path.open("w") as lock:
        while not orphaned():
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                time.sleep(POLL_SECONDS)
        yield


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)  # unwinds through `score_submission`, which ends its scoring process


def main() -> int:
    """Run the worker of the board that the environment variables describe."""
    parser = argparse.ArgumentParser(prog="python -m leaderboard.scoring.worker", description=__doc__)
    parser.add_argument("--parent", type=int, help="end when this process is no longer the parent")
    parser.add_argument("--once", action="store_true", help="score the waiting submissions, then end")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="worker: %(message)s", stream=sys.stderr)
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    try:
        board = current_board()
        if arguments.once:
            with _worker_lock(board.settings.board / "worker.lock", lambda: False):
                score_all(board)
        else:
            work(board, arguments.parent)
    except YoungerError as error:
        sys.stderr.write(f"Error: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
