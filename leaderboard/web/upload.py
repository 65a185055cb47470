"""Reading of an uploaded submission: straight to disk, and never more than the limit."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import BinaryIO

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import Message

from leaderboard.refusal import RefusalError
from leaderboard.settings import Settings
from leaderboard.web.accept import METADATA_LIMIT, too_large

UPLOAD_SECONDS = 600
"""Longest time that one upload may take."""
DISCARD_SECONDS = 10
"""Time to keep reading from a client that sends too much, so that it receives the refusal."""
FORM_BYTES = METADATA_LIMIT + 16 * 1024
"""Most bytes of a request beside the predictions file: the metadata, and the form around both."""

_FIELDS = {"predictions", "metadata"}
_UPLOADS: Counter[str] = Counter()
"""Number of current uploads by address; a board is served by one process, so no lock is needed."""
_EXPECTED = "Send a form (multipart/form-data) with the files `predictions` and `metadata` (submission.yaml)."


@dataclass(frozen=True)
class Upload:
    """The content of one form.

    Attributes:
        predictions: The predictions file at its beginning; deleted when the form is closed.
        file_name: The submitter's name of it.
        metadata: Content of `submission.yaml`.
    """

    predictions: BinaryIO
    file_name: str
    metadata: bytes


class _TooMuchError(Exception):
    """The body of the request exceeds the limit."""


@contextlib.asynccontextmanager
async def read_upload(request: Request, settings: Settings) -> AsyncIterator[Upload]:
    """Read a form with a submission.

    Args:
        request: The request, not read yet.
        settings: The limits of size, time and uploads at once.

    Yields:
        The upload; its files are closed on leaving.

    Raises:
        RefusalError: If the request is too large or too slow, is one too many from its address, is
            not such a form, or has other fields.
    """
    limit = settings.upload_limit
    try:
        async with _counted(request, settings.uploads_at_once, limit), asyncio.timeout(UPLOAD_SECONDS):
            form = await _read_form(request, limit + FORM_BYTES, settings.idle_limit)
    except _TooMuchError:
        await _discard(request, limit)
        raise too_large(limit) from None
    except TimeoutError:
        slow = f"The upload took more than {UPLOAD_SECONDS} seconds, or paused for {settings.idle_limit}."
        raise RefusalError(408, "too_slow", slow, "Try again.") from None
    except HTTPException as error:
        raise _malformed(f"The form cannot be read: {error.detail}") from error
    try:
        yield await _fields(form)
    finally:
        await form.close()


@contextlib.asynccontextmanager
async def _counted(request: Request, at_once: int, limit: int) -> AsyncIterator[None]:
    """Count an upload while it arrives: each holds a connection and as much disk as it has sent."""
    address = request.client.host if request.client else ""
    if _UPLOADS[address] >= at_once:
        message = f"{at_once} uploads from your address are already running, which is the limit."
        await _discard(request, limit)
        raise RefusalError(429, "too_many_uploads", message, "Send one submission after another.")
    _UPLOADS[address] += 1
    try:
        yield
    finally:
        _UPLOADS[address] -= 1
        if not _UPLOADS[address]:
            del _UPLOADS[address]


async def _read_form(request: Request, limit: int, idle_seconds: int) -> FormData:
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise _malformed("The request is not a form with files.")
    declared = request.headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared) > limit:
        raise _TooMuchError
    received = 0

    async def receive() -> Message:
        nonlocal received
        async with asyncio.timeout(idle_seconds):
            message = await request.receive()
        received += len(message.get("body", b""))
        if received > limit:
            raise _TooMuchError
        return message

    bounded = Request(request.scope, receive)
    # A text field instead of a file is read whole into memory, so it has a limit of its own.
    return await bounded.form(max_files=len(_FIELDS), max_fields=len(_FIELDS), max_part_size=METADATA_LIMIT)


async def _fields(form: FormData) -> Upload:
    names = [name for name, _ in form.multi_items()]
    for name in names:
        if name not in _FIELDS:
            raise _malformed(f"The form has a field {name[:50]!r}; expected only predictions and metadata.")
        if names.count(name) > 1:
            raise _malformed(f"The form has the field {name!r} {names.count(name)} times; expected it once.")
    predictions, metadata = form.get("predictions"), form.get("metadata")
    if not isinstance(predictions, UploadFile):
        raise _malformed("The file `predictions` is missing from the form.")
    if metadata is None:
        raise _malformed("The file `metadata` is missing from the form.")
    content = metadata.encode() if isinstance(metadata, str) else await metadata.read(METADATA_LIMIT + 1)
    return Upload(predictions.file, predictions.filename or "", content)


async def _discard(request: Request, limit: int) -> None:
    """Keep reading for a while; the answer is lost if the connection closes during the upload."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(DISCARD_SECONDS):
            discarded = 0
            while discarded <= limit:
                message = await request.receive()
                discarded += len(message.get("body", b""))
                if message["type"] == "http.disconnect" or not message.get("more_body", False):
                    return


def _malformed(message: str) -> RefusalError:
    return RefusalError(400, "malformed_form", message, _EXPECTED)
