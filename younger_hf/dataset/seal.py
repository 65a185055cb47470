"""Encrypted answers, which may be published: each table is bound to its release and track."""

from __future__ import annotations

import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from younger_hf.crypto import SEALED, open_bytes, seal_bytes

SUFFIX = f".parquet{SEALED}"


def seal_table(table: pa.Table, path: Path, key: bytes, content_hash: str, track: str) -> None:
    """Write a table encrypted.

    Args:
        table: The answers of a track.
        path: The file.
        key: The host's key.
        content_hash: Content hash of their release; they do not open for another one.
        track: Their track; they do not open for another one.
    """
    plain = io.BytesIO()
    pq.write_table(table, plain, compression="zstd")
    seal_bytes(plain.getvalue(), path, key, content_hash, track)


def open_table(path: Path, schema: pa.Schema, key: bytes, content_hash: str, track: str) -> pa.Table:
    """Read what `seal_table` wrote.

    Raises:
        DatasetError: If it is missing or does not open: another key, another release or a damaged
            file.
    """
    return pq.read_table(io.BytesIO(open_bytes(path, key, content_hash, track))).cast(schema)
