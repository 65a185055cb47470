"""Sizes of the pages of a Parquet column, read before anything is decompressed.

A footer can claim ten values where the pages hold a hundred million; readers believe the pages.
Each page follows a header, and decoding yields no more than the headers state. Source: the
Parquet format's `parquet.thrift`.
"""

from __future__ import annotations

from functools import partial
from mmap import mmap

from younger_hf.submission.read.parquet_footer import Chunk
from younger_hf.submission.read.thrift import I32, STRUCT, CompactReader

MAX_PAGES = 100_000
"""Most pages of a column: each header costs time and a writer's pages hold thousands of values."""

# Field numbers of parquet.thrift
_TYPE = 1  # of PageHeader, as those below
_UNCOMPRESSED_PAGE_SIZE = 2
_COMPRESSED_PAGE_SIZE = 3
_DATA_PAGE_HEADER = 5
_DATA_PAGE_HEADER_V2 = 8
_NUM_VALUES = 1  # of DataPageHeader and DataPageHeaderV2

_HEADER_OF = {0: _DATA_PAGE_HEADER, 3: _DATA_PAGE_HEADER_V2}
"""Type of a page with values -> the header that counts them."""


def unpacked_bytes(data: mmap, chunks: list[Chunk]) -> int:
    """Size of a column's pages after decompression, before dictionaries and run lengths expand.

    Args:
        data: The whole file, mapped into memory.
        chunks: The column's part in each row group.

    Raises:
        ValueError: If the pages are not where the footer puts them, hold more or fewer values
            than it states, or are not pages.
    """
    total = pages = 0
    for chunk in chunks:
        position, end = chunk.offset, chunk.offset + chunk.packed_bytes
        if end > len(data):
            raise ValueError("a column ends behind the file")
        values = 0
        while position < end:
            pages += 1
            if pages > MAX_PAGES:
                raise ValueError(f"a column of more than {MAX_PAGES:,} pages")
            position, page_values, page_bytes = _page(data, position, end)
            values += page_values
            total += page_bytes
        if position != end:
            raise ValueError("a page ends behind its column")
        # Readers go on until they have as many values as the footer states, some of them behind the
        # column's end.
        if values != chunk.num_values:
            raise ValueError(f"{chunk.num_values:,} values by the footer, {values:,} by the pages")
    return total


def _page(data: mmap, position: int, end: int) -> tuple[int, int, int]:
    """Return where the page at a position ends, its number of values and its decompressed size.

    A dictionary page has no number of values.
    """
    reader = CompactReader(data, position, end)
    found: dict[int, int] = {}
    counts: dict[int, int] = {}

    def note(into: dict[int, int], number: int) -> None:
        if number in into:  # readers would differ in which of them they believe
            raise ValueError("a page with two sizes")
        into[number] = reader.size(I32)

    def count(number: int) -> None:
        reader.struct({(_NUM_VALUES, I32): lambda: note(counts, number)})

    numbers = (_TYPE, _UNCOMPRESSED_PAGE_SIZE, _COMPRESSED_PAGE_SIZE)
    sizes = {(number, I32): partial(note, found, number) for number in numbers}
    headers = {(number, STRUCT): partial(count, number) for number in _HEADER_OF.values()}
    reader.struct({**sizes, **headers})
    wanted = {_HEADER_OF[found[_TYPE]]} if found.get(_TYPE) in _HEADER_OF else set()
    if set(found) != set(numbers) or set(counts) != wanted:
        raise ValueError("a page without its sizes")
    return reader.position + found[_COMPRESSED_PAGE_SIZE], sum(counts.values()), found[_UNCOMPRESSED_PAGE_SIZE]
