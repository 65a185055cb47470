"""One claimed submission -> its outcome, by a scoring process that this one starts, watches and ends."""

from __future__ import annotations

import json
import logging
import math
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import leaderboard
from leaderboard.board import Board
from leaderboard.settings import MEBIBYTE, Settings
from leaderboard.store.records import Outcome, Submission
from younger_hf.crypto import KEY

LOG = logging.getLogger(__name__)

_FAILURES = {
    "dataset_changed": "The board's dataset was changed while the board was running; its host has to restart it.",
    "answers_differ": "The board's answers belong to another version of the dataset; its host has to correct that.",
    "memory_in_scoring": "Scoring needed more memory than the board allows.",
    "internal": "The board met an error of its own while scoring; its host finds it in the log under this id.",
}
_LIBRARIES = {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2", "ARROW_DEFAULT_MEMORY_POOL": "system"}


def judge(board: Board, submission: Submission) -> Outcome:
    """Validate and score one submission in a process of its own.

    Args:
        board: The board that it was submitted to.
        submission: As `Store.claim` gave it.

    Returns:
        What became of it; a file that takes too much memory or time while it is read counts as rejected.
    """
    settings = board.settings
    file = settings.uploads.absolute() / submission.file_path
    job = {
        "dataset": str(settings.dataset.absolute()),
        "answers": str(settings.answers.absolute()),
        "content_hash": board.release.content_hash,
        "track": submission.track,
        "predictions": file.name,
        "metadata": "submission.yaml",
        "max_bytes": settings.upload_limit,
        "limits": {"memory": settings.memory_limit, "cpu": settings.cpu_limit},
    }
    if not file.is_file():
        LOG.error("%s: the uploaded file is gone", submission.id)
        return Outcome("failed", reason="The board lost the uploaded file; submit it again.")
    # -P: the folder of the upload, where the process runs so that messages show no path, is not one to import from.
    child = subprocess.Popen(
        [sys.executable, "-P", "-m", "leaderboard.scoring.scoring_child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=file.parent,
        env=_environment(),
        text=True,
    )
    try:
        output, _ = child.communicate(json.dumps(job), timeout=settings.wall_limit)
        overrun = ""
    except subprocess.TimeoutExpired:
        child.kill()
        output, _ = child.communicate()
        overrun = f"{settings.wall_limit} seconds"
    finally:
        child.kill()  # this process may be ending itself; nothing of it stays behind
    messages = _messages(output)
    if messages and "state" in messages[-1]:
        return _outcome(messages[-1], settings, submission.id)
    if child.returncode == -signal.SIGXCPU:
        overrun = f"{settings.cpu_limit} seconds of processor time"
    overrun = overrun or f"{settings.memory_limit // MEBIBYTE} MiB of memory"
    LOG.warning("%s: the scoring process ended with %s and no outcome", submission.id, child.returncode)
    if {"step": "scoring"} in messages:
        return Outcome("failed", reason=f"Scoring took more than the board allows ({overrun}).")
    return _too_expensive(overrun)


def _outcome(message: dict[str, Any], settings: Settings, submission_id: str) -> Outcome:
    if message["state"] == "scored":
        metrics = {str(name): float(value) for name, value in message["metrics"].items()}
        if metrics and all(math.isfinite(value) for value in metrics.values()):
            return Outcome("scored", metrics=metrics)
        message = {"state": "failed", "cause": "internal", "error": "a metric that is not finite"}
    if message["state"] == "rejected":
        return Outcome("rejected", problems=tuple(message["problems"]))
    cause = message["cause"]
    if cause == "memory_in_validation":
        return _too_expensive(f"{settings.memory_limit // MEBIBYTE} MiB of memory")
    LOG.error(
        "%s: %s %s %s", submission_id, cause, message.get("error", ""), " < ".join(message.get("trace", [])[::-1])
    )
    return Outcome("failed", reason=_FAILURES[cause])


def _too_expensive(limit: str) -> Outcome:
    problem = {
        "code": "too_expensive",
        "row": None,
        "message": "The predictions file cannot be read within the board's limits.",
        "expected": f"at most {limit}",
        "got": "more",
        "hint": "Write the file with `younger-hf predict` or `younger_hf.submission.write_predictions`.",
    }
    return Outcome("rejected", problems=(problem,))


def _messages(output: str) -> list[dict[str, Any]]:
    messages = []
    for line in output.splitlines():
        try:
            messages.append(json.loads(line))
        except json.JSONDecodeError:
            break  # the process was ended in the middle of a line
    return messages


def _environment() -> dict[str, str]:
    """Only what Python needs, and the key of sealed answers: no database URL, no token of the host."""
    names = ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH", "TMPDIR", KEY)
    kept = {name: os.environ[name] for name in names if name in os.environ}
    return {**kept, **_LIBRARIES, "PYTHONPATH": str(Path(leaderboard.__file__).parent.parent)}
