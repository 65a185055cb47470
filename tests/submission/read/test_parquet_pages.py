"""Sizes of Parquet pages, read from their headers.

They equal what pyarrow writes; contradictory files are an error.
"""

from __future__ import annotations

import contextlib
import mmap

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from younger_hf.submission.read.parquet_footer import Chunk, column_sizes
from younger_hf.submission.read.parquet_pages import MAX_PAGES, unpacked_bytes

TABLE = pa.table(
    {
        "graph_id": [f"graph {index}" for index in range(3000)],
        "scores": pa.array([np.full(index % 7, index, np.float32) for index in range(3000)], pa.list_(pa.float32())),
    }
)


def columns_of(path):
    data = path.read_bytes()
    return column_sizes(data[-8 - int.from_bytes(data[-8:-4], "little") : -8])


def unpacked(path, chunks):
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return unpacked_bytes(data, chunks)


@pytest.fixture
def path(tmp_path):
    pq.write_table(TABLE, tmp_path / "table.parquet", row_group_size=1000, data_page_size=1000)
    return tmp_path / "table.parquet"


@pytest.mark.heavy
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"compression": "none", "use_dictionary": False},
        {"compression": "zstd", "write_page_checksum": True, "write_page_index": True},
        {"data_page_version": "2.0", "row_group_size": 100},
        {"data_page_size": 50, "write_statistics": False},
        {"row_group_size": 1, "version": "1.0"},
    ],
    ids=str,
)
def test_pages_add_up_to_the_footer(tmp_path, options):
    path = tmp_path / "table.parquet"
    pq.write_table(TABLE, path, **options)
    for size in columns_of(path):
        found = unpacked(path, size.chunks)
        # the footer counts the pages' headers, too
        assert 0 < found < size.unpacked_bytes
        if options.get("compression") == "none":
            assert size.unpacked_bytes == sum(chunk.packed_bytes for chunk in size.chunks)


@pytest.mark.parametrize("difference", [-1, 1, 10**9])
def test_a_footer_that_counts_other_values_than_the_pages_is_named(path, difference):
    chunks = columns_of(path)[1].chunks
    values = chunks[1].num_values
    chunks[1].num_values += difference
    with pytest.raises(ValueError, match=f"{values + difference:,} values by the footer, {values:,} by the pages"):
        unpacked(path, chunks)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"packed_bytes": 10**9}, "a column ends behind the file"),
        ({"data_offset": 10**9, "dictionary_offset": 0}, "a column ends behind the file"),
        ({"packed_bytes": 0}, "0 by the pages"),
    ],
)
def test_a_column_outside_its_place_in_the_footer_is_named(path, change, message):
    (chunk, *_) = columns_of(path)[0].chunks
    for name, value in change.items():
        setattr(chunk, name, value)
    with pytest.raises(ValueError, match=message):
        unpacked(path, [chunk])


def test_a_page_that_ends_behind_its_column_is_named(path):
    (chunk, *_) = columns_of(path)[0].chunks
    chunk.packed_bytes -= 1
    with pytest.raises(ValueError, match="a page ends behind its column"):
        unpacked(path, [chunk])


# PageHeader as Thrift writes it: fields 1 (type), 2 and 3 (sizes) are zigzag varints, field 5 or 8
# a struct whose field 1 counts values
TYPE, SIZES, COUNT = b"\x15\x00", b"\x15\x14\x15\x04", b"\x2c\x15\x0a\x00"
PAGE = TYPE + SIZES + COUNT + b"\x00" + b"xx"


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        (PAGE, 10),
        (PAGE * 3, 30),
        (TYPE + SIZES + b"\x00xx", "a page without its sizes"),
        (TYPE + COUNT + b"\x00xx", "a page without its sizes"),
        (SIZES.replace(b"\x15", b"\x25", 1) + COUNT + b"\x00xx", "a page without its sizes"),
        (b"\x15\x04" + SIZES + COUNT + b"\x00xx", "a page without its sizes"),  # a dictionary that counts values
        (TYPE + SIZES + COUNT + b"\x3c\x15\x0a\x00\x00xx", "a page without its sizes"),  # headers of both versions
        (TYPE + SIZES + COUNT + b"\x0c\x0a\x15\x0a\x00\x00xx", "a page with two sizes"),
        (TYPE + SIZES + b"\x2c\x15\x0a\x05\x02\x0a\x00\x00xx", "a page with two sizes"),
        (TYPE + b"\x15\x13\x15\x04" + COUNT + b"\x00xx", "a negative size"),
        (TYPE + b"\x15\xff\xff\xff\xff\x1f\x15\x04" + COUNT + b"\x00xx", "an integer of more than 32 bits"),
        (b"\x05\x84\x80\x08\x00" + PAGE, "an integer of more than 16 bits"),
        (PAGE[:-4], "it ends too early"),
    ],
)
def test_a_page_header_that_two_readers_could_read_differently_is_refused(tmp_path, page, expected):
    path = tmp_path / "pages"
    path.write_bytes(page)
    chunks = [Chunk(num_values=5 * page.count(PAGE), packed_bytes=len(page))]
    if isinstance(expected, int):
        assert expected == unpacked(path, chunks)
        return
    with pytest.raises(ValueError, match=expected):
        unpacked(path, chunks)


@pytest.mark.heavy
def test_more_pages_than_any_writer_makes_are_not_read(tmp_path):
    path = tmp_path / "pages"
    path.write_bytes(PAGE * (MAX_PAGES + 1))
    with pytest.raises(ValueError, match="a column of more than 100,000 pages"):
        unpacked(path, [Chunk(num_values=5 * (MAX_PAGES + 1), packed_bytes=path.stat().st_size)])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=6))
def test_changed_bytes_yield_a_size_or_a_value_error(path, changes):
    chunks = columns_of(path)[1].chunks
    data = bytearray(path.read_bytes())
    for place, byte in changes:
        data[int(place * len(data))] = byte
    changed = path.with_name("changed.parquet")
    changed.write_bytes(data)
    with contextlib.suppress(ValueError):
        assert unpacked(changed, chunks) >= 0
