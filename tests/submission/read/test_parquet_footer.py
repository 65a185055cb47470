"""Sizes read from a Parquet footer are those that pyarrow reads, and damaged footers are named."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from younger_hf.submission.read.parquet_footer import column_sizes

TABLE = pa.table(
    {
        "graph_id": [f"graph {index}" for index in range(1000)],
        "scores": pa.array([np.full(index % 7, 0.5, np.float32) for index in range(1000)], pa.list_(pa.float32())),
        "nested": pa.array([[{"a": 1, "b": [None, "x"]}]] * 1000),
        "flag": pa.array([True, None] * 500),
    }
)


def footer_of(path):
    data = path.read_bytes()
    return data[-8 - int.from_bytes(data[-8:-4], "little") : -8]


@pytest.fixture(scope="module")
def footer(tmp_path_factory):
    path = tmp_path_factory.mktemp("footer") / "table.parquet"
    pq.write_table(TABLE, path, row_group_size=300)
    return footer_of(path)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"row_group_size": 1},
        {"row_group_size": 77, "compression": "zstd", "write_page_index": True, "write_page_checksum": True},
        {"use_dictionary": False, "write_statistics": False, "store_schema": False, "version": "1.0"},
        {"sorting_columns": [pq.SortingColumn(0)], "use_byte_stream_split": False, "compression": "none"},
    ],
    ids=str,
)
def test_sizes_are_those_that_pyarrow_reads(tmp_path, options):
    path = tmp_path / "table.parquet"
    pq.write_table(TABLE.replace_schema_metadata({"key": "value" * 1000}), path, **options)
    metadata = pq.read_metadata(path)
    groups = [metadata.row_group(index) for index in range(metadata.num_row_groups)]
    expected = [
        (
            sum(group.column(leaf).num_values for group in groups),
            sum(group.column(leaf).total_uncompressed_size for group in groups),
        )
        for leaf in range(metadata.num_columns)
    ]
    assert expected == [(size.num_values, size.unpacked_bytes) for size in column_sizes(footer_of(path))]


@pytest.mark.heavy
def test_a_footer_that_ends_too_early_is_named_wherever_it_is_cut(footer):
    for length in range(len(footer)):
        with pytest.raises(ValueError, match="it ends too early"):
            column_sizes(footer[:length])


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
@example(b"\x1c" * 10_000)  # structs in structs
@example(b"\x19\xfc" + b"\xff" * 9 + b"\x01")  # a list of 2**63 structs
@example(b"\x19" * 10_000)  # lists of lists
@example(b"\x1b\xff\xff\xff\xff\x0f\xcc")  # a map of 2**32 structs
@example(b"\xff" * 100)
def test_arbitrary_bytes_yield_sizes_or_a_value_error(data):
    try:
        sizes = column_sizes(data)
    except ValueError:
        return
    assert all(size.num_values >= 0 and size.unpacked_bytes >= 0 for size in sizes)


def test_a_negative_size_is_named(footer):
    # ColumnMetaData of the first column: field 5, an i64, is its number of values: 300,
    # zigzag-encoded 600
    assert b"\x16\xd8\x04" in footer
    with pytest.raises(ValueError, match="a negative size"):
        column_sizes(footer.replace(b"\x16\xd8\x04", b"\x16\xd9\x04"))
