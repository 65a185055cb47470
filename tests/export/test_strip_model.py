"""Stripping removes every weight wherever it is in a model, and preserves the architecture."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnx.parser
import pytest
from onnx import TensorProto, helper, numpy_helper

from tests.export.tiny import messages
from younger_hf.export.strip_model import drop_weights, strip
from younger_hf.graph.read.extract import extract
from younger_hf.sources.presets import preset

LIGHT = [Path(c.recipe["path"]) for c in preset("mini") if c.recipe["kind"] == "file"]


def tensor(name: str, *shape: int, dtype: type = np.float32) -> TensorProto:
    return numpy_helper.from_array(np.arange(np.prod(shape, dtype=int), dtype=dtype).reshape(shape), name)


def model_of(graph: onnx.GraphProto, **fields: object) -> onnx.ModelProto:
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], **fields)


def value(name: str, *shape: int) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


def sparse(name: str) -> onnx.SparseTensorProto:
    return helper.make_sparse_tensor(tensor(name, 3), tensor("positions", 3, dtype=np.int64), [100])


def test_every_place_of_a_tensor_is_emptied() -> None:
    """Places are initializers, attributes of all kinds, sub-graphs, functions and training."""
    constant = helper.make_node("Constant", [], ["c"], value=tensor("", 4))
    many = helper.make_node("Custom", ["c"], ["d"], domain="own", parts=[tensor("", 4), tensor("", 5)])
    sparse_constant = helper.make_node("Constant", [], ["s"], sparse_value=sparse(""))
    inner = helper.make_graph([constant], "inner", [], [value("c", 4)], initializer=[tensor("unused", 4)])
    condition = helper.make_node("If", ["flag"], ["i"], then_branch=inner, else_branch=inner)
    outer = helper.make_graph([condition], "outer", [], [value("i", 4)])
    nested = helper.make_node("If", ["flag"], ["j"], then_branch=outer, else_branch=outer)
    graphs = helper.make_node("Custom", ["c"], ["g"], domain="own", bodies=[inner, outer])
    function = helper.make_function("own", "F", [], ["c"], [constant], [helper.make_opsetid("", 17)])
    graph = helper.make_graph(
        [constant, many, sparse_constant, nested, graphs],
        "g",
        [helper.make_tensor_value_info("flag", TensorProto.BOOL, [])],
        [value("j", 4)],
        initializer=[tensor("w", 2, 3), tensor("bytes", 65, dtype=np.int8)],
        sparse_initializer=[sparse("pruned")],
    )
    model = model_of(graph, functions=[function])
    model.training_info.add().initialization.CopyFrom(inner)
    before = sum(isinstance(m, TensorProto) for m in messages(model))
    assert 20 < before

    drop_weights(model)

    tensors = [m for m in messages(model) if isinstance(m, TensorProto)]
    assert set() == {field.name for t in tensors for field, _ in t.ListFields()} - {"name", "data_type", "dims"}
    assert [("w", [2, 3]), ("bytes", [65])] == [(t.name, list(t.dims)) for t in model.graph.initializer]
    kept = model.graph.sparse_initializer[0]
    assert ("pruned", TensorProto.FLOAT, [100]) == (kept.values.name, kept.values.data_type, list(kept.dims))


def test_whole_numbers_up_to_64_keep_their_values_and_others_do_not() -> None:
    few = [tensor("axes", 64, dtype=dtype) for dtype in (np.int64, np.int32, np.uint8)]
    others = [tensor("many", 65, dtype=np.int64), tensor("flags", 2, dtype=np.bool_), tensor("scale", 1)]
    elsewhere = TensorProto(name="far", data_type=TensorProto.INT64, dims=[2], data_location=TensorProto.EXTERNAL)
    elsewhere.external_data.add(key="location", value="/home/someone/weights.bin")
    graph = helper.make_graph([], "g", [], [], initializer=[*few, *others, elsewhere])
    model = drop_weights(model_of(graph))
    for before, after in zip(few, model.graph.initializer[:3], strict=True):
        assert numpy_helper.to_array(before).tolist() == numpy_helper.to_array(after).tolist()
    assert not any(t.raw_data or t.external_data for t in model.graph.initializer[3:])


def test_traces_of_where_a_model_was_written_are_removed() -> None:
    node = helper.make_node("Softmax", ["x"], ["y"], doc_string="File /home/someone/model.py, line 3", axis=0)
    node.attribute[0].doc_string = "/home/someone"
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, [2], doc_string="/home/someone")
    graph = helper.make_graph([node], "g", [given], [value("y", 2)], doc_string="/home/someone")
    model = model_of(graph, doc_string="/home/someone")
    for owner in (model, graph, node):
        owner.metadata_props.add(key="pkg.torch.onnx.stack_trace", value="/home/someone/model.py")
    model.graph.CopyFrom(graph)
    assert b"someone" not in strip(model, {"x"}).SerializeToString()


@pytest.mark.parametrize("path", LIGHT, ids=lambda path: path.stem)
def test_the_dag_does_not_change(path: Path) -> None:
    """`Dag.__eq__` compares everything: nodes, attributes, edges, inputs and outputs."""
    model = onnx.load(path)
    expected = extract(model)
    assert expected == extract(drop_weights(model))


def test_inputs_that_are_parameters_become_initializers() -> None:
    model = onnx.parser.parse_model(
        '<ir_version: 8, opset_import: ["" : 17]> g (float[1,2] x, float[2,3] w) => (float[1,3] y) { y = MatMul(x, w) }'
    )
    strip(model, {"x"})
    assert ["x"] == [given.name for given in model.graph.input]
    assert [("w", [2, 3])] == [(t.name, list(t.dims)) for t in model.graph.initializer]


def test_a_weight_transposed_twice_stays_one_parameter() -> None:
    model = onnx.parser.parse_model(
        """<ir_version: 8, opset_import: ["" : 17]>
        g (float[1,2] x, float[3,2] w, float[3,2] v) => (float[1,3] y) {
            a = Transpose<perm = [1, 0]>(w)
            b = Transpose(w)
            c = Transpose<perm = [1, 0]>(v)
            p = MatMul(x, a)  q = MatMul(x, b)  r = MatMul(x, c)
            s = Add(p, q)  y = Add(s, r)
        }"""
    )
    strip(model, {"x"})
    assert [("a", [2, 3]), ("c", [2, 3])] == [(t.name, list(t.dims)) for t in model.graph.initializer]
    assert ["MatMul", "MatMul", "MatMul", "Add", "Add"] == [node.op_type for node in model.graph.node]
    assert [["x", "a"], ["x", "a"], ["x", "c"]] == [list(node.input) for node in model.graph.node[:3]]
    assert 12 == extract(model).summary().num_parameters


def test_transposes_of_other_values_stay() -> None:
    model = onnx.parser.parse_model(
        """<ir_version: 8, opset_import: ["" : 17]>
        g (float[2,2] x, float[2,2] w) => (float[2,2] y, float[2,2] z) {
            a = Transpose(x)  y = MatMul(a, w)  z = Transpose(w)
        }"""
    )
    strip(model, {"x"})
    assert ["Transpose", "MatMul", "Transpose"] == [node.op_type for node in model.graph.node]
    assert ["w"] == [t.name for t in model.graph.initializer]


def test_parameters_that_only_a_sub_graph_reads_stay_and_are_renamed_there() -> None:
    model = onnx.parser.parse_model(
        """<ir_version: 8, opset_import: ["" : 17]>
        g (bool flag, float[1,2] x, float[3,2] w, float[1,3] u, float[1,3] unread) => (float[1,3] y) {
            a = Transpose(w)
            b = Transpose(w)
            p = MatMul(x, a)
            q = If (flag) <
                then_branch = t () => (float[1,3] m) { m = MatMul(x, b) },
                else_branch = e () => (float[1,3] n) { n = Identity(u) }
            >
            y = Add(p, q)
        }"""
    )
    strip(model, {"flag", "x"})
    assert {"a", "u"} == {t.name for t in model.graph.initializer}
    branches = {a.name: a.g for node in model.graph.node for a in node.attribute}
    assert ["x", "a"] == list(branches["then_branch"].node[0].input)
    assert 9 == extract(model).summary().num_parameters
