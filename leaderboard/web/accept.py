"""Taking a submission in: its files onto disk, its row into the store. The API and the page both come through here."""

from __future__ import annotations

import dataclasses
import errno
import hashlib
import shutil
import uuid
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from leaderboard.board import Board
from leaderboard.store.records import NewSubmission, Submission
from leaderboard.store.store import TooManyPendingError
from leaderboard.web.refusal import RefusalError, problem_json
from younger_hf.errors import SubmissionError
from younger_hf.submission import Problem, SubmissionMetadata, read_metadata
from younger_hf.tasks import TRACKS

METADATA_LIMIT = 64 * 1024
"""Most bytes of a `submission.yaml`."""
SUFFIXES = (".parquet", ".csv", ".jsonl")
"""Endings of a predictions file, by which its format is told."""

_CHUNK = 1024 * 1024


def accept(board: Board, predictions: BinaryIO, file_name: str, metadata: bytes) -> Submission:
    """Take one submission in as `received`; whether its rows are right is found out by the worker.

    Args:
        board: The board it is submitted to.
        predictions: The predictions file, read from where it stands.
        file_name: Its name at the submitter's; only the ending is used.
        metadata: Content of `submission.yaml`.

    Returns:
        The submission as the store has it.

    Raises:
        RefusalError: If the file's kind, its size or the metadata are not acceptable, too many submissions wait, or the disk is
            full; nothing is kept then.
    """
    suffix = PurePosixPath(file_name).suffix.lower()
    if suffix not in SUFFIXES:
        raise RefusalError(
            400,
            "wrong_extension",
            f"The predictions file ends in {suffix[:20]!r}; expected one of: {', '.join(SUFFIXES)}.",
            "Write it with `younger-hf predict` or `younger_hf.submission.write_predictions`.",
        )
    if len(metadata) > METADATA_LIMIT:
        raise RefusalError(
            413,
            "metadata_too_large",
            f"submission.yaml has {len(metadata):,} bytes; expected at most {METADATA_LIMIT:,}.",
            "Shorten its texts; a description is a few sentences.",
        )
    submission_id = uuid.uuid4().hex
    partial = board.settings.uploads / f"{submission_id}.partial"
    try:
        partial.mkdir(parents=True)
        described = _read_metadata(partial / "submission.yaml", metadata)
        file = partial / f"predictions{suffix}"
        size, sha256 = _copy(predictions, file, board.settings.upload_limit)
        folder = partial.rename(board.settings.uploads / submission_id)
    except OSError as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise _storage_refusal(error) from error
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    try:
        new = _new(submission_id, described, f"{submission_id}/{file.name}", size, sha256)
        return board.store.add(new, board.settings.pending_limit, board.settings.team_pending_limit)
    except TooManyPendingError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise _too_many(error) from error
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _read_metadata(path: Path, content: bytes) -> SubmissionMetadata:
    path.write_bytes(content)
    try:
        metadata = read_metadata(path, TRACKS)
    except SubmissionError as error:
        problems = [problem_json(problem) for problem in error.problems if isinstance(problem, Problem)]
        message = error.message.replace(f"{path.parent}/", "")
        raise RefusalError(422, "invalid_metadata", message, error.hint, problems) from error
    return metadata


def _copy(source: BinaryIO, target: Path, limit: int) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    with target.open("wb") as file:
        while chunk := source.read(_CHUNK):
            size += len(chunk)
            if size > limit:
                raise too_large(limit)
            digest.update(chunk)
            file.write(chunk)
    if size == 0:
        raise RefusalError(
            400, "file_empty", "The predictions file has no bytes.", "Check that it was written completely."
        )
    return size, digest.hexdigest()


def too_large(limit: int) -> RefusalError:
    """The refusal of an upload above the limit."""
    return RefusalError(
        413,
        "file_too_large",
        f"The upload has more than {limit:,} bytes, which is the most that this board takes.",
        "Write Parquet with `younger_hf.submission.write_predictions`; it is many times smaller than CSV.",
    )


def _too_many(error: TooManyPendingError) -> RefusalError:
    whose = "of your team" if error.of_team else "of all teams"
    message = f"{error.limit:,} submissions {whose} wait for their scoring, which is the most that may."
    return RefusalError(429, "too_many_pending", message, "Submit again once they are scored, in a minute or so.")


def _storage_refusal(error: OSError) -> RefusalError:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    message = "The board's disk is full." if full else "The board cannot write to its folder."
    return RefusalError(503, "storage", message, "Nothing was submitted; try again later, or tell the board's host.")


def _new(submission_id: str, metadata: SubmissionMetadata, file_path: str, size: int, sha256: str) -> NewSubmission:
    shown = ("track", "dataset_version", "system", "team", "parameters", "code_url", "paper_url")
    details: dict[str, Any] = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in dataclasses.asdict(metadata).items()
        if name not in shown
    }
    return NewSubmission(
        id=submission_id,
        track=metadata.track,
        content_hash=metadata.dataset_version,
        system=metadata.system,
        team=metadata.team,
        parameters=metadata.parameters,
        code_url=metadata.code_url,
        paper_url=metadata.paper_url,
        details=details,
        file_path=file_path,
        file_bytes=size,
        file_sha256=sha256,
    )
