"""Reading a model from its wire format: the Dag is that of protobuf, however it is encoded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from google.protobuf.message import Message
from onnx import TensorProto, helper, numpy_helper

from tests.graph.models import LIGHT, parse
from tests.graph.varint import varint
from younger_hf import Dag, from_onnx
from younger_hf.errors import ModelReadError
from younger_hf.graph.read.split_messages import split_node

TEXT = """<ir_version: 8, opset_import: ["" : 17]>
g (float[2, 3] x) => (float[6] z) <int64[1] shape = {6}, float[3] b = {1, 2, 3}> {
    y = Add(x, b)
    s = Constant <value = int64[2] {2, 3}> ()
    r = Reshape(y, s)
    z = Reshape(r, shape)
}"""


def model() -> onnx.ModelProto:
    """A small model with initializers and a Constant."""
    return onnx.ModelProto.FromString(parse(TEXT))


def reversed_fields(message: Message) -> bytes:
    """A message whose fields are in descending order of their numbers, at every depth.

    Repeated fields keep their order.
    """
    pieces = []
    for field, value in reversed(message.ListFields()):
        for item in value if field.is_repeated else [value]:
            alone = type(message)()
            if field.type == field.TYPE_MESSAGE:
                inner = reversed_fields(item)
                pieces.append(varint(field.number << 3 | 2) + varint(len(inner)) + inner)
                continue
            if field.is_repeated:
                getattr(alone, field.name).append(item)
            else:
                setattr(alone, field.name, item)
            pieces.append(alone.SerializePartialToString())
    return b"".join(pieces)


def expected() -> Dag:
    return from_onnx(parse(TEXT))


def test_fields_in_another_order_make_no_difference() -> None:
    payload = reversed_fields(model())
    assert payload != parse(TEXT)
    assert onnx.ModelProto.FromString(payload) == model()
    assert expected() == from_onnx(payload)


def test_a_graph_in_two_pieces_is_one_graph() -> None:
    whole = model()
    first, second = onnx.ModelProto(), onnx.ModelProto()
    first.CopyFrom(whole)
    second.graph.node.extend(whole.graph.node[2:])
    second.graph.output.extend(whole.graph.output)
    del first.graph.node[2:], first.graph.output[:]
    assert expected() == from_onnx(first.SerializeToString() + second.SerializeToString())


def test_unknown_fields_and_metadata_make_no_difference() -> None:
    whole = model()
    for owner in (whole, whole.graph, *whole.graph.node):
        owner.metadata_props.add(key="made", value="by somebody")
        owner.doc_string = "a text " * 300
    unknown = b"\xfa\x3f\x03abc"  # field 1023, three bytes
    assert expected() == from_onnx(whole.SerializeToString() + unknown)
    whole.graph.MergeFromString(unknown)
    whole.graph.node[0].MergeFromString(unknown)
    assert expected() == from_onnx(whole.SerializeToString())


@pytest.mark.parametrize("length", [1, 127, 128, 300, 9_999])
def test_names_of_any_length_are_read(length: int) -> None:
    whole, name = model(), "n" * length
    whole.graph.node[0].output[0] = whole.graph.node[2].input[0] = name
    whole.graph.initializer[1].name = whole.graph.node[0].input[1] = "b" + name
    dag = from_onnx(whole.SerializeToString())
    assert expected().edge_index.tolist() == dag.edge_index.tolist()
    assert "b" + name in {item.name for item in dag.inputs}


def test_an_implausible_name_is_refused() -> None:
    whole = model()
    whole.graph.node[0].output[0] = whole.graph.node[2].input[0] = "n" * 1_000_000
    with pytest.raises(ModelReadError, match="has 1,000,000 characters"):
        from_onnx(whole.SerializeToString())


@pytest.mark.parametrize("place", ["int64_data", "raw_data"])
def test_a_tensor_is_the_same_however_it_stores_its_values(place: str) -> None:
    whole = model()
    tensor = whole.graph.initializer[0]
    tensor.CopyFrom(
        numpy_helper.from_array(np.array([6], dtype=np.int64), "shape")
        if place == "raw_data"
        else TensorProto(name="shape", data_type=TensorProto.INT64, dims=[1], int64_data=[6])
    )
    assert expected() == from_onnx(whole.SerializeToString())


def test_a_node_keeps_its_names_in_order_and_the_rest_without_them() -> None:
    node = helper.make_node("Split", ["x", "", "s"], ["a", "", "b"], "name", axis=1)
    inputs, outputs, rest = split_node(node.SerializeToString())
    assert ([b"x", b"", b"s"], [b"a", b"", b"b"]) == (inputs, outputs)
    assert helper.make_node("Split", [], [], axis=1) == onnx.NodeProto.FromString(rest)


@pytest.mark.parametrize("path", LIGHT, ids=lambda path: path.stem)
def test_real_models_in_another_order_of_fields_are_the_same(path: Path) -> None:
    assert from_onnx(path) == from_onnx(reversed_fields(onnx.load(path)))


@pytest.mark.parametrize("width", [20_000, 300, 40])
def test_a_large_file_is_read_in_windows_as_it_is_read_in_whole(width: int, tmp_path: Path) -> None:
    """Weights of all sizes follow one another, so that headers cross the windows' ends."""
    value, path = helper.make_tensor_value_info, tmp_path / "model.onnx"
    sizes = [(7 * number) % width + 1 for number in range(400)]
    weights = [numpy_helper.from_array(np.ones(n, np.float32), f"layer.{k}.weight") for k, n in enumerate(sizes)]
    nodes = [helper.make_node("Custom", ["x", *(w.name for w in weights)], ["y"], domain="own", large="a" * 70_000)]
    graph = helper.make_graph(nodes, "g", [value("x", 1, [1])], [value("y", 1, [1])], weights)
    graph.metadata_props.add(key="made", value="by somebody " * 100_000)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
    path.write_bytes(helper.make_model(graph, opset_imports=opsets).SerializeToString())
    assert path.stat().st_size > 1 << 20
    dag = from_onnx(path)
    assert [("parameter", w.name, (n,)) for w, n in zip(weights, sizes, strict=True)] == [
        (item.kind, item.name, item.shape) for item in dag.inputs[1:]
    ]
