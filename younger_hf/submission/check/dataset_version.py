"""Whether a submission matches the dataset it is validated against, and where the right one is."""

from __future__ import annotations

from pathlib import Path

from younger_hf.dataset.read.release import MANIFEST, Release, open_release
from younger_hf.errors import DatasetError
from younger_hf.submission.format.problems import Problem, problem, quoted


def check_version(declared: str | None, release: Release, search: Path | None) -> list[Problem]:
    """Return the problem of a submission that was made for another dataset; nothing if it was not.

    Args:
        declared: `dataset_version` of its submission.yaml, if that could be read.
        release: The dataset.
        search: Folder in which the right dataset is looked for, to name it in the hint; `None` for
            nowhere.
    """
    if declared is None or declared == release.content_hash:
        return []
    right = None if search is None else find_dataset(declared, search)
    hint = (
        "Pass --data FOLDER with the dataset it was made for, or predict this one and set dataset_version to its hash."
        if right is None
        else f"It was made for the dataset in {right}: pass --data {right}."
    )
    where = "submission.yaml, dataset_version"
    return [problem("wrong_dataset_version", where, release.content_hash, quoted(declared, 80), hint)]


def find_dataset(content_hash: str, folder: Path) -> Path | None:
    """Find the dataset with a content hash in a folder or up to two levels below it, or `None`."""
    for pattern in ("", "*/", "*/*/"):
        for manifest in sorted(folder.glob(f"{pattern}{MANIFEST}")):
            try:
                if open_release(manifest.parent).content_hash == content_hash:
                    return manifest.parent
            except DatasetError:
                continue  # another program's manifest, or a damaged dataset
    return None
