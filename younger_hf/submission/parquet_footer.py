"""What a Parquet footer says about the size of its columns, read without pyarrow.

pyarrow ends the whole process, uncatchably, when it is asked for the column metadata of some damaged footers (seen with 26.0.1: a size
histogram that does not fit its column). Reading the few numbers that are needed takes a small decoder of Thrift's compact protocol.
Sources: the Parquet format's `parquet.thrift` and Thrift's `thrift-compact-protocol.md`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

_STOP, _TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _MAP, _STRUCT, _UUID = range(14)
_VARINTS = (_I16, _I32, _I64)
_FIXED = {_BYTE: 1, _DOUBLE: 8, _UUID: 16}
_MAX_DEPTH = 24

# Field numbers of parquet.thrift
_ROW_GROUPS = 4  # of FileMetaData
_COLUMNS = 1  # of RowGroup
_META_DATA = 3  # of ColumnChunk
_NUM_VALUES = 5  # of ColumnMetaData
_TOTAL_UNCOMPRESSED_SIZE = 6  # of ColumnMetaData


@dataclass
class ColumnSize:
    """What the footer says of one leaf column, all row groups together.

    Attributes:
        num_values: Values, nulls included.
        unpacked_bytes: Bytes once decompressed, before run lengths and dictionaries are expanded.
    """

    num_values: int = 0
    unpacked_bytes: int = 0


def column_sizes(footer: bytes) -> list[ColumnSize]:
    """Sizes of the leaf columns in the order of the schema.

    Args:
        footer: The footer without its length and magic bytes.

    Raises:
        ValueError: If it is no Thrift, nested too deeply, or a size is negative.
    """
    reader = _Reader(footer)
    sizes: list[ColumnSize] = []

    def column(index: int) -> None:
        while len(sizes) <= index:
            sizes.append(ColumnSize())

        def values() -> None:
            sizes[index].num_values += reader.size()

        def unpacked() -> None:
            sizes[index].unpacked_bytes += reader.size()

        numbers = {(_NUM_VALUES, _I64): values, (_TOTAL_UNCOMPRESSED_SIZE, _I64): unpacked}
        reader.struct({(_META_DATA, _STRUCT): lambda: reader.struct(numbers)})

    def row_group(_: int) -> None:
        reader.struct({(_COLUMNS, _LIST): lambda: reader.structs(column)})

    reader.struct({(_ROW_GROUPS, _LIST): lambda: reader.structs(row_group)})
    return sizes


class _Reader:
    """A position in Thrift's compact protocol; what is not wanted is skipped."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._position = 0

    def struct(self, wanted: Mapping[tuple[int, int], Callable[[], None]], depth: int = 0) -> None:
        """Read a struct: fields whose (number, type) is wanted by the function given, others not at all."""
        number = 0
        while True:
            header = self._byte()
            kind = header & 0x0F
            if kind == _STOP:
                return
            number = number + (header >> 4) if header >> 4 else _signed(self._varint())
            read = wanted.get((number, kind))
            if read is not None:
                read()
            else:
                self._skip(kind, depth + 1)

    def structs(self, read: Callable[[int], None]) -> None:
        """Read a list of structs, each by its index."""
        size, kind = self._list_header()
        if kind != _STRUCT:
            raise ValueError("a list of something else than structs")
        for index in range(size):
            read(index)

    def size(self) -> int:
        """Read an integer that must not be negative."""
        value = _signed(self._varint())
        if value < 0:
            raise ValueError("a negative size")
        return value

    def _skip(self, kind: int, depth: int) -> None:
        if depth > _MAX_DEPTH:
            raise ValueError("nested too deeply")
        if kind in _VARINTS:
            self._varint()
        elif kind in _FIXED:
            self._forward(_FIXED[kind])
        elif kind == _BINARY:
            self._forward(self._varint())
        elif kind == _STRUCT:
            self.struct({}, depth)
        elif kind in (_LIST, _SET):
            size, element = self._list_header()
            for _ in range(size):
                self._skip_element(element, depth + 1)
        elif kind == _MAP:
            size = self._varint()
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
        return (self._varint() if header >> 4 == 15 else header >> 4), header & 0x0F

    def _forward(self, count: int) -> None:
        self._position += count
        if self._position > len(self._data):
            raise ValueError("it ends too early")

    def _byte(self) -> int:
        self._forward(1)
        return self._data[self._position - 1]

    def _varint(self) -> int:
        value = 0
        for shift in range(0, 70, 7):
            byte = self._byte()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise ValueError("an integer of more than 64 bits")


def _signed(value: int) -> int:
    return (value >> 1) ^ -(value & 1)
