"""The process that scores what was submitted: `python -m leaderboard.scoring.worker`.

One worker a board folder works at a time; a second one waits for the first to end. The board's server starts one and, should
it die, another. A worker that ends in the middle leaves its submission in the state `scoring`; the next one takes it up again.
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
from leaderboard.scoring.scoring_parent import judge
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
    outcome = judge(board, submission)
    kept = board.store.finish(submission, outcome)
    LOG.info(
        "%s: %s in %.1f s%s", submission.id, outcome.state, time.monotonic() - started, "" if kept else ", not kept"
    )
    return True


def score_all(board: Board) -> int:
    """Take up what a dead worker left, then score until nothing waits.

    To be called only while no other worker is at work.

    Returns:
        How many submissions were scored.
    """
    board.store.recover()
    count = 0
    while score_next(board):
        count += 1
    return count


def work(board: Board, parent: int | None = None) -> None:
    """Score submissions as they come, until the parent process is gone.

    Args:
        board: The board to work for.
        parent: Process id of the server that started this worker; None to work until ended from outside.
    """

    def orphaned() -> bool:
        return parent is not None and os.getppid() != parent

    with _alone(board.settings.board / "worker.lock", orphaned):
        recovered = board.store.recover() if not orphaned() else 0
        if recovered:
            LOG.info("%d submissions were left by a worker that ended; they are taken up again", recovered)
        while not orphaned():
            if not score_next(board):
                time.sleep(POLL_SECONDS)


@contextlib.contextmanager
def _alone(path: Path, orphaned: Callable[[], bool]) -> Iterator[None]:
    """Hold the board's worker lock, which the system releases however this process ends."""
    with path.open("w") as lock:
        while not orphaned():
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                time.sleep(POLL_SECONDS)
        yield


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise SystemExit(0)  # unwinds through `judge`, which ends its scoring process


def main() -> int:
    """Run the worker of the board that the environment names."""
    parser = argparse.ArgumentParser(prog="python -m leaderboard.scoring.worker", description=__doc__)
    parser.add_argument("--parent", type=int, help="end when this process is no longer the parent")
    parser.add_argument("--once", action="store_true", help="score what waits, then end")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="worker: %(message)s", stream=sys.stderr)
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    try:
        board = current_board()
        if arguments.once:
            with _alone(board.settings.board / "worker.lock", lambda: False):
                score_all(board)
        else:
            work(board, arguments.parent)
    except YoungerError as error:
        sys.stderr.write(f"Error: {error}\n")
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
