"""`younger-hf submit, leaderboard`: sending a submission to a board, and serving a board."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from younger_hf.cli import console
from younger_hf.cli.app import AnswersFolder, Data, Json, Submission, command
from younger_hf.errors import LeaderboardError, SubmissionError


@command("younger-hf submit submission/ --board http://127.0.0.1:8501")
def submit(
    submission: Submission,
    board: Annotated[str, typer.Option(help="Address of the board.")] = "http://127.0.0.1:8501",
    wait: Annotated[bool, typer.Option(help="Wait until it is scored.")] = True,
    as_json: Json = False,
) -> None:
    """Send a submission to a board and show its rank."""
    from younger_hf.submission.client import BoardClient
    from younger_hf.submission.format.metadata import check_metadata
    from younger_hf.submission.format.submission_folder import METADATA, find_submission
    from younger_hf.tasks import SUBMISSION_TRACKS, TRACKS

    predictions, metadata = find_submission(submission)
    if metadata is None:
        raise SubmissionError(
            f"{submission}: {METADATA} is missing beside the predictions; it names track, system and team.",
            "younger-hf predict writes one to start from.",
        )
    track = check_metadata(metadata).fields.get("track")
    if track in SUBMISSION_TRACKS and track not in TRACKS:
        raise SubmissionError(
            f"{track} is scored on your own machine; boards rank {', '.join(TRACKS)}.", f"younger-hf score {submission}"
        )
    client = BoardClient(board)
    submission_id = client.submit(predictions, metadata)
    with console.progress("Scoring", quiet=as_json or not wait):
        result = client.wait(submission_id) if wait else client.submission(submission_id)
    _raise_unscored(result)
    if as_json:
        console.show_json(result)
    elif result["state"] == "scored":
        rank = f"rank {result['rank']}" if result["rank"] is not None else "not ranked"
        metrics = ", ".join(f"{name} {value:.4f}" for name, value in result["metrics"].items())
        console.say(f"{result['system']!r} on {result['track']}: {rank}; {metrics}")
    else:
        console.say(f"Submission {result['id']} is {result['state']}.")


def _raise_unscored(result: dict[str, Any]) -> None:
    """Raise an error if the board rejected or could not score a submission."""
    if result["state"] == "rejected":
        listed = "".join(f"\n  {problem['message']}" for problem in result["problems"])
        raise SubmissionError(
            f"The board rejected the submission {result['id']}:{listed}", "Correct it, then submit again."
        )
    if result["state"] == "failed":
        raise LeaderboardError(
            f"The board could not score the submission {result['id']}: {result.get('reason') or 'no reason given'}."
        )


@command(
    "younger-hf leaderboard --data quickstart/younger --board quickstart/board",
    "YOUNGER_ANSWERS_KEY=... younger-hf leaderboard --data younger --answers leaderboard/answers",
)
def leaderboard(
    data: Data = Path("younger"),
    answers: AnswersFolder = None,
    board: Annotated[Path, typer.Option(help="Folder for the state of the board.")] = Path("board"),
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8501,
) -> None:
    """Serve the pages and the API of a leaderboard."""
    from younger_hf.cli.board_process import leaderboard_command

    os.execv(sys.executable, leaderboard_command(data, answers, board, host, port))  # noqa: S606 - not a shell
