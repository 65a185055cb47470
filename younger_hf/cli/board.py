"""`younger-hf submit, leaderboard, quickstart`: the board, and the whole way to it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from younger_hf.cli import console
from younger_hf.cli.options import Data, Json, Submission, app, need_torch
from younger_hf.errors import LeaderboardError, SubmissionError


@app.command(epilog="Example: younger-hf submit submission/ --board http://127.0.0.1:8501")
def submit(
    submission: Submission,
    board: Annotated[str, typer.Option(help="Address of the board.")] = "http://127.0.0.1:8501",
    wait: Annotated[bool, typer.Option(help="Wait until it is scored.")] = True,
    as_json: Json = False,
) -> None:
    """Send a submission to a board and show its rank."""
    from younger_hf.submission.client import BoardClient
    from younger_hf.submission.format.submission_folder import METADATA, find_submission

    predictions, metadata = find_submission(submission)
    if metadata is None:
        raise SubmissionError(
            f"{submission}: there is no {METADATA} beside the predictions; expected who submits what.",
            "younger-hf predict writes one to start from.",
        )
    api = BoardClient(board)
    submission_id = api.submit(predictions, metadata)
    with console.progress("Scoring", quiet=as_json or not wait):
        result = api.wait(submission_id) if wait else api.submission(submission_id)
    _refuse_unscored(result)
    if as_json:
        console.show_json(result)
    elif result["state"] == "scored":
        rank = f"rank {result['rank']}" if result["rank"] is not None else "not ranked"
        metrics = ", ".join(f"{name} {value:.4f}" for name, value in result["metrics"].items())
        console.say(f"{result['system']!r} on {result['track']}: {rank}; {metrics}")
    else:
        console.say(f"Submission {result['id']} is {result['state']}.")


@app.command(epilog="Example: younger-hf leaderboard --data quickstart/younger --board quickstart/board")
def leaderboard(
    data: Data = Path("younger"),
    answers: Annotated[Path | None, typer.Option(help="Folder of the hidden answers. (default: DATA-answers)")] = None,
    board: Annotated[Path, typer.Option(help="Folder for the board's own state.")] = Path("board"),
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8501,
) -> None:
    """Serve the leaderboard's page and API."""
    from younger_hf.cli.board_process import leaderboard_command

    os.execv(sys.executable, leaderboard_command(data, answers, board, host, port))  # noqa: S606 - no shell is meant


@app.command(epilog="Example: younger-hf quickstart --out quickstart")
def quickstart(
    out: Annotated[Path, typer.Option(help="Folder for everything that is made.")] = Path("quickstart"),
    epochs: Annotated[int, typer.Option(min=1, help="Epochs of training on each task.")] = 12,
    workers: Annotated[int, typer.Option(min=1, help="Models exported at a time.")] = 2,
) -> None:
    """Do it all once: build `mini`, load, train, predict, score, submit, rank."""
    need_torch()
    from younger_hf.cli.quickstart import run_quickstart

    run_quickstart(out, epochs=epochs, workers=workers)


def _refuse_unscored(result: dict[str, Any]) -> None:
    """A submission that the board rejected or could not score is the user's to mend, or the host's."""
    if result["state"] == "rejected":
        listed = "".join(f"\n  {problem['message']}" for problem in result["problems"])
        raise SubmissionError(
            f"The board rejected the submission {result['id']}:{listed}", "Correct it, then submit again."
        )
    if result["state"] == "failed":
        raise LeaderboardError(
            f"The board could not score the submission {result['id']}: {result.get('reason') or 'no reason given'}."
        )
