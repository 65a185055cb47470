"""Dag -> Arrow or JSON -> Dag: exact on real and random models, with clear errors for damage."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.export.tiny import exported
from tests.graph.backend_suite import node_cases
from tests.graph.models import ALL, LIGHT, parse
from tests.graph.strategies import labelled_dags
from younger_hf import Dag, from_onnx
from younger_hf.errors import DatasetError, YoungerError
from younger_hf.graph.dag import FormalRead, GraphOutput, NodeInput, SubGraph
from younger_hf.graph.read.extract import extract
from younger_hf.graph.views.arrow import SCHEMA, dags_to_table, table_to_dags

LOOP = """<ir_version: 8, opset_import: ["" : 17]>
g (int64 m, bool c, float[2, n] x) => (float[2, n] y) <int64[2] shape = {1, -1}> {
    z = Reshape(x, shape)
    y = Loop (m, c, z) <body = b (int64 i, bool d, h) => (bool e, float[2, n] g) { e = Identity(d)  g = Neg(h) }>
}"""


@cache
def real_dags() -> tuple[Dag, ...]:
    """Every readable model of the onnx package, and two exports like those in a dataset."""
    dags = [extract(exported(name)) for name in ("bert", "swin")]
    for path in ALL:
        try:
            dags.append(from_onnx(path))
        except YoungerError:
            continue
    for name, model in node_cases().items():
        try:
            dags.append(extract(model, name))
        except YoungerError:
            continue
    return tuple(dags)


def through_parquet(table: pa.Table) -> pa.Table:
    file = io.BytesIO()
    pq.write_table(table, file, compression="zstd")
    return pq.read_table(file)


@pytest.mark.heavy
def test_every_real_model_comes_back_from_arrow_and_parquet() -> None:
    dags = real_dags()
    assert len(dags) > 1_900
    assert any(dag.subgraphs for dag in dags)
    table = dags_to_table(dags)
    assert dags == table_to_dags(table)
    assert dags == table_to_dags(through_parquet(table))


@pytest.mark.heavy
def test_every_real_model_comes_back_from_json() -> None:
    for dag in real_dags():
        assert dag == Dag.from_dict(json.loads(json.dumps(dag.to_dict())))


TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
SHAPE = st.none() | st.lists(st.integers(-1, 2**63 - 1), max_size=4).map(tuple)
VALUES = st.tuples(st.just("int64"), st.lists(st.integers(-(2**63), 2**63 - 1), max_size=64)) | st.tuples(
    st.just("uint64"), st.lists(st.integers(0, 2**64 - 1), max_size=64)
)


@st.composite
def whole_dags(draw: st.DrawFn) -> Dag:
    """Dags that use every field, some of it nonsense to ONNX."""
    edges, op_types = draw(labelled_dags())
    count = len(op_types)
    order = np.lexsort((edges[0], edges[1]))
    edge_index = np.ascontiguousarray(edges[:, order])
    attributes = st.dictionaries(TEXT, st.integers() | TEXT, max_size=2).map(json.dumps)
    inputs = [
        NodeInput(
            node,
            edge_index.shape[1] + slot,
            draw(st.sampled_from(["graph_input", "parameter", "constant"])),
            draw(TEXT),
            dtype,
            draw(SHAPE),
            tuple(values),
        )
        for node in range(count)
        for slot, (dtype, values) in enumerate(draw(st.lists(VALUES, max_size=2)))
    ]
    outputs = draw(
        st.lists(st.builds(GraphOutput, st.integers(0, count - 1), st.integers(0, 2), TEXT, TEXT, SHAPE), max_size=3)
    )
    formals = st.lists(st.tuples(TEXT, TEXT, SHAPE), min_size=1, max_size=2).map(tuple)
    position = st.integers(0, 9)
    subgraphs = draw(
        st.lists(st.builds(SubGraph, st.integers(0, count - 1), TEXT, formals, position, position), max_size=2)
    )
    reads = st.builds(FormalRead, st.integers(0, count - 1), position, st.integers(0, len(subgraphs) - 1), st.just(0))
    return Dag(
        op_types=tuple(op_types),
        domains=tuple(draw(st.lists(TEXT, min_size=count, max_size=count))),
        attributes=tuple(draw(st.lists(attributes, min_size=count, max_size=count))),
        opset_versions=np.array(draw(st.lists(st.integers(1, 99), min_size=count, max_size=count)), dtype=np.int32),
        num_outputs=np.full(count, 3, dtype=np.int32),
        edge_index=edge_index,
        edge_output=np.arange(edge_index.shape[1], dtype=np.int32) % 3,
        edge_input=np.arange(edge_index.shape[1], dtype=np.int32),
        parents=np.array([draw(st.sampled_from([-1, *range(n + 1, count)])) for n in range(count)], dtype=np.int32),
        branches=tuple(draw(st.lists(TEXT, min_size=count, max_size=count))),
        inputs=tuple(inputs),
        outputs=tuple(outputs),
        subgraphs=tuple(subgraphs),
        formal_reads=tuple(draw(st.lists(reads, max_size=2)) if subgraphs else ()),
    )


@pytest.mark.heavy
@given(st.lists(whole_dags(), max_size=3))
def test_any_dags_come_back(dags: list[Dag]) -> None:
    assert tuple(dags) == table_to_dags(dags_to_table(dags))
    assert dags == [Dag.from_dict(json.loads(json.dumps(dag.to_dict()))) for dag in dags]


def test_one_dag_is_a_table_of_one_row() -> None:
    dag = from_onnx(parse(LOOP))
    table = dag.to_arrow()
    assert (1, SCHEMA) == (table.num_rows, table.schema)
    assert dag == Dag.from_arrow(table)
    assert dag == Dag.from_arrow(pa.concat_tables([table, table]), row=1)
    with pytest.raises(DatasetError, match=r"no row 1; expected one of its 1 rows"):
        Dag.from_arrow(table, row=1)


def test_columns_beside_those_of_the_dag_are_left_alone() -> None:
    dag = from_onnx(LIGHT[0])
    assert (dag,) == table_to_dags(dag.to_arrow().append_column("licence", pa.array(["mit"])))


def test_only_types_that_every_reader_knows_are_used() -> None:
    def leaves(kind: pa.DataType) -> pa.DataType:
        return leaves(kind.value_type) if pa.types.is_list(kind) else kind

    assert {pa.int32(), pa.int64(), pa.string()} == {leaves(field.type) for field in SCHEMA}


def test_parquet_is_much_smaller_than_json() -> None:
    dags = [from_onnx(path) for path in LIGHT]
    file = io.BytesIO()
    pq.write_table(dags_to_table(dags), file, compression="zstd")
    assert 4 * file.tell() < sum(len(json.dumps(dag.to_dict(), separators=(",", ":"))) for dag in dags)


def test_values_that_arrow_cannot_store_are_reported() -> None:
    dag = from_onnx(parse(LOOP))
    values = {**dag.to_dict(), "op_types": ["\ud800"] * dag.num_nodes}
    with pytest.raises(DatasetError, match="cannot be written to Arrow"):
        Dag.from_dict(values).to_arrow()


def test_a_damaged_row_is_named() -> None:
    good = from_onnx(parse(LOOP)).to_arrow()
    position = good.schema.get_field_index("edge_index")
    damaged = good.set_column(
        position, "edge_index", pa.array([[[0, 0, 7, 2], [2, 3, 3, 3]]], SCHEMA.field("edge_index").type)
    )
    with pytest.raises(
        DatasetError, match=r"^Row 1 of the table is damaged: edge_index: expected 0 to 3, found 0 to 7"
    ):
        table_to_dags(pa.concat_tables([good, damaged]))
    null = good.set_column(position, "edge_index", pa.array([None], SCHEMA.field("edge_index").type))
    with pytest.raises(DatasetError, match=r"^Row 1 of the table is damaged: edge_index is null"):
        table_to_dags(pa.concat_tables([good, null]))
    position = good.schema.get_field_index("input_slot")
    short = good.set_column(position, "input_slot", pa.array([[0]], SCHEMA.field("input_slot").type))
    with pytest.raises(DatasetError, match=r"^Row 0 of the table is damaged: zip\(\) argument"):
        table_to_dags(short)


def test_a_missing_or_foreign_column_is_named() -> None:
    table = from_onnx(parse(LOOP)).to_arrow()
    with pytest.raises(DatasetError, match="no column 'parents'"):
        table_to_dags(table.drop_columns("parents"))
    text = table.set_column(0, "op_types", pa.array([7]))
    with pytest.raises(DatasetError, match="another type"):
        table_to_dags(text)


def changed(**values: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda record: {**record, **values}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda record: {k: v for k, v in record.items() if k != "outputs"}, "field 'outputs' is missing"),
        (changed(op_types=["Neg"]), "domains: expected one value per node"),
        (changed(op_types=[1, 2, 3, 4]), "expected text, found 1"),
        (changed(attributes=["[]"] * 4), "expected a JSON object"),
        (changed(attributes=["{"] * 4), "damaged"),
        (changed(edge_index=[[0], [1, 2]]), "damaged"),
        (changed(edge_index=[0, 1]), "expected sources and targets"),
        (changed(edge_index=[[0, 2, 1, 2], [2, 1, 3, 3]]), "expected every edge to lead to a later node"),
        (changed(edge_index=[[0, 0, -1, 2], [2, 3, 3, 3]]), "expected 0 to 3, found -1 to 3"),
        (changed(edge_index=[[0, 1], [3, 2**40]]), "does not fit 32 bits"),
        (changed(edge_index=[[0.5, 1], [3, 3]]), "expected whole numbers"),
        (changed(edge_input=[2, 2, 2, 2]), "expected each input of a node once, in order"),
        (changed(edge_output=[9, 9, 9, 9]), "has no such output"),
        (changed(edge_output=[0]), "expected one value per edge"),
        (changed(num_outputs=[1, 2**30, 1, 1]), "num_outputs: expected 0 to 1048575"),
        (changed(parents=[-1, 0, 3, -1]), "expected the nodes of a sub-graph before its parent"),
        (changed(inputs=[[9, 0, "graph_input", "x", "float", None, []]]), "inputs: node 9 does not exist"),
        (
            changed(inputs=[[0, 2**40, "graph_input", "x", "float", None, []]]),
            "inputs: position 1099511627776 does not exist",
        ),
        (changed(inputs=[[0, 0, "weight", "x", "float", None, []]]), "'weight' is not one of constant, graph_input"),
        (changed(inputs=[[0, 0, "constant", "x", "int64", [65], [0] * 65]]), "more than 64 values"),
        (changed(inputs=[[0, 0, "constant", "x", "int64", [1], [2**64]]]), "fits no integer type"),
        (changed(inputs=[[0, 0, "constant", "x", "int64", [1.5], [1]]]), r"expected a whole number, found 1\.5"),
        (changed(inputs=[[0, 0]]), "damaged"),
        (changed(outputs=[[0, 5, "y", "float", None]]), "outputs: output 5 does not exist"),
        (changed(subgraphs=[[9, "body", [], 0, 1]]), "subgraphs: node 9 does not exist"),
        (changed(formal_reads=[[0, 0, 7, 0]]), "sub-graph 7 does not exist"),
        (changed(formal_reads=[[0, 0, 0, 7]]), "formal input 7 does not exist"),
        (lambda record: [], "damaged"),
    ],
)
def test_a_malformed_record_is_one_clear_error(change: Callable[[dict[str, Any]], Any], message: str) -> None:
    record = from_onnx(parse(LOOP)).to_dict()
    with pytest.raises(DatasetError, match=message):
        Dag.from_dict(change(record))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.data())
def test_any_other_value_in_any_field_is_a_dag_or_a_clear_error(data: st.DataObject) -> None:
    record = from_onnx(parse(LOOP)).to_dict()
    field = data.draw(st.sampled_from(sorted(record)))
    try:
        dag = Dag.from_dict({**record, field: data.draw(JSON)})
    except DatasetError:
        return
    assert dag == Dag.from_dict(dag.to_dict())
