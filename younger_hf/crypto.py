"""Files that can lie in public: encrypted (AES-256-GCM) with the host's key, each bound to what it is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from younger_hf.errors import DatasetError, MissingDependencyError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY = "YOUNGER_ANSWERS_KEY"
"""Environment variable with the host's key: any secret text of at least 16 characters."""
SEALED = ".sealed"
"""Ending of an encrypted file."""

_MAGIC = b"YHF1"
_NONCE = 12
_SHORTEST = 16
_HINT = f"Set {KEY} to the host's key; without it, only validation rows and locally built datasets are scored."


def key_from_environment() -> bytes:
    """The key that opens what the host sealed.

    Raises:
        DatasetError: If the environment has none, or one that is too short.
    """
    text = os.environ.get(KEY, "").strip()
    if len(text) < _SHORTEST:
        found = f"{len(text)} characters" if text else "nothing"
        raise DatasetError(f"{KEY}: expected a secret of at least {_SHORTEST} characters, found {found}.", _HINT)
    return text.encode()


def seal_bytes(plain: bytes, path: Path, key: bytes, purpose: str, name: str) -> None:
    """Write a file encrypted.

    Args:
        plain: Its content.
        path: The file.
        key: The host's key.
        purpose: What it belongs to, as a release's content hash; it opens for nothing else.
        name: What it is there, as a track; it opens as nothing else.
    """
    nonce = os.urandom(_NONCE)
    sealed = _cipher(key, purpose).encrypt(nonce, plain, name.encode())
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_bytes(_MAGIC + nonce + sealed)
    partial.replace(path)


def open_bytes(path: Path, key: bytes, purpose: str, name: str) -> bytes:
    """Read what `seal_bytes` wrote.

    Raises:
        DatasetError: If it is missing, or does not open: another key, another purpose or name, or a damaged file.
    """
    cipher = _cipher(key, purpose)
    from cryptography.exceptions import InvalidTag  # _cipher has said so if it is missing

    try:
        data = path.read_bytes()
    except OSError as error:
        raise DatasetError(f"{path}: the sealed file cannot be read ({error}).") from error
    start = len(_MAGIC) + _NONCE
    if not data.startswith(_MAGIC):
        raise DatasetError(f"{path}: expected a sealed file, found another one.", "Seal it again.")
    try:
        return bytes(cipher.decrypt(data[len(_MAGIC) : start], data[start:], name.encode()))
    except (InvalidTag, ValueError) as error:
        raise DatasetError(
            f"{path}: it does not open: the key is another one, it is sealed for another release or use, or it is damaged.",
            _HINT,
        ) from error


def _cipher(key: bytes, purpose: str) -> AESGCM:
    """A cipher for this purpose alone."""
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF
    except ModuleNotFoundError as error:
        raise MissingDependencyError(error.name or "cryptography", "leaderboard") from error
    derived = HKDF(algorithm=SHA256(), length=32, salt=purpose.encode(), info=b"younger-hf answers").derive(key)
    return AESGCM(derived)
