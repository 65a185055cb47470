"""Sizes and positions of columns from a Parquet footer, read without pyarrow.

pyarrow ends the whole process, uncatchably, when it reads the column metadata of some
damaged footers (seen with 26.0.1: a size histogram that does not fit its column). Reading the few
numbers that are needed takes a small decoder of Thrift's compact protocol.
Source: the Parquet format's `parquet.thrift`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from younger_hf.submission.read.thrift import I64, LIST, STRUCT, CompactReader

# Field numbers of parquet.thrift
_ROW_GROUPS = 4  # of FileMetaData
_COLUMNS = 1  # of RowGroup
_META_DATA = 3  # of ColumnChunk
_NUM_VALUES = 5  # of ColumnMetaData, as those below
_TOTAL_UNCOMPRESSED_SIZE = 6
_TOTAL_COMPRESSED_SIZE = 7
_DATA_PAGE_OFFSET = 9
_DICTIONARY_PAGE_OFFSET = 11


@dataclass
class Chunk:
    """One row group's part of a column.

    Attributes:
        num_values: Values, nulls and empty lists included.
        packed_bytes: Bytes of its pages in the file.
        data_offset: Where its first data page is in the file.
        dictionary_offset: Where its dictionary page is; 0 if it has none.
    """

    num_values: int = 0
    packed_bytes: int = 0
    data_offset: int = 0
    dictionary_offset: int = 0

    @property
    def offset(self) -> int:
        """Where its pages begin in the file, as pyarrow takes it."""
        return min(self.data_offset, self.dictionary_offset) if self.dictionary_offset else self.data_offset


@dataclass
class ColumnSize:
    """What the footer states about one leaf column, all row groups together.

    Attributes:
        num_values: Values, nulls and empty lists included.
        unpacked_bytes: Bytes once decompressed, before run lengths and dictionaries are expanded.
        chunks: Its part in each row group.
    """

    num_values: int = 0
    unpacked_bytes: int = 0
    chunks: list[Chunk] = field(default_factory=list)


def column_sizes(footer: bytes) -> list[ColumnSize]:
    """Sizes of the leaf columns in the order of the schema.

    Args:
        footer: The footer without its length and magic bytes.

    Raises:
        ValueError: If it is not Thrift, nested too deeply, or a size is negative.
    """
    reader = CompactReader(footer)
    sizes: list[ColumnSize] = []

    def column(index: int) -> None:
        while len(sizes) <= index:
            sizes.append(ColumnSize())
        chunk = Chunk()
        sizes[index].chunks.append(chunk)

        def values() -> None:
            chunk.num_values = reader.size()

        def unpacked() -> None:
            sizes[index].unpacked_bytes += reader.size()

        def packed() -> None:
            chunk.packed_bytes = reader.size()

        def data_offset() -> None:
            chunk.data_offset = reader.size()

        def dictionary_offset() -> None:
            chunk.dictionary_offset = reader.size()

        numbers = {
            (_NUM_VALUES, I64): values,
            (_TOTAL_UNCOMPRESSED_SIZE, I64): unpacked,
            (_TOTAL_COMPRESSED_SIZE, I64): packed,
            (_DATA_PAGE_OFFSET, I64): data_offset,
            (_DICTIONARY_PAGE_OFFSET, I64): dictionary_offset,
        }
        reader.struct({(_META_DATA, STRUCT): lambda: reader.struct(numbers)})
        sizes[index].num_values += chunk.num_values

    def row_group(_: int) -> None:
        reader.struct({(_COLUMNS, LIST): lambda: reader.structs(column)})

    reader.struct({(_ROW_GROUPS, LIST): lambda: reader.structs(row_group)})
    return sizes
