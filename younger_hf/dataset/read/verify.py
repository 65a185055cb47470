"""Whether the files of a dataset repo are those that its manifest names, and the card is theirs."""

from __future__ import annotations

from pathlib import Path

from younger_hf.dataset.read.release import MANIFEST, Release, content_hash_of, open_release, sha256_of
from younger_hf.errors import DatasetError

CARD = "README.md"
_AGAIN = "Build or download it again."


def verify(root: Path, config: str) -> Release:
    """Check that the manifest's content hash is that of what it lists, the config's files are those, and the card is that of this build.

    Returns:
        The opened repo.

    Raises:
        DatasetError: If not, or a file is missing.
    """
    release = open_release(root)
    release.check_config(config)
    found = content_hash_of(release.rows, release.files, release.digests)
    if found != release.content_hash:
        raise DatasetError(
            f"{root / MANIFEST}: expected the content hash {found} of the files that it lists, found {release.content_hash}.",
            _AGAIN,
        )
    for split, path in release.files[config].items():
        file = root / path
        if not file.is_file():
            raise DatasetError(
                f"{file}: the file is missing.",
                f"{_AGAIN[:-1]}; without a connection only configs that were loaded before are there.",
            )
        digest = sha256_of(file)
        if digest != release.digests[config][split]:
            raise DatasetError(
                f"{file}: expected the SHA-256 {release.digests[config][split]} as the manifest says, found {digest}.",
                _AGAIN,
            )
    card = root / CARD
    if not card.is_file():
        raise DatasetError(f"{root}: the card {CARD} is missing, which `datasets` reads the configs from.", _AGAIN)
    if release.content_hash not in card.read_text(encoding="utf-8", errors="replace"):
        raise DatasetError(f"{card}: expected the card of {release.content_hash}, found that of another build.", _AGAIN)
    return release
