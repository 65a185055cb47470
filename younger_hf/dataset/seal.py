"""Answers that can lie in public: encrypted (AES-256-GCM), each bound to its release and track."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from younger_hf.errors import DatasetError, MissingDependencyError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY = "YOUNGER_ANSWERS_KEY"
"""Environment variable with the host's key: any secret text of at least 16 characters."""
SUFFIX = ".parquet.sealed"

_MAGIC = b"YHF1"
_NONCE = 12
_SHORTEST = 16
_HINT = f"Set {KEY} to the host's key; without it, only validation rows and locally built datasets are scored."


def key_from_environment() -> bytes:
    """The key that opens the answers.

    Raises:
        DatasetError: If the environment has none, or one that is too short.
    """
    text = os.environ.get(KEY, "").strip()
    if len(text) < _SHORTEST:
        found = f"{len(text)} characters" if text else "nothing"
        raise DatasetError(f"{KEY}: expected a secret of at least {_SHORTEST} characters, found {found}.", _HINT)
    return text.encode()


def seal_table(table: pa.Table, path: Path, key: bytes, content_hash: str, track: str) -> None:
    """Write a table encrypted.

    Args:
        table: The answers of a track.
        path: The file.
        key: The host's key.
        content_hash: Of the release they belong to; they open for no other.
        track: Their track; they open for no other.
    """
    plain = io.BytesIO()
    pq.write_table(table, plain, compression="zstd")
    nonce = os.urandom(_NONCE)
    sealed = _cipher(key, content_hash).encrypt(nonce, plain.getvalue(), track.encode())
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    partial.write_bytes(_MAGIC + nonce + sealed)
    partial.replace(path)


def open_table(path: Path, schema: pa.Schema, key: bytes, content_hash: str, track: str) -> pa.Table:
    """Read what `seal_table` wrote.

    Raises:
        DatasetError: If it is missing, or does not open: another key, another release, or a damaged file.
    """
    cipher = _cipher(key, content_hash)
    from cryptography.exceptions import InvalidTag  # _cipher has said so if it is missing

    try:
        data = path.read_bytes()
    except OSError as error:
        raise DatasetError(f"{path}: the answers cannot be read ({error}).") from error
    start = len(_MAGIC) + _NONCE
    if not data.startswith(_MAGIC):
        raise DatasetError(f"{path}: expected sealed answers, found another file.", "Seal them again: younger-hf seal.")
    try:
        plain = cipher.decrypt(data[len(_MAGIC) : start], data[start:], track.encode())
    except (InvalidTag, ValueError) as error:
        raise DatasetError(
            f"{path}: the answers do not open: the key is another one, they belong to another release, or the file is damaged.",
            _HINT,
        ) from error
    return pq.read_table(io.BytesIO(plain)).cast(schema)


def _cipher(key: bytes, content_hash: str) -> AESGCM:
    """A cipher of this release alone."""
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF
    except ModuleNotFoundError as error:
        raise MissingDependencyError(error.name or "cryptography", "leaderboard") from error
    derived = HKDF(algorithm=SHA256(), length=32, salt=content_hash.encode(), info=b"younger-hf answers").derive(key)
    return AESGCM(derived)
