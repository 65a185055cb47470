"""Random access to a file in blocks.

Skipped bytes are not read, and neighbouring bytes are read once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from younger_hf.arrays import IntArray
from younger_hf.errors import ModelReadError

Bytes = npt.NDArray[np.uint8]

CHUNK = 1 << 20
"""Bytes of a long list that are counted together."""
NEAR = 16 << 10
"""Largest gap in bytes that is read rather than skipped, since small weights are side by side."""
_CONTINUED = np.uint64(0x8080808080808080)
"""The bit of each byte of a variable-length integer that is set if another byte follows."""


class Pace(NamedTuple):
    """Numbers of bytes to read at a time.

    Attributes:
        whole: A file of at most this size is read whole.
        first: Block at the beginning of the file, where the operators are.
        after_skip: Smallest block after a skip: about the header of one tensor.
        most_after_skip: Largest block after a skip. In between it is the 128th part of all skipped
            bytes that was not yet spent on reading ahead: this saves requests and costs less than
            1% of the file.
        largest: Largest block; blocks double as long as reading continues without a gap.
        most_counted: Maximum number of bytes of attribute lists that are read to count elements.
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
"""Any other file: each byte and each request may cost."""


class Blocks:
    """A window that moves over a file.

    Attributes:
        name: The file's name for messages.
        size: Its length in bytes.
        data: The bytes of the window.
        base: Position of the window's first byte in the file.
        safe: Last position from which `HEADER` bytes, or all up to the file's end, are in the
            window.
    """

    HEADER = 20
    """Maximum number of bytes of a field's tag and length."""

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
        """Move the window to `start`, with a field's header at `position` in it.

        Raises:
            ModelReadError: If the file ends before it should, or cannot be read.
        """
        # This runs once for every weight of a model: the usual case first, without calls.
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
        self._block = self._next_block(start, gap)
        stop = max(start + self._block, position + self.HEADER)
        if stop < self.size:
            self.safe = stop - self.HEADER
        else:
            self.safe = stop = self.size
        self.data = self.load(start, stop)
        self.base = start

    def _next_block(self, start: int, gap: int) -> int:
        """Return how many bytes to read from a position on, after a gap of skipped bytes."""
        if not self._block:
            return (
                self.size
                if self.size <= self._pace.whole
                else max(min(self._pace.first, self.size >> 7), self._after_skip)
            )
        if gap > 0:
            affordable = self._spare + (gap >> 7)
            self._spare = max(affordable - self._most_after_skip, 0)
            return max(min(affordable, self._most_after_skip), self._after_skip)
        return min(2 * self._block, self._pace.largest) if start >= self.base else self._after_skip

    def reach(self, position: int) -> None:
        """Move the window, if necessary, so that it contains a field's header at a position."""
        if not self.base <= position <= self.safe:
            self.move(position, position)

    def load(self, start: int, stop: int) -> bytes:
        """Read the bytes of [start, stop) from the file.

        Raises:
            ModelReadError: If the file ends before it should, or cannot be read.
        """
        data = self._load(start, stop)
        if len(data) != stop - start:
            raise self._short(start, stop, len(data))
        return data

    def _short(self, start: int, stop: int, got: int) -> ModelReadError:
        return ModelReadError(
            f"{self.name}: requested bytes {start} to {stop - 1}, received {got}; expected a file of {self.size} bytes.",
            "The file changed or the connection broke while it was read: try again, or download it first.",
        )

    def read(self, start: int, stop: int) -> bytes:
        """Return the bytes of [start, stop), from the window if it contains them."""
        begin, end = start - self.base, stop - self.base
        return self.data[begin:end] if begin >= 0 and end <= len(self.data) else self.load(start, stop)

    def keep(self, start: int, stop: int, limit: int) -> bytes:
        """Return the bytes of [start, stop) and count them as kept.

        Raises:
            ModelReadError: If more than `limit` bytes are kept in all.
        """
        self.note_kept(stop - start, limit)
        return self.read(start, stop)

    def note_kept(self, size: int, limit: int) -> None:
        """Count bytes as kept; raises as `keep` does."""
        self._kept += size
        if self._kept > limit:
            raise ModelReadError(f"{self.name}: the model without its weights is larger than {limit >> 20} MiB.")

    def count_varints(self, start: int, stop: int) -> int:
        """Count the variable-length integers in [start, stop), which end with a byte below 128.

        All bytes are read, at more than a gigabyte per second.

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
        """Count the consecutive fields of one kind from a position on.

        Args:
            start: Position of the first field.
            stop: Position after the message.
            tag: Their tag, one byte.
            width: Bytes of a value, 0 for variable-length integers.

        Returns:
            Their number, at least 0, and the position after the last one counted.

        Raises:
            ModelReadError: As `count_varints`.
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
                f"{self.name}: its attributes hold lists of more than {self._pace.most_counted >> 20} MiB, which have to be read whole.",
                "Download the file and read it from there.",
            )
        return self.read(start, stop)


def _ends_of_fixed(chunk: Bytes, tag: int, width: int) -> IntArray:
    """Return the ends of consecutive fields with `width` bytes at the beginning of a chunk."""
    tags = chunk[:: width + 1][: len(chunk) // (width + 1)]
    other = np.flatnonzero(tags != tag)
    return np.arange(1, (int(other[0]) if len(other) else len(tags)) + 1) * (width + 1)


def _ends_of_varints(chunk: Bytes, tag: int) -> IntArray:
    """Return the ends of consecutive fields with an integer at the beginning of a chunk.

    Every other byte below 128 is then a tag, right after the last byte of the previous field.
    """
    last = np.flatnonzero(chunk < 0x80)
    tags, ends = last[: len(last) // 2 * 2 : 2], last[1::2]
    begins = np.concatenate([[0], ends[:-1] + 1])
    other = np.flatnonzero((tags != begins) | (chunk[tags] != tag) | (ends - tags > 10))
    return ends[: int(other[0]) if len(other) else len(ends)] + 1
