"""Files that cost far more than their size, all real and within the upload limit."""

from __future__ import annotations

import gzip
import io
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.submission.attacks.files import Rows, column_of, zipped
from younger_hf.submission import MAX_BYTES
from younger_hf.submission.format.prediction_rows import MAX_ROW_BYTES

SCORES = pa.list_(pa.float32())
SMALL = {"compression": "zstd", "write_statistics": False, "store_schema": False}
ONE_PAGE = {**SMALL, "data_page_size": 2**31 - 1}


def run_lengths(path: Path, valid: Rows) -> None:
    """400 MB of integers, all equal, in one row: less than a kilobyte of run lengths."""
    path.write_bytes(_run_lengths(next(iter(valid)), column_of(valid)))


@cache
def _run_lengths(graph_id: str, column: str) -> bytes:
    values = pa.array(np.zeros(100_000_000, np.int32))
    lists = pa.ListArray.from_arrays(pa.array([0, len(values)], pa.int32()), values)
    file = io.BytesIO()
    pq.write_table(pa.table({"graph_id": [graph_id], column: lists}), file, **ONE_PAGE)
    return file.getvalue()


def run_lengths_denied_by_the_footer(path: Path, valid: Rows) -> None:
    """The same with a footer that says 700 integers."""
    run_lengths(path, valid)
    lie(path, 100_000_000, 700)


def fixed_lists(path: Path, valid: Rows) -> None:
    """Two null lists of a fixed size: 400 MB in memory, and nothing in any page."""
    lists = pa.nulls(2, pa.list_(pa.float32(), 50_000_000))
    pq.write_table(pa.table({"graph_id": list(valid)[:2], column_of(valid): lists}), path)


def dictionary_text(path: Path, valid: Rows) -> None:
    """2 GB of ids in about 500 bytes: a thousand rows share one of two million characters."""
    ids = pa.DictionaryArray.from_arrays(pa.array([0] * 1000, pa.int32()), ["x" * 2_000_000])
    pq.write_table(_with_scores(ids), path, **SMALL)


def long_dictionary_denied_by_the_footer(path: Path, valid: Rows) -> None:
    """An id of 300 million characters, with a footer that says five thousand."""
    _write_denied(path, pa.DictionaryArray.from_arrays(pa.array([0] * 40, pa.int32()), ["x" * 300_000_000]))


def plain_text_denied_by_the_footer(path: Path, valid: Rows) -> None:
    """300 MB of ids without a dictionary, with a footer that says five thousand bytes."""
    _write_denied(path, pa.array(["x" * 1_000_000] * 300), use_dictionary=False)


def shared_prefixes(path: Path, valid: Rows) -> None:
    """400 MB of ids, each written as how much of the one before it repeats."""
    options = {"use_dictionary": False, "column_encoding": {"graph_id": "DELTA_BYTE_ARRAY"}}
    pq.write_table(_with_scores(pa.array(["x" * 1_000_000] * 400)), path, **ONE_PAGE, **options)


def page_ratio(path: Path, valid: Rows) -> None:
    """30 MB of ids that compress to a few kilobytes."""
    pq.write_table(_with_scores(pa.array(["x" * 1_000_000] * 30)), path, use_dictionary=False, compression="zstd")


def many_rows(path: Path, valid: Rows) -> None:
    """Five million rows of run lengths."""
    ids = pa.DictionaryArray.from_arrays(pa.array(np.zeros(5_000_000, np.int32)), ["500"])
    lists = pa.ListArray.from_arrays(pa.array(np.zeros(5_000_001, np.int32)), pa.array([], pa.float32()))
    pq.write_table(pa.table({"graph_id": ids, "scores": lists}), path, **SMALL, row_group_size=len(ids))


def many_rows_denied_by_the_footer(path: Path, valid: Rows) -> None:
    """The same with a footer that says forty."""
    many_rows(path, valid)
    lie(path, 5_000_000, 40)


def long_footer(path: Path, valid: Rows) -> None:
    """60 MB of footer: a list of as many structs of nothing."""
    footer = b"\x15\x02\x29\xfc" + b"\xff\xff\xff\x1f" + bytes(60 * 2**20)
    path.write_bytes(b"PAR1" + footer + len(footer).to_bytes(4, "little") + b"PAR1")


