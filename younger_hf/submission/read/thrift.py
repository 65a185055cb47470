"""Reading the wanted fields of Thrift's compact protocol, used by Parquet's footers and pages.

Source: Thrift's `thrift-compact-protocol.md`. Other readers cut an integer that is too wide for its
type, so that two of them could read different numbers from the same bytes; here it is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from mmap import mmap

_STOP, _TRUE, _FALSE, _BYTE, _I16, I32, I64, _DOUBLE, _BINARY, LIST, _SET, _MAP, STRUCT, _UUID = range(14)
_BITS = {_I16: 16, I32: 32, I64: 64}
_FIXED = {_BYTE: 1, _DOUBLE: 8, _UUID: 16}
_MAX_DEPTH = 24
_MAX_FIELD = 2**15 - 1


class CompactReader:
    """A position in bytes of Thrift's compact protocol; methods raise `ValueError` for other bytes.

    Args:
        data: The bytes, or an open memory map of a file.
        position: Where to begin.
        end: Where to end at the latest; `None` for the end of the data.

    Attributes:
        position: The next byte to be read.
    """

    def __init__(self, data: bytes | mmap, position: int = 0, end: int | None = None) -> None:
        self._data = data
        self._end = len(data) if end is None else end
        self.position = position

    def struct(self, wanted: Mapping[tuple[int, int], Callable[[], None]], depth: int = 0) -> None:
        """Read the fields of a struct whose (number, type) is wanted, and skip the others.

        Args:
            wanted: (number, type) of a field -> what reads it.
            depth: How deep this struct is inside one that is skipped.
        """
        number = 0
        while True:
            header = self._byte()
            kind = header & 0x0F
            if kind == _STOP:
                return
            number = number + (header >> 4) if header >> 4 else _signed(self._varint(16))
            if number > _MAX_FIELD:
                raise ValueError("a field number of more than 16 bits")
            read = wanted.get((number, kind))
            if read is not None:
                read()
            else:
                self._skip(kind, depth + 1)

    def structs(self, read: Callable[[int], None]) -> None:
        """Read a list of structs, each by its index."""
        size, kind = self._list_header()
        if kind != STRUCT:
            raise ValueError("a list of something else than structs")
        for index in range(size):
            read(index)

    def size(self, kind: int = I64) -> int:
        """Read an integer of type `I32` or `I64` that must not be negative."""
        value = _signed(self._varint(_BITS[kind]))
        if value < 0:
            raise ValueError("a negative size")
        return value

    def _skip(self, kind: int, depth: int) -> None:  # noqa: C901 - one case per type
        if depth > _MAX_DEPTH:
            raise ValueError("nested too deeply")
        if kind in _BITS:
            self._varint(_BITS[kind])
        elif kind in _FIXED:
            self._forward(_FIXED[kind])
        elif kind == _BINARY:
            self._forward(self._varint(32))
        elif kind == STRUCT:
            self.struct({}, depth)
        elif kind in (LIST, _SET):
            size, element = self._list_header()
            for _ in range(size):
                self._skip_element(element, depth + 1)
        elif kind == _MAP:
            size = self._varint(32)
            kinds = self._byte() if size else 0
            for _ in range(size):
                self._skip_element(kinds >> 4, depth + 1)
                self._skip_element(kinds & 0x0F, depth + 1)
        elif kind not in (_TRUE, _FALSE):  # a boolean field is its type
            raise ValueError("an unknown type")

    def _skip_element(self, kind: int, depth: int) -> None:
        if kind in (_TRUE, _FALSE):
            self._forward(1)
        else:
            self._skip(kind, depth)

    def _list_header(self) -> tuple[int, int]:
        header = self._byte()
        return (self._varint(32) if header >> 4 == 15 else header >> 4), header & 0x0F

    def _forward(self, count: int) -> None:
        self.position += count
        if self.position > self._end:
            raise ValueError("it ends too early")

    def _byte(self) -> int:
        self._forward(1)
        return self._data[self.position - 1]

    def _varint(self, bits: int) -> int:
        value = 0
        for shift in range(0, 70, 7):
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
        if byte >= 0x80 or value >> bits:
            raise ValueError(f"an integer of more than {bits} bits")
        return value


def _signed(value: int) -> int:
    return (value >> 1) ^ -(value & 1)
