"""Identifiers of candidates: a plain file name for each model of each source."""

from __future__ import annotations

import re
from hashlib import sha256

LONGEST = 180
"""Most characters: file systems allow 255 bytes, and later stages append endings."""


def identifier(source: str, *names: str) -> str:
    """Return `SOURCE--NAME--NAME`, made up of letters, digits, `.`, `_` and `-`, and unique.

    Names with other characters, and names that are too long, end with a hash.

    Example:
        >>> identifier("huggingface", "org/repo", "onnx/model.onnx")
        'huggingface--org--repo--onnx--model.onnx'
    """
    exact = "\0".join((source, *names))
    text = "--".join((source, *(name.replace("/", "--") for name in names)))
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", text)
    ambiguous = plain != text or any(re.search(r"--|-/|/-|-$|^-|^/|/$|//", name) for name in names)
    if not ambiguous and len(plain) <= LONGEST:
        return plain
    return f"{plain[: LONGEST - 17]}-{sha256(exact.encode('utf-8', 'replace')).hexdigest()[:16]}"
