"""Encrypted files (AES-256-GCM) that can be published: only the host's key opens them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from younger_hf.errors import DatasetError, MissingDependencyError
from younger_hf.files import write_bytes

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY = "YOUNGER_ANSWERS_KEY"
"""Environment variable with the host's key: any secret text of at least 16 characters."""
SEALED = ".sealed"
"""Suffix of an encrypted file."""

_MAGIC = b"YHF1"
_NONCE = 12
_SHORTEST = 16
_HINT = f"Set {KEY} to the host's key; without it, only validation rows and locally built datasets can be scored."


def key_from_environment() -> bytes:
    """Return the host's key.

    Raises:
        DatasetError: If the environment holds no key, or one that is too short.
    """
    text = os.environ.get(KEY, "").strip()
    if len(text) < _SHORTEST:
        found = f"{len(text)} characters" if text else "nothing"
        raise DatasetError(f"{KEY}: expected a secret of at least {_SHORTEST} characters, found {found}.", _HINT)
    return text.encode()


def seal_bytes(plain: bytes, path: Path, key: bytes, purpose: str, name: str) -> None:
    """Write an encrypted file.

    Args:
        plain: Its content.
        path: The file.
        key: The host's key.
        purpose: What the file belongs to, as a release's content hash; it cannot be opened for
            another purpose.
        name: What the file is there, as a track; it cannot be opened under another name.
    """
    nonce = os.urandom(_NONCE)
    sealed = _cipher(key, purpose).encrypt(nonce, plain, name.encode())
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, _MAGIC + nonce + sealed)


def open_bytes(path: Path, key: bytes, purpose: str, name: str) -> bytes:
    """Return the content of a file that `seal_bytes` wrote.

    Raises:
        DatasetError: If the file is missing or damaged, or the key, the purpose or the name differ.
    """
    cipher = _cipher(key, purpose)
    from cryptography.exceptions import InvalidTag  # if it is missing, _cipher has raised already

    try:
        data = path.read_bytes()
    except OSError as error:
        raise DatasetError(f"{path}: the sealed file cannot be read ({error}).") from error
    start = len(_MAGIC) + _NONCE
    if not data.startswith(_MAGIC):
        raise DatasetError(f"{path}: expected a sealed file, found something else.", "Seal it again.")
    try:
        return bytes(cipher.decrypt(data[len(_MAGIC) : start], data[start:], name.encode()))
    except (InvalidTag, ValueError) as error:
        raise DatasetError(
            f"{path}: cannot be opened: the key differs, it is sealed for another release or use, or it is damaged.",
            _HINT,
        ) from error


def _cipher(key: bytes, purpose: str) -> AESGCM:
    """A cipher whose key is derived for this purpose alone."""
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF
    except ModuleNotFoundError as error:
        raise MissingDependencyError(error.name or "cryptography", "leaderboard") from error
    derived = HKDF(algorithm=SHA256(), length=32, salt=purpose.encode(), info=b"younger-hf answers").derive(key)
    return AESGCM(derived)
