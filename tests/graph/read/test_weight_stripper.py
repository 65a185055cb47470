"""Reading without weights: what is skipped, what stays, and how damaged files behave."""

from __future__ import annotations

import gzip
import io
import os
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

import numpy as np
import onnx
import pytest
from google.protobuf.message import DecodeError
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import AttributeProto, TensorProto, helper, numpy_helper

from benchmarks.sparse import Parts, field, tensor, write_model
from tests.graph.models import ALL, LIGHT
from younger_hf import YoungerError, from_onnx
from younger_hf.errors import ModelReadError
from younger_hf.graph.read.extract import extract


class CountingFile(io.BytesIO):
    """A file that counts the bytes that are read from it."""

    bytes_read = 0

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.bytes_read += len(data)
        return data


def heavy_model(layers: int = 4, width: int = 512) -> bytes:
    """A chain of matrix products with real weights, a megabyte each."""
    value = helper.make_tensor_value_info
    weights = [
        numpy_helper.from_array(np.full((width, width), 1.5, dtype=np.float32), f"w{number}")
        for number in range(layers)
    ]
    names = ["x", *(f"y{number}" for number in range(layers))]
    nodes = [helper.make_node("MatMul", [names[n], f"w{n}"], [names[n + 1]]) for n in range(layers)]
    graph = helper.make_graph(nodes, "g", [value("x", 1, [1, width])], [value(names[-1], 1, [1, width])], weights)
    return helper.make_model(graph).SerializeToString()


def test_weights_are_not_read() -> None:
    payload = heavy_model()
    file = CountingFile(payload)
    dag = from_onnx(file)
    assert 4 == dag.num_nodes
    assert len(payload) > 4_000_000
    assert file.bytes_read < 0.02 * len(payload)


def test_a_model_is_the_same_with_and_without_its_weights() -> None:
    model = onnx.load_model_from_string(heavy_model())
    with_weights = from_onnx(model.SerializeToString())
    for weight in model.graph.initializer:
        weight.ClearField("raw_data")
    assert with_weights == from_onnx(model.SerializeToString())


@pytest.mark.parametrize("path", ALL[:: len(ALL) // 40], ids=lambda path: path.parent.name + "/" + path.stem)
def test_the_stripped_model_has_the_dag_of_the_whole_one(path: Path) -> None:
    assert extract(onnx.load(path, load_external_data=False)) == from_onnx(path)


GIGABYTE = 1 << 30
PEAK = """
import re, sys
from pathlib import Path
from younger_hf.graph.read.extract import from_onnx
dag = from_onnx(sys.argv[1])
print(dag.num_nodes, re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1], dag.attributes[-1])
"""  # VmHWM: most kilobytes the process ever had in memory; getrusage's figure may be its parent's


def read_in_a_new_process(path: Path) -> tuple[int, int, str]:
    """Number of nodes, peak memory in bytes, and the last node's attributes."""
    run = subprocess.run([sys.executable, "-c", PEAK, str(path)], capture_output=True, text=True, check=True)
    nodes, kilobytes, attributes = run.stdout.split()
    return int(nodes), 1024 * int(kilobytes), attributes


def long_list(kind: int, number: int, size: int) -> Parts:
    return [AttributeProto(name="table", type=kind).SerializeToString(), *field(number, [size])]


@pytest.mark.heavy
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from Linux's /proc")
@pytest.mark.parametrize(
    ("weights", "attribute", "expected"),
    [
        ([tensor("w0", 3 * GIGABYTE)], None, "{}"),
        ([tensor(f"w{number}", GIGABYTE) for number in range(3)], None, "{}"),
        ([tensor("w0", 3 * GIGABYTE, payload_field=4)], None, "{}"),
        (
            [],
            long_list(AttributeProto.FLOATS, 7, 3 * GIGABYTE),
            f'{{"table":{{"length":{3 * GIGABYTE // 4},"type":"floats"}}}}',
        ),
        pytest.param(
            [],
            long_list(AttributeProto.INTS, 8, 3 * GIGABYTE),  # a zero byte is an integer
            f'{{"table":{{"length":{3 * GIGABYTE},"type":"ints"}}}}',
            marks=pytest.mark.slow,
        ),
    ],
    ids=["one tensor", "three tensors", "packed floats", "list of floats", "list of integers"],
)
def test_three_gigabytes_are_read_within_300_megabytes(
    tmp_path: Path, weights: list[Parts], attribute: Parts | None, expected: str
) -> None:
    path = tmp_path / "sparse.onnx"
    write_model(path, weights, attribute)
    assert path.stat().st_size > 3 * GIGABYTE
    nodes, peak, attributes = read_in_a_new_process(path)
    assert (len(weights) + 1, expected) == (nodes, attributes)
    assert peak < 300_000_000


def test_an_open_file_stays_where_it_is() -> None:
    with LIGHT[0].open("rb") as file:
        file.seek(7)
        assert from_onnx(LIGHT[0]) == from_onnx(file)
        assert 7 == file.tell()


def test_a_compressed_file_is_read_through_its_decompression(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx.gz"
    path.write_bytes(gzip.compress(LIGHT[0].read_bytes()))
    with gzip.open(path) as file:
        assert from_onnx(LIGHT[0]) == from_onnx(file)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_damaged_files_raise_only_our_errors(data: st.DataObject) -> None:
    payload = bytearray(LIGHT[data.draw(st.integers(0, len(LIGHT) - 1))].read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(payload)))
    for damaged in (bytes(payload), bytes(payload[:cut])):
        try:
            from_onnx(damaged)
        except YoungerError as error:
            assert error.message  # noqa: PT017 - that it is ours is what is tested


def heavy_and_odd() -> bytes:
    """Weights of 2 kB in initializers, Constant nodes and a sub-graph, as bytes and floats."""
    raw = numpy_helper.from_array(np.full(600, 1.5, dtype=np.float32), "raw")
    floats = TensorProto(name="floats", data_type=TensorProto.FLOAT, dims=[600], float_data=[0.5] * 600)
    value = helper.make_tensor_value_info
    inner = helper.make_graph(
        [helper.make_node("Add", ["raw", "floats"], ["z"])], "inner", [], [value("z", 1, [600])], [raw, floats]
    )
    nodes = [
        helper.make_node("Constant", [], ["c"], "constant", value=raw),
        helper.make_node("Constant", [], ["d"], value=floats),
        helper.make_node("If", ["x"], ["e"], "if", then_branch=inner, else_branch=inner),
        helper.make_node("Sum", ["c", "d", "e", "u", "v"], ["y"]),
    ]
    raw_u, floats_v = TensorProto(), TensorProto()
    raw_u.CopyFrom(raw)
    floats_v.CopyFrom(floats)
    raw_u.name, floats_v.name = "u", "v"
    inputs, outputs = [value("x", TensorProto.BOOL, [])], [value("y", 1, [600])]
    graph = helper.make_graph(nodes, "g", inputs, outputs, [raw_u, floats_v])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]).SerializeToString()


