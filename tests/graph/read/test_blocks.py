"""The window over a file: the same bytes wherever it is, and lists counted without storing them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.sparse import varint
from younger_hf.errors import ModelReadError
from younger_hf.graph.read.blocks import CHUNK, LOCAL, REMOTE, Blocks, Pace

FILE = bytes(range(256)) * 1024


def blocks_of(data: bytes, pace: Pace = LOCAL) -> Blocks:
    return Blocks(lambda start, stop: data[start:stop], len(data), "file", pace)


@given(st.lists(st.integers(0, len(FILE) - 1), max_size=30), st.sampled_from([LOCAL, REMOTE]))
def test_the_window_shows_the_file_wherever_it_moves(starts: list[int], pace: Pace) -> None:
    blocks = blocks_of(FILE, pace)
    for start in starts:
        blocks.move(start, start)
        assert start == blocks.base
        assert FILE[start : start + len(blocks.data)] == blocks.data
        assert blocks.safe >= start
        assert FILE[start : start + 3000] == blocks.read(start, min(start + 3000, len(FILE)))


def test_blocks_grow_while_reading_goes_on_and_are_small_behind_a_skip() -> None:
    reads: list[int] = []

    def load(start: int, stop: int) -> bytes:
        reads.append(stop - start)
        return bytes(stop - start)

    blocks = Blocks(load, 1 << 30, "file", REMOTE)
    for _ in range(4):
        blocks.move(blocks.base + len(blocks.data), 0)
    for gap in (1 << 10, 1 << 20, 100 << 20):
        position = blocks.base + len(blocks.data) + gap
        blocks.move(position, position)
    assert [65536, 131072, 262144, 262144, 512, 8192, 65536] == reads


@given(st.lists(st.integers(0, 2**64 - 1), max_size=50), st.integers(0, 9))
def test_packed_integers_are_counted(numbers: list[int], before: int) -> None:
    data = bytes(before) + b"".join(map(varint, numbers))
    assert len(numbers) == blocks_of(data).count_varints(before, len(data))


def test_long_lists_are_counted_across_chunks() -> None:
    packed = b"\xff\x01" * CHUNK + b"\x07"
    assert CHUNK + 1 == blocks_of(packed).count_varints(0, len(packed))
    fields = b"\x40\x80\x01" * CHUNK + b"\x0a\x01n"
    assert (CHUNK, 3 * CHUNK) == blocks_of(fields).count_fields(0, len(fields), 0x40, 0)
    floats = b"\x3d\x3d\x3d\x00\x80" * CHUNK
    assert (CHUNK, 5 * CHUNK) == blocks_of(floats).count_fields(0, len(floats), 0x3D, 4)


@given(st.lists(st.integers(0, 2**64 - 1), max_size=900), st.binary(max_size=40))
def test_integers_with_a_field_each_are_counted(numbers: list[int], behind: bytes) -> None:
    fields = b"".join(b"\x40" + varint(number) for number in numbers)
    data = fields + b"\x0a" + behind
    assert (len(numbers), len(fields)) == blocks_of(data).count_fields(0, len(data), 0x40, 0)


def test_a_number_that_does_not_end_is_not_counted() -> None:
    data = b"\x40\x01" + b"\x40" + b"\xff" * 60
    assert (1, 2) == blocks_of(data).count_fields(0, len(data), 0x40, 0)


def test_a_list_on_a_server_is_read_up_to_a_limit() -> None:
    blocks = Blocks(lambda start, stop: bytes(stop - start), 1 << 40, "file", REMOTE)
    with pytest.raises(ModelReadError, match="lists of more than 64 MiB"):
        blocks.count_varints(0, 1 << 30)


def test_a_file_that_ends_early_is_named() -> None:
    blocks = Blocks(lambda start, stop: FILE[start:stop], len(FILE) + 100, "file", LOCAL)
    with pytest.raises(ModelReadError, match=f"expected a file of {len(FILE) + 100} bytes"):
        blocks.load(len(FILE) - 10, len(FILE) + 10)


def test_no_more_than_the_limit_is_stored() -> None:
    blocks = blocks_of(FILE)
    assert FILE[:1000] == blocks.keep(0, 1000, 1 << 20)
    with pytest.raises(ModelReadError, match="larger than 0 MiB"):
        blocks.keep(0, 1000, 1500)
