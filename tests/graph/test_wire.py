"""Weight-free reading: what is skipped, what is kept, and what damaged files do."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from tests.graph.models import ALL, LIGHT
from younger_hf import YoungerError, from_onnx
from younger_hf.errors import ModelReadError
from younger_hf.graph.extract import extract
from younger_hf.graph.wire import read_model


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
    for tensor in model.graph.initializer:
        tensor.ClearField("raw_data")
    assert with_weights == from_onnx(model.SerializeToString())


@pytest.mark.parametrize("path", ALL[:: len(ALL) // 40], ids=lambda path: path.parent.name + "/" + path.stem)
def test_the_stripped_model_gives_the_dag_of_the_whole_one(path: Path) -> None:
    assert extract(onnx.load(path, load_external_data=False)) == from_onnx(path)


@pytest.mark.parametrize("field", ["raw_data", "float_data", "double_data", "string_data"])
def test_no_float_or_text_payload_survives(field: str) -> None:
    marker = b"\xab\xcd\xef\x01" * 500
    tensor = TensorProto(name="w", dims=[500])
    if field == "raw_data":
        tensor.data_type, tensor.raw_data = TensorProto.FLOAT, marker
    elif field == "string_data":
        tensor.data_type = TensorProto.STRING
        tensor.string_data.extend([marker[:100]] * 20)
    else:
        tensor.data_type = TensorProto.FLOAT if field == "float_data" else TensorProto.DOUBLE
        getattr(tensor, field).extend([1.25] * 500)
    value = helper.make_tensor_value_info
    node = helper.make_node("Custom", ["x", "w"], ["y"], domain="other", table=tensor)
    graph = helper.make_graph([node], "g", [value("x", 1, [1])], [value("y", 1, [1])], [tensor])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17), helper.make_opsetid("other", 1)])
    stripped, _ = read_model(model.SerializeToString())
    kept = [stripped.graph.initializer[0], stripped.graph.node[0].attribute[0].t]
    assert [(500,), (500,)] == [tuple(each.dims) for each in kept]
    assert [0, 0] == [len(getattr(each, field)) for each in kept]


@pytest.mark.parametrize(("count", "kept"), [(64, True), (65, False)])
def test_integers_are_kept_up_to_64_elements(count: int, kept: bool) -> None:
    tensor = numpy_helper.from_array(np.arange(count, dtype=np.int64), "shape")
    tensor.doc_string = "long enough not to be copied as it is " * 40
    value = helper.make_tensor_value_info
    node = helper.make_node("Reshape", ["x", "shape"], ["y"])
    graph = helper.make_graph([node], "g", [value("x", 1, [1])], [value("y", 1, None)], [tensor])
    dag = from_onnx(helper.make_model(graph).SerializeToString())
    assert (
        ("constant", tuple(range(64))) == (dag.inputs[1].kind, dag.inputs[1].values)
        if kept
        else not dag.inputs[1].values
    )


@pytest.mark.parametrize(
    ("values", "kind"), [([0.5] * 5000, "floats"), (list(range(-2500, 2500)), "ints"), (["word"] * 5000, "strings")]
)
def test_long_attribute_lists_become_their_length(values: list[object], kind: str) -> None:
    node = helper.make_node("Custom", ["x"], ["y"], domain="other", table=values)
    value = helper.make_tensor_value_info
    graph = helper.make_graph([node], "g", [value("x", 1, [1])], [value("y", 1, [1])])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("other", 1)])
    payload = model.SerializeToString()
    assert read_model(payload)[0].ByteSize() < 500
    assert (f'{{"table":{{"length":5000,"type":"{kind}"}}}}',) == from_onnx(payload).attributes


def test_a_sparse_file_of_three_gigabytes_takes_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "sparse.onnx"
    model = onnx.load_model_from_string(heavy_model(1))
    model.graph.initializer[0].ClearField("raw_data")
    size = 3 << 30
    tensor = TensorProto(name="huge", data_type=TensorProto.FLOAT, dims=[size // 4]).SerializeToString()

    def length(value: int) -> bytes:
        digits = []
        while value > 0x7F:
            digits.append(value & 0x7F | 0x80)
            value >>= 7
        return bytes([*digits, value])

    head = tensor + b"\x4a" + length(size)  # field 9, raw_data
    body = b"\x2a" + length(len(head) + size) + head  # field 5 of the graph, an initializer
    graph = model.graph.SerializeToString()
    outside = b"\x3a" + length(len(graph) + len(body) + size) + graph + body  # field 7 of the model, the graph
    model.ClearField("graph")
    with path.open("wb") as file:
        file.write(model.SerializeToString() + outside)
        file.truncate(file.tell() + size)
    assert path.stat().st_size > size
    assert 1 == from_onnx(path).num_nodes


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_damaged_files_give_only_our_errors(data: st.DataObject) -> None:
    payload = bytearray(LIGHT[data.draw(st.integers(0, len(LIGHT) - 1))].read_bytes())
    for _ in range(data.draw(st.integers(1, 8))):
        payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(payload)))
    for damaged in (bytes(payload), bytes(payload[:cut])):
        try:
            from_onnx(damaged)
        except YoungerError as error:
            assert error.message  # noqa: PT017 - that it is ours is what is tested


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_give_only_our_errors(payload: bytes) -> None:
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
    with pytest.raises(ModelReadError, match="nested more than 64 deep"):
        from_onnx(b"\x08\x08" + nest(nest(payload, b"\x0a"), b"\x3a"))


def test_text_mode_and_pipes_are_named(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(LIGHT[0].read_bytes())
    with path.open(encoding="latin-1") as file, pytest.raises(ModelReadError, match="text mode"):
        from_onnx(file)  # type: ignore[arg-type]
    with pytest.raises(ModelReadError, match="seekable binary file, got int"):
        from_onnx(3)  # type: ignore[arg-type]
