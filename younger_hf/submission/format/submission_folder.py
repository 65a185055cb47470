"""Finds the two files of a submission."""

from __future__ import annotations

from pathlib import Path

from younger_hf.errors import SubmissionError

PREDICTIONS = ("predictions.parquet", "predictions.csv", "predictions.jsonl")
METADATA = "submission.yaml"


def find_submission(path: Path) -> tuple[Path, Path | None]:
    """The predictions file and `submission.yaml` of a submission.

    Args:
        path: A folder with both, or the predictions file, beside which `submission.yaml` may lie.

    Returns:
        Both paths; None if `submission.yaml` is missing.

    Raises:
        SubmissionError: If the predictions are missing, or a folder has several of them.
    """
    if path.is_dir():
        found = [path / name for name in PREDICTIONS if (path / name).is_file()]
        if len(found) != 1:
            got = ", ".join(file.name for file in found) or (
                "an empty folder" if not any(path.iterdir()) else "none of them"
            )
            raise SubmissionError(
                f"{path}: expected one of {', '.join(PREDICTIONS)}, found {got}.",
                "younger-hf predict --help writes one.",
            )
        predictions = found[0]
    elif path.is_file():
        predictions = path
    else:
        raise SubmissionError(f"{path}: the file or folder does not exist; expected a submission.")
    metadata = predictions.with_name(METADATA)
    return predictions, metadata if metadata.is_file() else None