def columns(count: int, **options: object):
    """Parquet with many columns of nothing."""

    def make(path: Path, valid: Rows) -> None:
        extra = {f"column {index}": pa.nulls(1, pa.int8()) for index in range(count)}
        pq.write_table(pa.table({"graph_id": [next(iter(valid))], column_of(valid): [[0.5]], **extra}), path, **options)

    return make


def nested(depth: int):
    """Parquet with lists in lists in lists."""

    def make(path: Path, valid: Rows) -> None:
        kind = pa.float32()
        for _ in range(depth):
            kind = pa.list_(kind)
        lists = pa.array([None] * len(valid), kind)
        pq.write_table(pa.table({"graph_id": list(valid), column_of(valid): lists}), path, store_schema=False)

    return make


def gzip_ratio(path: Path, valid: Rows) -> None:
    """A gigabyte of zeros as gzip: 64 members, one behind the other."""
    path.write_bytes(gzip.compress(bytes(2**24)) * 64)


def nested_archives(path: Path, valid: Rows) -> None:
    """Ten archives in each of ten archives, down to a megabyte of zeros: 10 GB in kilobytes."""
    content = bytes(2**20)
    for _ in range(4):
        content = zipped({f"{index}.zip": content for index in range(10)})
    path.write_bytes(content)


def long_line(start: str, filling: str, end: str, size: int = MAX_BYTES):
    """A text file of just the largest size, made of one line; a CSV file has a header before it."""

    def make(path: Path, valid: Rows) -> None:
        before = f"graph_id,{column_of(valid)}\n{start}" if path.suffix == ".csv" else start
        room = size - len(before.encode()) - len(end.encode()) - 1
        path.write_bytes(before.encode() + filling.encode() * (room // len(filling.encode())) + end.encode() + b"\n")

    return make


def long_header(path: Path, valid: Rows) -> None:
    """A CSV file of just the largest size that is one header."""
    path.write_bytes(b"graph_id,scores,".ljust(MAX_BYTES - 1, b"c") + b"\n")


def wide_lines(path: Path, valid: Rows) -> None:
    """Lines just below the longest that are parsed.

    One character of each makes all others take four bytes in memory.
    """
    line = b'{"graph_id": "\xf0\x9f\x98\x80'.ljust(MAX_ROW_BYTES - 1, b"x") + b"\n"
    path.write_bytes(line * (MAX_BYTES // len(line)))


def many_keys(path: Path, valid: Rows) -> None:
    """Lines with 100,000 keys each, up to the largest size."""
    line = b"{" + b",".join(b'"k%d":0' % index for index in range(100_000)) + b"}\n"
    path.write_bytes(line * (MAX_BYTES // len(line) // 4))


def many_header_cells(path: Path, valid: Rows) -> None:
    """A CSV header of a million columns."""
    path.write_bytes(b"graph_id,scores," + b",".join(b"c%d" % index for index in range(1_000_000)) + b"\n")


def ragged_rows(path: Path, valid: Rows) -> None:
    """A CSV file of a hundred thousand rows, none of which fits the header."""
    path.write_bytes(b"graph_id,scores\n" + b"x\n" * 100_000)


def lie(path: Path, truth: int, claim: int) -> None:
    """Replace a number in a Parquet footer by another one that takes as many bytes."""
    data = path.read_bytes()
    start = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    footer, old = data[start:-8], _varint(truth)
    assert old in footer
    path.write_bytes(data[:start] + footer.replace(old, _varint(claim, len(old))) + data[-8:])


def _varint(value: int, width: int = 0) -> bytes:
    """A number as Thrift's compact protocol writes it; leading zeros give it a width."""
    rest, groups = value << 1, []
    while rest or not groups:
        groups.append(rest & 0x7F)
        rest >>= 7
    groups += [0] * (width - len(groups))
    return bytes([*(group | 0x80 for group in groups[:-1]), groups[-1]])


def _with_scores(ids: pa.Array) -> pa.Table:
    return pa.table({"graph_id": ids, "scores": pa.array([[0.5]] * len(ids), SCORES)})


def _write_denied(path: Path, ids: pa.Array, **options: object) -> None:
    pq.write_table(_with_scores(ids), path, **ONE_PAGE, **options)
    group = pq.read_metadata(path).row_group(0)
    for truth in (group.column(0).total_uncompressed_size, group.total_byte_size):
        lie(path, truth, 5000)
