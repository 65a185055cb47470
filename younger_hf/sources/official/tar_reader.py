"""Streams the files of an untrusted tar archive: writes nothing to disk, and trusts no header."""

from __future__ import annotations

import gzip
import tarfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from younger_hf.errors import SourceError
from younger_hf.sources.official.pickle_reader import LARGEST

LARGEST_HEADER = 1 << 16
"""Bytes of the largest extended header."""
MOST_MEMBERS = 1_000_000
MOST_BYTES = 1 << 36
"""Bytes of all members together, unpacked."""

_PIECE = 1 << 16
_HINT = "Do not unpack this archive; download it again."
_AGAIN = "Download it again."
_FILES = (tarfile.REGTYPE, tarfile.AREGTYPE)
_HEADERS = (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME)


@dataclass(frozen=True)
class Member:
    """A file of an archive.

    Attributes:
        name: Its relative path.
        size: Its bytes.
        read: Return its content; to be called before the next member is fetched.
    """

    name: str
    size: int
    read: Callable[[], bytes]


def tar_members(path: Path) -> Iterator[Member]:
    """Yield the files of a tar archive, plain or gzipped, in order; unread ones are skipped.

    Raises:
        SourceError: If the archive is damaged, holds links, devices or paths that lead out of it,
            or has too many members or bytes.
    """
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            stream = cast("BinaryIO", gzip.GzipFile(fileobj=file)) if packed else file
            yield from _ArchiveReader(path, stream).members()
    except tarfile.TarError as error:
        raise SourceError(f"{path}: the archive is damaged ({error}).", _AGAIN) from error
    except OSError as error:
        raise SourceError(f"{path}: the archive cannot be read ({error.strerror}).") from error


class _ArchiveReader:
    """A stream of blocks, and how much of it may still be read."""

    def __init__(self, path: Path, stream: BinaryIO) -> None:
        self.path = path
        self.stream = stream
        self.left = MOST_BYTES

    def members(self) -> Iterator[Member]:
        long_name = ""
        for number in range(MOST_MEMBERS):
            block = self.take(tarfile.BLOCKSIZE, at_end=number == 0)
            if not block.strip(b"\0"):
                if number == 0 and not block:
                    raise tarfile.ReadError("it is empty")
                return
            header = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
            if header.size < 0:
                raise tarfile.ReadError("a negative size")
            if header.type in _HEADERS:
                long_name = self.long_name(header) or long_name
                continue
            name, long_name = long_name or header.name, ""
            self.check(name, header)
            if header.type in _FILES:
                yield from self.member(name, header.size)
        raise self.error(f"it has more than {MOST_MEMBERS:,} members")

    def member(self, name: str, size: int) -> Iterator[Member]:
        """Yield one member, then skip whatever of it was not read."""
        if size > LARGEST:
            raise self.error(f"the member {name[:200]!r} has {size:,} bytes, expected at most {LARGEST:,}")
        unread = [size]

        def read() -> bytes:
            count, unread[0] = unread[0], 0
            return self.take(count)

        yield Member(name, size, read)
        self.skip(unread[0] + -size % tarfile.BLOCKSIZE)

    def long_name(self, header: tarfile.TarInfo) -> str:
        """The name that an extended header states for the next member, `""` if it states none."""
        if header.size > LARGEST_HEADER:
            raise self.error(f"a header of {header.size:,} bytes, expected at most {LARGEST_HEADER:,}")
        payload = self.take(header.size)
        self.skip(-header.size % tarfile.BLOCKSIZE)
        if header.type == tarfile.GNUTYPE_LONGNAME:
            return payload.split(b"\0")[0].decode("utf-8", "surrogateescape")
        name = ""
        while payload.strip(b"\0"):  # records of "LENGTH KEY=VALUE\n"
            digits = payload.partition(b" ")[0]
            length = int(digits) if digits.isdigit() and len(digits) < 6 else 0
            key, _, value = payload[len(digits) + 1 : length].partition(b"=")
            if not length or length > len(payload):
                raise tarfile.ReadError("a record of an extended header")
            if key in (b"size", b"linkpath") or key.startswith(b"GNU.sparse"):
                raise self.error(
                    f"a header with {key.decode('ascii', 'replace')!r}, which official archives never have"
                )
            if key == b"path" and header.type == tarfile.XHDTYPE:
                name = value.rstrip(b"\n").decode("utf-8", "surrogateescape")
            payload = payload[length:]
        return name

    def check(self, name: str, header: tarfile.TarInfo) -> None:
        shown = repr(name[:200])
        if name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/") or "\0" in name:
            raise self.error(f"the member {shown} leads out of the archive")
        if header.type not in (*_FILES, tarfile.DIRTYPE):
            kinds = {tarfile.SYMTYPE: "a symbolic link", tarfile.LNKTYPE: "a hard link"}
            raise self.error(f"the member {shown} is {kinds.get(header.type, 'not a plain file')}")
        if header.type == tarfile.DIRTYPE and header.size:
            raise self.error(f"the folder {shown} has a size")

    def take(self, size: int, *, at_end: bool = False) -> bytes:
        """Read the next bytes, piece by piece, since the size is only a claim of a header."""
        pieces, missing = [], size
        while missing:
            piece = self.piece(min(_PIECE, missing))
            if not piece:
                if at_end and missing == size:
                    break
                raise SourceError(f"{self.path}: the archive is damaged (it is cut off).", _AGAIN)
            missing -= len(piece)
            pieces.append(piece)
        self.spend(size - missing)
        return b"".join(pieces)

    def piece(self, size: int) -> bytes:
        try:
            return self.stream.read(size)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise SourceError(f"{self.path}: the archive is damaged ({error}).", _AGAIN) from error

    def skip(self, size: int) -> None:
        while size:
            size -= len(self.take(min(_PIECE, size)))

    def spend(self, count: int) -> None:
        self.left -= count
        if self.left < 0:
            raise self.error(f"it unpacks to more than {MOST_BYTES:,} bytes")

    def error(self, what: str) -> SourceError:
        return SourceError(f"{self.path}: refused the archive: {what}.", _HINT)
