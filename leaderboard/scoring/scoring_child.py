"""The limited process that validates and scores one submission and reports to its parent.

It sends `{"step": "scoring"}` when the file has proved valid, then the outcome. The answers are
opened only after that first message, when nothing is left to parse. The text of an exception never
leaves this process, only its type and the lines of code it passed through.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from leaderboard.refusal import problem_json
from younger_hf.containment.limited_child import receive_job
from younger_hf.containment.limits import limit_process
from younger_hf.dataset.read.release import Release, open_answers, open_release
from younger_hf.submission import Predictions
from younger_hf.submission.check.validate import validate
from younger_hf.submission.score.score_predictions import score

Send = Callable[[Mapping[str, Any]], None]


def main() -> None:
    """Receive the job, enter its limits, validate and score, and report."""
    job, send = receive_job()
    limit_process(address_space=job["limits"]["memory"], cpu_seconds=job["limits"]["cpu"], file_bytes=0)
    step = "validation"
    try:
        release = open_release(job["dataset"])
        if release.content_hash != job["content_hash"]:
            send({"state": "failed", "cause": "dataset_changed"})
            return
        predictions = _validated(job, release, send)
        if predictions is None:
            return
        step = "scoring"
        send({"step": step})
        answers = open_answers(job["answers"])
        if answers.content_hash != release.content_hash:
            send({"state": "failed", "cause": "answers_differ"})
            return
        send({"state": "scored", "metrics": dict(score(predictions, release, answers).metrics)})
    except Exception as error:
        # Arrow raises its base class for a C++ bad_alloc and for a thread that cannot be started.
        if isinstance(error, MemoryError) or type(error) is pa.ArrowException:
            send({"state": "failed", "cause": f"memory_in_{step}"})
        else:
            send({"state": "failed", "cause": "internal", "error": type(error).__name__, "trace": _trace(error)})


def _validated(job: Mapping[str, Any], release: Release, send: Send) -> Predictions | None:
    report = validate(
        Path(job["predictions"]), Path(job["metadata"]), release, track=job["track"], max_bytes=job["max_bytes"]
    )
    if report.predictions is None:
        problems = [_without_folders(problem_json(problem), job) for problem in report.problems]
        send({"state": "rejected", "problems": problems})
    return report.predictions


def _without_folders(problem: Mapping[str, Any], job: Mapping[str, Any]) -> dict[str, Any]:
    """Return the problem with the host's folders removed from its texts."""
    public = dict(problem)
    for name, value in public.items():
        if isinstance(value, str):
            for folder in (str(Path.cwd()), job["dataset"], job["answers"]):
                value = value.replace(f"{folder}/", "").replace(folder, "dataset")
            public[name] = value
    return public


def _trace(error: Exception) -> list[str]:
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]


if __name__ == "__main__":
    main()
