"""Weights planted in every place of a model are in nothing that is written."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path

import networkx as nx
import numpy as np
import onnx
import onnx.parser
import pyarrow as pa
import pytest
from typer.testing import CliRunner

from tests.graph.planted import FLOAT, INTEGER, NOTE, TEXT, forms, planted_model
from younger_hf import Dag, from_onnx, to_onnx
from younger_hf.cli import app
from younger_hf.errors import RebuildError
from younger_hf.export.strip_model import drop_weights
from younger_hf.graph.identity.wl import weisfeiler_lehman_labels
from younger_hf.graph.read.extract import extract
from younger_hf.graph.views.svg import draw_svg

HEAD = '<ir_version: 8, opset_import: ["" : 17]>\n'
SIZES = pytest.mark.parametrize("large", [False, True], ids=["small messages", "large messages"])


def found_in(data: bytes) -> set[str]:
    """The planted weights that occur in some bytes."""
    return {f"{kind}: {form!r}" for kind, every in forms().items() for form in every if form in data}


def written(dag: Dag) -> Iterator[tuple[str, bytes]]:
    """All forms in which a Dag is written."""
    yield "to_dict", json.dumps(dag.to_dict()).encode()
    yield "pickle", pickle.dumps(dag)
    for field in fields(dag):
        value = getattr(dag, field.name)
        yield field.name, value.tobytes() if isinstance(value, np.ndarray) else repr(value).encode()
    yield "signatures", repr((dag.w_attrs, dag.wo_attrs)).encode()
    yield "labels", repr(weisfeiler_lehman_labels(dag.edge_index, dag.w_attrs)).encode()
    yield "networkx", json.dumps(nx.node_link_data(dag.to_networkx(), edges="edges")).encode()
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, (table := dag.to_arrow()).schema) as stream:
        stream.write_table(table)
    yield "arrow", sink.getvalue().to_pybytes()
    yield "svg", draw_svg(dag).encode()
    yield "summary", repr(dag.summary()).encode() + repr(dag).encode()


def test_the_search_finds_every_planted_weight_in_the_model_itself() -> None:
    """Otherwise the tests below would prove nothing."""
    data = planted_model(large=False).SerializeToString()
    assert set(forms()) == {entry.split(":")[0] for entry in found_in(data)}
    assert NOTE.encode() in data


@pytest.mark.heavy
@SIZES
@pytest.mark.parametrize(
    "read", [from_onnx, lambda data: extract(onnx.ModelProto.FromString(data))], ids=["wire", "parsed"]
)
def test_no_planted_weight_reaches_a_dag(read: Callable[[bytes], Dag], large: bool) -> None:
    dag = read(planted_model(large=large).SerializeToString())
    assert 14 < dag.num_nodes
    assert {"Custom", "If", "Scaler", "TreeEnsemble"} <= set(dag.op_types)
    for name, data in written(dag):
        assert set() == found_in(data), name
        assert NOTE.encode() not in data, name


@SIZES
def test_no_planted_weight_is_in_a_stripped_export_and_its_dag_is_the_same(large: bool) -> None:
    model = planted_model(large=large)
    expected = extract(model)
    data = drop_weights(model).SerializeToString()
    assert set() == found_in(data)
    assert expected == from_onnx(data)


@SIZES
def test_no_planted_weight_is_in_what_the_command_line_writes(large: bool, tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(planted_model(large=large).SerializeToString())
    for arguments in (
        ["inspect", str(path), "--json"],
        ["inspect", str(path)],
        ["extract", str(path), "--out", str(tmp_path / "dags"), "--json"],
    ):
        run = CliRunner().invoke(app, arguments)
        assert 0 == run.exit_code, run.output
        assert set() == found_in(run.output.encode())
    files = [file for file in (tmp_path / "dags").rglob("*") if file.is_file()]
    assert files
    for file in files:
        assert set() == found_in(file.read_bytes()), file


def test_no_planted_weight_is_in_a_rebuilt_model() -> None:
    text = """g (float[3] x) => (float[3] y)
        <float[3] w = {31337.125, 31337.125, 31337.125}, float one = {31337.125}> {
        a = Add(x, w)
        c = Constant <value_float = 31337.125> ()
        b = Mul(a, c)
        d = Mul(one, c)
        y = Sub(b, d)
    }"""
    dag = from_onnx(onnx.parser.parse_model(HEAD + text).SerializeToString())
    assert ("Add", "Mul", "Sub") == dag.op_types
    assert set() == found_in(to_onnx(dag).SerializeToString())


@SIZES
def test_a_failed_rebuild_is_reported_without_weights(large: bool) -> None:
    with pytest.raises(RebuildError) as error:
        to_onnx(from_onnx(planted_model(large=large).SerializeToString()))
    assert set() == found_in(str(error.value).encode())


@pytest.mark.parametrize(
    "nodes",
    [
        "d = Mul(w, w)  y = Add(x, d)",
        "d = Sqrt(w)  y = Add(x, d)",
        "s = Shape(x)  d = Cast <to = 1> (s)  e = Mul(d, w)  y = Add(x, e)",
        "y = Clip(x, w)",
        "n = ConstantOfShape <value = float[1] {31337.125}> (k)  y = Add(x, n)",
        "n = Expand(w, k)  y = Add(x, n)",
        "r = Range(w, w, w)  y = Add(x, r)",
    ],
)
def test_what_is_computed_from_a_planted_float_is_not_written(nodes: str) -> None:
    text = f"g (float[1] x) => (float[1] y) <float w = {{31337.125}}, int64[1] k = {{1}}> {{ {nodes} }}"
    for name, data in written(from_onnx(onnx.parser.parse_model(HEAD + text).SerializeToString())):
        assert set() == found_in(data), name


@pytest.mark.parametrize("kind", ["float", "float[1]"])
def test_the_bits_of_a_planted_float_are_not_written_as_an_integer(kind: str) -> None:
    text = f"""<ir_version: 13, opset_import: ["" : 26]>
    g (int32[1] x) => (int32[1] y) <{kind} w = {{31337.125}}> {{
        b = BitCast <to = 6> (w)
        y = Add(x, b)
    }}"""
    dag = from_onnx(onnx.parser.parse_model(text).SerializeToString())
    assert ("Add",) == dag.op_types
    for name, data in written(dag):
        assert set() == found_in(data), name


def test_a_single_float_may_take_part_in_arithmetic_on_shapes() -> None:
    """The result is an integer tensor like any other, which belongs to the architecture."""
    text = """g (float[6] x) => (float[a, b] y) <float half = {0.5}, int64[2] k = {4, 6}> {
        d = Cast <to = 1> (k)
        e = Mul(d, half)
        f = Cast <to = 7> (e)
        y = Reshape(x, f)
    }"""
    dag = from_onnx(onnx.parser.parse_model(HEAD + text).SerializeToString())
    assert ("Reshape",) == dag.op_types
    assert ("constant", (2, 3)) == (dag.inputs[1].kind, dag.inputs[1].values)


@pytest.mark.parametrize(("length", "kept"), [(1024, True), (1025, False)])
def test_a_long_text_is_recorded_as_its_length(length: int, kept: bool) -> None:
    """Operators that contain compiled models store them, weights included, in a text."""
    text = (TEXT * 100)[:length]
    attribute = onnx.helper.make_attribute("ep_cache_context", text)
    expected = {"ep_cache_context": text if kept else {"type": "string", "length": length}}
    node = onnx.helper.make_node("EPContext", ["x"], ["y"], domain="com.microsoft")
    node.attribute.append(attribute)
    value = onnx.helper.make_tensor_value_info
    graph = onnx.helper.make_graph([node], "g", [value("x", 1, [1])], [value("y", 1, [1])])
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("com.microsoft", 1)])
    assert expected == json.loads(from_onnx(model.SerializeToString()).attributes[0])


def test_scalar_and_short_attributes_stay() -> None:
    model = onnx.helper.make_model(
        onnx.helper.make_graph(
            [
                onnx.helper.make_node(
                    "Custom", ["x"], ["y"], domain="other", f=FLOAT, i=INTEGER, s=TEXT, many=[FLOAT] * 64
                )
            ],
            "g",
            [onnx.helper.make_tensor_value_info("x", 1, [1])],
            [onnx.helper.make_tensor_value_info("y", 1, [1])],
        ),
        opset_imports=[onnx.helper.make_opsetid("other", 1)],
    )
    kept = json.loads(from_onnx(model.SerializeToString()).attributes[0])
    assert {"f": FLOAT, "i": INTEGER, "s": TEXT, "many": [FLOAT] * 64} == kept
