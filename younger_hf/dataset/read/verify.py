"""Whether the files of a dataset repo match its manifest, and the card belongs to them."""

from __future__ import annotations

from pathlib import Path

from younger_hf.dataset.read.release import MANIFEST, Release, content_hash_of, open_release, sha256_of
from younger_hf.errors import DatasetError

CARD = "README.md"
_AGAIN = "Build or download it again."


def verify(root: Path, config: str) -> Release:
    """Open a repo after checking the content hash, one config's files, and the dataset card.

    Returns:
        The opened repo.

    Raises:
        DatasetError: If anything differs or a file is missing.
    """
    release = open_release(root)
    release.check_config(config)
    found = content_hash_of(release.configs)
    if found != release.content_hash:
        raise DatasetError(
            f"{root / MANIFEST}: expected the content hash {found} of the files that it lists, "
            f"found {release.content_hash}.",
            _AGAIN,
        )
    for expected in release.configs[config].values():
        file = root / expected.path
        if not file.is_file():
            raise DatasetError(
                f"{file}: the file is missing.",
                f"{_AGAIN[:-1]}; without a connection only configs that were loaded before are available.",
            )
        digest = sha256_of(file)
        if digest != expected.sha256:
            raise DatasetError(
                f"{file}: expected the SHA-256 {expected.sha256} as in the manifest, found {digest}.", _AGAIN
            )
    card = root / CARD
    if not card.is_file():
        raise DatasetError(f"{root}: the card {CARD} is missing, from which `datasets` reads the configs.", _AGAIN)
    if release.content_hash not in card.read_text(encoding="utf-8", errors="replace"):
        raise DatasetError(f"{card}: expected the card of {release.content_hash}, found that of another build.", _AGAIN)
    return release
