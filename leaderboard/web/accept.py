"""Acceptance of a submission, by API or page: its files go to disk, its row into the store."""

from __future__ import annotations

import dataclasses
import errno
import hashlib
import shutil
import uuid
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from leaderboard.board import Board
from leaderboard.refusal import RefusalError, problem_json
from leaderboard.store.records import NewSubmission, Submission
from leaderboard.store.store import TooManyPendingError
from younger_hf.errors import SubmissionError
from younger_hf.submission import Problem, SubmissionMetadata, read_metadata
from younger_hf.tasks import TRACKS

METADATA_LIMIT = 64 * 1024
"""Largest `submission.yaml` in bytes."""
SUFFIXES = (".parquet", ".csv", ".jsonl")
"""Endings of a predictions file; the ending determines its format."""

_CHUNK = 1024 * 1024


def accept(board: Board, predictions: BinaryIO, file_name: str, metadata: bytes) -> Submission:
    """Accept one submission as `received`; the worker checks its rows later.

    Args:
        board: The board it is submitted to.
        predictions: The predictions file, read from its current position.
        file_name: The submitter's name of the file; only the ending is used.
        metadata: Content of `submission.yaml`.

    Returns:
        The submission in the store.

    Raises:
        RefusalError: If the ending, the size or the metadata are not acceptable, too many
            submissions are waiting, or the disk is full. Nothing is kept then.
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
        declared = _read_metadata(partial / "submission.yaml", metadata)
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
        new = _new(submission_id, declared, f"{submission_id}/{file.name}", size, sha256)
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
        return read_metadata(path, TRACKS)
    except SubmissionError as error:
        problems = [problem_json(problem) for problem in error.problems if isinstance(problem, Problem)]
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        raise RefusalError(422, "invalid_metadata", f"{path.name} has {count}.", error.hint, problems) from error


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
    """Return the refusal of an upload above the limit."""
    return RefusalError(
        413,
        "file_too_large",
        f"The upload has more than {limit:,} bytes, the limit of this board.",
        "Write Parquet with `younger_hf.submission.write_predictions`; it is many times smaller than CSV.",
    )


def _too_many(error: TooManyPendingError) -> RefusalError:
    whose = "of your team" if error.of_team else "of all teams"
    message = f"{error.limit:,} submissions {whose} wait to be scored, which is the limit."
    return RefusalError(429, "too_many_pending", message, "Submit again once they are scored, in a minute or so.")


def _storage_refusal(error: OSError) -> RefusalError:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    message = "The board's disk is full." if full else "The board cannot write to its folder."
    return RefusalError(503, "storage", message, "Nothing was submitted; try again later, or tell the board's host.")


def _new(submission_id: str, metadata: SubmissionMetadata, file_path: str, size: int, sha256: str) -> NewSubmission:
    details = dataclasses.asdict(metadata)
    columns = {name: details.pop(name) for name in ("track", "system", "team", "parameters", "code_url", "paper_url")}
    return NewSubmission(
        id=submission_id,
        content_hash=details.pop("dataset_version"),
        details={name: list(value) if isinstance(value, tuple) else value for name, value in details.items()},
        file_path=file_path,
        file_bytes=size,
        file_sha256=sha256,
        **columns,
    )
