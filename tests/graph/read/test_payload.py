"""The payload that a stripped model keeps of tensors and lists, wherever they are."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import AttributeProto, SparseTensorProto, TensorProto, helper, numpy_helper

from benchmarks.sparse import field, varint
from younger_hf import from_onnx
from younger_hf.graph.onnx_types import INTEGER_TYPES, omitted_length
from younger_hf.graph.read.weight_stripper import read_model


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
def test_integers_stay_up_to_64_elements(count: int, kept: bool) -> None:
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


PADDINGS = st.sampled_from([0, 3000])  # in a small message, and in one that is looked into
KEPT = {
    **dict.fromkeys(INTEGER_TYPES | {TensorProto.BOOL}, 64),
    **dict.fromkeys((TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.BFLOAT16), 1),
}
FIELDS = ("raw_data", "float_data", "int32_data", "int64_data", "uint64_data", "double_data", "string_data")


@settings(deadline=None)
@given(
    st.sampled_from(sorted(set(TensorProto.DataType.values()) - {0})),
    st.lists(st.integers(0, 9), max_size=3),
    st.sampled_from(FIELDS),
    PADDINGS,
)
def test_only_small_integers_truths_and_single_floats_keep_their_payload(
    kind: int, dims: list[int], payload: str, padding: int
) -> None:
    tensor = TensorProto(name="w", data_type=kind, dims=dims, doc_string="d" * padding)
    size = int(np.prod(dims, dtype=np.int64))
    if payload == "raw_data":
        tensor.raw_data = bytes(size)
    else:
        getattr(tensor, payload).extend([b"a" if payload == "string_data" else 1] * size)
    sparse = SparseTensorProto(dims=[100], values=tensor, indices=tensor)
    inner = helper.make_graph([], "inner", [], [], [tensor])
    node = helper.make_node("Custom", ["x", "w"], ["y"], domain="other", t=tensor, l=[tensor, tensor], g=inner)
    node.attribute.append(AttributeProto(name="s", type=AttributeProto.SPARSE_TENSOR, sparse_tensor=sparse))
    node.attribute.append(AttributeProto(name="lie", type=AttributeProto.INT, t=tensor, doc_string="d" * 64))
    value = helper.make_tensor_value_info
    graph = helper.make_graph([node], "g", [value("x", 1, [1])], [value("y", 1, [1])], [tensor])
    graph.sparse_initializer.append(sparse)
    function = helper.make_function("other", "F", ["a"], ["b"], [node], [helper.make_opsetid("other", 1)])
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("other", 1)]
    payload_bytes = helper.make_model(graph, opset_imports=opsets, functions=[function]).SerializeToString()
    stripped, _ = read_model(payload_bytes)
    kept = size <= KEPT.get(kind, 0)
    dense, sparse_parts = tensors_of(stripped)
    assert (11, 6) == (len(dense), len(sparse_parts))
    for each in dense + sparse_parts:
        assert (kind, dims) == (each.data_type, list(each.dims))
    for each in sparse_parts:
        assert not any(getattr(each, name) for name in FIELDS)
    for each in dense:
        assert (size if kept else 0) == len(getattr(each, payload))


def tensors_of(model: onnx.ModelProto) -> tuple[list[TensorProto], list[TensorProto]]:
    """Every dense tensor of a model, and every part of a sparse one."""
    dense: list[TensorProto] = []
    parts: list[TensorProto] = []

    def descend(message: Message) -> None:
        if isinstance(message, TensorProto):
            dense.append(message)
        elif isinstance(message, SparseTensorProto):
            parts.extend([message.values, message.indices])
        else:
            for description, value in message.ListFields():
                if description.message_type:
                    for inner in [value] if isinstance(value, Message) else value:
                        descend(inner)

    descend(model)
    return dense, parts


@settings(deadline=None)
@given(
    st.sampled_from(["floats", "ints", "strings"]), st.integers(1, 130), st.booleans(), PADDINGS, st.integers(0, 2**62)
)
def test_lists_of_more_than_64_elements_become_their_length(
    name: str, length: int, packed: bool, padding: int, number: int
) -> None:
    kinds = {"floats": AttributeProto.FLOATS, "ints": AttributeProto.INTS, "strings": AttributeProto.STRINGS}
    attribute = AttributeProto(name="table", type=kinds[name], doc_string="d" * padding)
    if packed and name == "ints":
        attribute.MergeFromString(b"".join(map(bytes, field(8, [varint(number) * length]))))  # type: ignore[arg-type]
    elif packed and name == "floats":
        attribute.MergeFromString(b"".join(map(bytes, field(7, [b"\0\0\x80\x3f" * length]))))  # type: ignore[arg-type]
    else:
        getattr(attribute, name).extend([{"floats": 1.5, "ints": number, "strings": b"word"}[name]] * length)
    value = helper.make_tensor_value_info
    node = helper.make_node("Custom", ["x"], ["y"], domain="other")
    node.attribute.append(attribute)
    graph = helper.make_graph([node], "g", [value("x", 1, [1])], [value("y", 1, [1])])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("other", 1)])
    stripped = read_model(model.SerializeToString())[0].graph.node[0].attribute[0]
    assert (None if length <= 64 else length) == omitted_length(stripped)
    assert (length if length <= 64 else 0) == len(getattr(stripped, name))


@pytest.mark.parametrize("name", FIELDS[:2])
def test_heavy_constants_and_initializers_lose_only_their_payload(name: str) -> None:
    weight = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[1000, 3])
    if name == "raw_data":
        weight.raw_data = bytes(12_000)
    else:
        weight.float_data.extend([0.5] * 3000)
    value = helper.make_tensor_value_info
    nodes = [
        helper.make_node("Constant", [], ["c"], "constant", value=weight),
        helper.make_node("Add", ["c", "w"], ["y"]),
    ]
    model = helper.make_model(helper.make_graph(nodes, "g", [], [value("y", 1, [1000, 3])], [weight]))
    payload = model.SerializeToString()
    for each in (model.graph.initializer[0], model.graph.node[0].attribute[0].t):
        each.ClearField(name)  # type: ignore[arg-type]
    assert model == read_model(payload)[0]


@pytest.mark.parametrize("size", [10, 2000])
def test_external_data_is_neither_opened_nor_stored(size: int) -> None:
    tensor = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[3], data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="n" * size)
    value = helper.make_tensor_value_info
    node = helper.make_node("Add", ["x", "w"], ["y"])
    graph = helper.make_graph([node], "g", [value("x", 1, [3])], [value("y", 1, [3])], [tensor])
    kept = read_model(helper.make_model(graph).SerializeToString())[0].graph.initializer[0]
    assert TensorProto(name="w", data_type=1, dims=[3], data_location=TensorProto.EXTERNAL) == kept
