"""The process that validates and scores one submission, under limits, and tells its parent what came out.

It reads one JSON object from standard input and writes JSON lines to standard output: `{"step": "scoring"}` once the file is
found valid, then the outcome. The answers are opened only after that first line, when nothing is left to parse, and nothing
that an exception says leaves this process: only its type and the lines of code it passed through.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

import pyarrow as pa

from leaderboard.web.refusal import problem_json
from younger_hf.dataset.read.release import Release, open_answers, open_release
from younger_hf.submission import Predictions
from younger_hf.submission.check.validate import validate
from younger_hf.submission.score.score_predictions import score


def main() -> None:
    """Read the job, obey its limits, report."""
    job = json.load(sys.stdin)
    report = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(
        os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno()
    )  # what a library prints must not end up in the report
    _limit(job["limits"])
    step = "validation"
    try:
        release = open_release(job["dataset"])
        if release.content_hash != job["content_hash"]:
            _say(report, {"state": "failed", "cause": "dataset_changed"})
            return
        predictions = _validated(job, release, report)
        if predictions is None:
            return
        step = "scoring"
        _say(report, {"step": step})
        answers = open_answers(job["answers"])
        if answers.content_hash != release.content_hash:
            _say(report, {"state": "failed", "cause": "answers_differ"})
            return
        _say(report, {"state": "scored", "metrics": dict(score(predictions, release, answers).metrics)})
    except Exception as error:
        # What Arrow raises for a C++ bad_alloc, or a thread that cannot be started, has no type of its own.
        if isinstance(error, MemoryError) or type(error) is pa.ArrowException:
            _say(report, {"state": "failed", "cause": f"memory_in_{step}"})
        else:
            _say(
                report, {"state": "failed", "cause": "internal", "error": type(error).__name__, "trace": _trace(error)}
            )


def _validated(job: Mapping[str, Any], release: Release, report: TextIO) -> Predictions | None:
    found = validate(
        Path(job["predictions"]), Path(job["metadata"]), release, track=job["track"], max_bytes=job["max_bytes"]
    )
    if found.predictions is None:
        problems = [_public(problem_json(problem), job) for problem in found.problems]
        _say(report, {"state": "rejected", "problems": problems})
    return found.predictions


def _public(problem: Mapping[str, Any], job: Mapping[str, Any]) -> dict[str, Any]:
    """The problem without the host's folders in its texts."""
    public = dict(problem)
    for name, value in public.items():
        if isinstance(value, str):
            for folder in (str(Path.cwd()), job["dataset"], job["answers"]):
                value = value.replace(f"{folder}/", "").replace(folder, "dataset")
            public[name] = value
    return public


def _limit(limits: Mapping[str, int]) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (limits["memory"], limits["memory"]))
    resource.setrlimit(resource.RLIMIT_CPU, (limits["cpu"], limits["cpu"]))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core dump would hold the answers


def _trace(error: Exception) -> list[str]:
    frames = traceback.extract_tb(error.__traceback__)
    return [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]


def _say(report: TextIO, message: Mapping[str, object]) -> None:
    report.write(json.dumps(message) + "\n")
    report.flush()


if __name__ == "__main__":
    main()