HEAVY_AND_ODD = heavy_and_odd()
TELLING = [n for n, byte in enumerate(HEAVY_AND_ODD) if n < 200 or set(HEAVY_AND_ODD[n - 64 : n + 64]) - {0, 192, 63}]
"""Positions where a change affects more than a weight."""


@settings(max_examples=1000, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(TELLING), st.integers(0, 255)), max_size=3))
def test_a_damaged_file_has_the_dag_of_the_whole_file_or_raises(changes: list[tuple[int, int]]) -> None:
    damaged = bytearray(HEAVY_AND_ODD)
    for position, byte in changes:
        damaged[position] = byte
    try:
        expected: object = extract(onnx.load_model_from_string(bytes(damaged)))
    except (DecodeError, YoungerError):
        expected = None
    try:
        assert expected == from_onnx(bytes(damaged))
    except YoungerError:
        assert changes


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_raise_only_our_errors(payload: bytes) -> None:
    with pytest.raises(ModelReadError, match="<bytes>"):
        from_onnx(payload)


def test_deep_nesting_is_refused() -> None:
    def nest(inner: bytes, tag: bytes) -> bytes:
        digits, value = [], len(inner)
        while value > 0x7F:
            digits.append(value & 0x7F | 0x80)
            value >>= 7
        return tag + bytes([*digits, value]) + inner

    payload = b"\x22" + b"\x05" + b"Relu!" + b"\x32" + b"\x90\x10" + b" " * 2064  # a node that is not small
    for _ in range(80):  # node -> attribute -> graph -> node
        payload = nest(nest(nest(payload, b"\x0a"), b"\x32"), b"\x2a")
    with pytest.raises(ModelReadError, match=r"nested more than 64 deep|MaxDepth"):
        from_onnx(b"\x08\x08" + nest(nest(payload, b"\x0a"), b"\x3a"))


def closed(path: Path) -> BinaryIO:
    with path.open("rb") as file:
        return file


def test_text_mode_closed_files_and_pipes_are_named(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(LIGHT[0].read_bytes())
    with path.open(encoding="latin-1") as file, pytest.raises(ModelReadError, match="text mode"):
        from_onnx(file)  # type: ignore[arg-type]
    with pytest.raises(ModelReadError, match="cannot be read at any position"):
        from_onnx(closed(path))
    reader, writer = os.pipe()
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe, pytest.raises(ModelReadError, match="cannot be read at any position"):
        from_onnx(pipe)
    with pytest.raises(ModelReadError, match="seekable binary file, got int"):
        from_onnx(3)  # type: ignore[arg-type]
