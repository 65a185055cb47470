"""Random access to a file in blocks: what is skipped is not read, what is near is read once."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from younger_hf.errors import ModelReadError

Bytes = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]
Positions = np.ndarray[tuple[int, ...], np.dtype[np.int64]]

CHUNK = 1 << 20
"""Bytes of a long list that are looked at together."""
NEAR = 16 << 10
"""Bytes of a file that are read rather than skipped: small weights lie side by side."""
_CONTINUED = np.uint64(0x8080808080808080)
"""Set in a byte of a variable-length integer if another one follows."""


class Pace(NamedTuple):
    """How many bytes to read at a time.

    Attributes:
        whole: All of a file that is no longer than this.
        first: At the beginning of the file, where the operators lie.
        after_skip: At least, behind something that was skipped: about the header of one tensor.
        most_after_skip: At most, behind something that was skipped. In between, the 128th part of what was skipped so far and not yet
            spent on reading ahead: that saves requests and costs less than 1% of the file.
        largest: At most; a block is twice the one before it as long as reading goes on without a gap.
        most_counted: Most bytes of attribute lists that are read to count their elements.
    """

    whole: int
    first: int
    after_skip: int
    most_after_skip: int
    largest: int
    most_counted: int


LOCAL = Pace(
    whole=1 << 20, first=64 << 10, after_skip=1 << 10, most_after_skip=1 << 10, largest=1 << 20, most_counted=1 << 62
)
"""A file of the operating system: a call costs as much as copying a few kilobytes."""
REMOTE = Pace(
    whole=64 << 10,
    first=64 << 10,
    after_skip=512,
    most_after_skip=64 << 10,
    largest=256 << 10,
    most_counted=64 << 20,
)
"""Everything else: each byte and each request may cost."""


class Blocks:
    """A window that moves over a file.

    Attributes:
        name: The file's name for messages.
        size: Its length in bytes.
        data: The bytes of the window.
        base: Position of the window's first byte in the file.
        safe: Last position from which `HEADER` bytes lie in the window, or all that there are up to the file's end.
    """

    HEADER = 20
    """A field's tag and length take no more bytes."""

    def __init__(self, load: Callable[[int, int], bytes], size: int, name: str, pace: Pace) -> None:
        self.name = name
        self.size = size
        self.data = b""
        self.base = 0
        self.safe = -1
        self._load = load
        self._pace = pace
        self._after_skip, self._most_after_skip = pace.after_skip, pace.most_after_skip
        self._hop = pace.after_skip if pace.after_skip == pace.most_after_skip else 0
        self._block = self._spare = 0
        self._kept = self._counted = 0

    def move(self, start: int, position: int) -> None:
        """Let the window begin at `start`, with a field's header at `position` in it.

        Raises:
            ModelReadError: If the file ends before it should, or cannot be read.
        """
        # This runs once for every weight of a model: the usual case first, no calls of min and max.
        gap = start - self.base - len(self.data)
        if gap > 0 and self._hop and start == position:
            hop = self._hop if gap > NEAR else NEAR
            stop = start + hop
            if stop < self.size:
                self.base, self.safe, self._block = start, stop - self.HEADER, hop
                self.data = data = self._load(start, stop)
                if len(data) != hop:
                    raise self._short(start, stop, len(data))
                return
        if not self._block:
            block = max(min(self._pace.first, self.size >> 7), self._after_skip)
            if self.size <= self._pace.whole:
                block = self.size
        elif gap > 0:
            block = self._spare + (gap >> 7)
            self._spare = 0
            if block < self._after_skip:
                block = self._after_skip
            elif block > self._most_after_skip:
                self._spare = block - self._most_after_skip
                block = self._most_after_skip
        elif start >= self.base:
            block = min(2 * self._block, self._pace.largest)
        else:
            block = self._after_skip
        self._block = block
        stop = start + block
        if stop < position + self.HEADER:
            stop = position + self.HEADER
        if stop < self.size:
            self.safe = stop - self.HEADER
        else:
            self.safe = stop = self.size
        self.data = data = self._load(start, stop)
        self.base = start
        if len(data) != stop - start:
            raise self._short(start, stop, len(data))

    def reach(self, position: int) -> None:
        """Let the window hold a field's header at a position."""
        if not self.base <= position <= self.safe:
            self.move(position, position)

    def load(self, start: int, stop: int) -> bytes:
        """The bytes of [start, stop), read anew.

        Raises:
            ModelReadError: If the file ends before it should, or cannot be read.
        """
        data = self._load(start, stop)
        if len(data) != stop - start:
            raise self._short(start, stop, len(data))
        return data

    def _short(self, start: int, stop: int, got: int) -> ModelReadError:
        return ModelReadError(
            f"{self.name}: bytes {start} to {stop - 1} were asked for, {got} came; expected a file of {self.size} bytes.",
            "The file changed or the connection broke while it was read: try again, or download it first.",
        )

    def read(self, start: int, stop: int) -> bytes:
        """The bytes of [start, stop), however many."""
        begin, end = start - self.base, stop - self.base
        return self.data[begin:end] if begin >= 0 and end <= len(self.data) else self.load(start, stop)

    def keep(self, start: int, stop: int, limit: int) -> bytes:
        """The bytes of [start, stop), counted among those that are kept.

        Raises:
            ModelReadError: If more than the limit are kept in all.
        """
        self.note_kept(stop - start, limit)
        return self.read(start, stop)

    def note_kept(self, size: int, limit: int) -> None:
        """Count bytes among those that are kept; raises as `keep` does."""
        self._kept += size
        if self._kept > limit:
            raise ModelReadError(f"{self.name}: the model without its weights is larger than {limit >> 20} MiB.")

    def count_varints(self, start: int, stop: int) -> int:
        """How many variable-length integers lie in [start, stop): each ends with a byte below 128.

        All of them are read, at more than a gigabyte a second.

        Raises:
            ModelReadError: If they are on a server and too many to be read from there.
        """
        total = stop - start
        for position in range(start, stop, CHUNK):
            chunk = self._count(position, min(position + CHUNK, stop))
            words = np.frombuffer(chunk, dtype=np.uint64, count=len(chunk) // 8)
            total -= int(np.bitwise_count(words & _CONTINUED).sum(dtype=np.int64))
            total -= sum(byte > 0x7F for byte in chunk[words.nbytes :])
        return total

    def count_fields(self, start: int, stop: int, tag: int, width: int) -> tuple[int, int]:
        """How many fields of one kind follow one another from a position on.

        Args:
            start: Where the first of them begins.
            stop: Where the message ends.
            tag: Their tag, one byte.
            width: Bytes of a value, 0 for variable-length integers.

        Returns:
            Their number, at least 0, and the position behind the last that was counted.

        Raises:
            ModelReadError: As above.
        """
        total, position, block = 0, start, 2 << 10
        while position < stop:
            end = min(position + block, stop)
            chunk = np.frombuffer(self._count(position, end), dtype=np.uint8)
            ends = _ends_of_fixed(chunk, tag, width) if width else _ends_of_varints(chunk, tag)
            if not len(ends):
                break
            total += len(ends)
            position += int(ends[-1])
            if end - position > self.HEADER:  # another kind of field follows
                break
            block = min(4 * block, CHUNK)
        return total, position

    def _count(self, start: int, stop: int) -> bytes:
        self._counted += stop - start
        if self._counted > self._pace.most_counted:
            raise ModelReadError(
                f"{self.name}: its attributes hold lists of more than {self._pace.most_counted >> 20} MiB, which have to be read.",
                "Download the file and read it from there.",
            )
        return self.read(start, stop)


def _ends_of_fixed(chunk: Bytes, tag: int, width: int) -> Positions:
    """Where fields of a tag and `width` bytes end that follow one another from the chunk's beginning."""
    tags = chunk[:: width + 1][: len(chunk) // (width + 1)]
    other = np.flatnonzero(tags != tag)
    return np.arange(1, (int(other[0]) if len(other) else len(tags)) + 1) * (width + 1)


def _ends_of_varints(chunk: Bytes, tag: int) -> Positions:
    """Where fields of a tag and a variable-length integer end that follow one another from the chunk's beginning.

    Of the bytes below 128, every other one is a tag then, right behind the byte that ends the field before it.
    """
    last = np.flatnonzero(chunk < 0x80)
    tags, ends = last[: len(last) // 2 * 2 : 2], last[1::2]
    begins = np.concatenate([[0], ends[:-1] + 1])
    other = np.flatnonzero((tags != begins) | (chunk[tags] != tag) | (ends - tags > 10))
    return ends[: int(other[0]) if len(other) else len(ends)] + 1
