"""From a claimed submission to its outcome, by a limited scoring process that is always ended."""

from __future__ import annotations

import logging
import math
import os
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import leaderboard
from leaderboard.board import Board
from leaderboard.settings import MEBIBYTE, Settings
from leaderboard.store.records import Outcome, Submission
from younger_hf.containment.limited_child import ChildRun, run_child
from younger_hf.containment.processes import describe_exit
from younger_hf.crypto import KEY

LOG = logging.getLogger(__name__)

_FAILURES = {
    "dataset_changed": "The board's dataset was changed while the board was running; its host has to restart it.",
    "answers_differ": "The board's answers belong to another version of the dataset; its host has to correct that.",
    "memory_in_scoring": "Scoring needed more memory than the board allows.",
    "internal": "The board met an error of its own while scoring; its host finds it in the log under this id.",
}
_LIBRARIES = {"OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2", "ARROW_DEFAULT_MEMORY_POOL": "system"}


def score_submission(board: Board, submission: Submission) -> Outcome:
    """Validate and score one submission in a process of its own.

    Args:
        board: The board it was submitted to.
        submission: A submission from `Store.claim`.

    Returns:
        Its outcome; a file that takes too much memory or time to read counts as rejected.
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
    # The child runs in the upload's folder, so that its messages do not show paths of the host.
    run = run_child(
        "leaderboard.scoring.scoring_child",
        job,
        seconds=settings.wall_limit,
        folder=file.parent,
        environment=_environment(),
    )
    if run.messages and "state" in run.messages[-1]:
        return _outcome(run.messages[-1], settings, submission.id)
    LOG.warning("%s: the scoring process ended without an outcome (%s)", submission.id, describe_exit(run.exit_code))
    exceeded = _exceeded_limit(run, settings)
    if {"step": "scoring"} in run.messages:
        return Outcome("failed", reason=f"Scoring took more than the board allows ({exceeded}).")
    return _too_expensive(exceeded)


def _exceeded_limit(run: ChildRun, settings: Settings) -> str:
    if run.timed_out:
        return f"{settings.wall_limit} seconds"
    if run.exit_code == -signal.SIGXCPU:
        return f"{settings.cpu_limit} seconds of processor time"
    return f"{settings.memory_limit // MEBIBYTE} MiB of memory"


def _outcome(message: Mapping[str, Any], settings: Settings, submission_id: str) -> Outcome:
    if message["state"] == "scored":
        metrics = {str(name): float(value) for name, value in message["metrics"].items()}
        if metrics and all(math.isfinite(value) for value in metrics.values()):
            return Outcome("scored", metrics=metrics)
        message = {"state": "failed", "cause": "internal", "error": "MetricNotFinite"}
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


def _environment() -> dict[str, str]:
    """Return what Python needs and the key of sealed answers, but no database URL or token."""
    names = ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH", "TMPDIR", KEY)
    needed = {name: os.environ[name] for name in names if name in os.environ}
    return {**needed, **_LIBRARIES, "PYTHONPATH": str(Path(leaderboard.__file__).parent.parent)}
