"""Writing predictions: the canonical schema, same bytes for same rows, and named mistakes."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from younger_hf.errors import SubmissionError
from younger_hf.submission import write_predictions

FLOW = "dataflow_wo_attrs"
NODES = "operator_wo_attrs"
GRAPHS = "generation_wo_attrs"


def test_the_schema_of_each_task_is_the_documented_one(tmp_path):
    flow = pq.read_schema(write_predictions(tmp_path / "flow.parquet", FLOW, {"a": [0.5]}))
    nodes = pq.read_schema(write_predictions(tmp_path / "nodes.parquet", NODES, {"a": [2]}))
    assert pa.schema([("graph_id", pa.string()), ("scores", pa.list_(pa.float32()))]) == flow
    assert pa.schema([("graph_id", pa.string()), ("predictions", pa.list_(pa.int32()))]) == nodes
    value = pq.read_schema(write_predictions(tmp_path / "value.parquet", "prediction", {"a": 0.5}))
    graph = pq.read_schema(write_predictions(tmp_path / "graph.parquet", GRAPHS, [([2, 3], [[0], [1]])]))
    assert pa.schema([("graph_id", pa.string()), ("value", pa.float64())]) == value
    assert pa.schema([("node_feat", pa.list_(pa.int32())), ("edge_index", pa.list_(pa.list_(pa.int32())))]) == graph


def test_rows_are_written_unchanged(tmp_path):
    rows = {"b": [0.25, 0.5], "a": [], "001": [1.0]}
    path = write_predictions(tmp_path / "predictions.parquet", FLOW, rows)
    assert [{"graph_id": graph_id, "scores": scores} for graph_id, scores in rows.items()] == pq.read_table(
        path
    ).to_pylist()


@pytest.mark.parametrize("convert", [list, tuple, np.float16, np.float32, np.float64, np.array])
def test_arrays_and_lists_of_any_width_are_written_the_same(tmp_path, convert):
    plain = write_predictions(tmp_path / "plain.parquet", FLOW, {"a": [0.25, 0.5]})
    values = convert([0.25, 0.5])
    assert plain.read_bytes() == write_predictions(tmp_path / "other.parquet", FLOW, [("a", values)]).read_bytes()


def test_a_generator_of_pairs_is_written(tmp_path):
    path = write_predictions(tmp_path, NODES, ((f"g{index}", np.arange(index)) for index in range(4)))
    assert [[], [0], [0, 1], [0, 1, 2]] == pq.read_table(path)["predictions"].to_pylist()


def test_a_folder_gets_the_standard_name_and_is_created(tmp_path):
    assert tmp_path / "a" / "b" / "predictions.parquet" == write_predictions(tmp_path / "a" / "b", FLOW, {"a": [0.5]})
    assert ["predictions.parquet"] == [path.name for path in (tmp_path / "a" / "b").iterdir()]


def test_no_rows_are_written_as_an_empty_table(tmp_path):
    assert 0 == pq.read_table(write_predictions(tmp_path, FLOW, {})).num_rows


@pytest.mark.parametrize(
    ("track", "values", "message"),
    [
        (NODES, [2.0], "graph_id 'a', predictions: expected integers, got dtype float64"),
        (NODES, [True], "expected integers, got dtype bool"),
        (NODES, [2**31], "fit into int32, got 2147483648"),
        (NODES, [[2]], r"expected one dimension, got shape \(1, 1\)"),
        (NODES, 2, r"expected one dimension, got shape \(\)"),
        (FLOW, ["0.5"], "scores: expected real numbers, got dtype <U3"),
        (FLOW, [0.5j], "expected real numbers"),
        (FLOW, [[0.5], [0.5, 0.5]], "expected a flat array of numbers, got list"),
        ("operator", [2], "The track 'operator' does not exist"),
    ],
)
def test_invalid_predictions_are_named(tmp_path, track, values, message):
    with pytest.raises(SubmissionError, match=message):
        write_predictions(tmp_path, track, {"a": values})
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("convert", [list, np.array, tuple, lambda rows: np.array(rows, dtype=np.uint8)])
def test_graphs_are_written_unchanged(tmp_path, convert):
    rows = [([2, 3, 4], [[0, 1], [2, 2]]), ([5], [[], []]), ([6], []), ([2, 2], [[1], [0]])]
    expected = [{"node_feat": nodes, "edge_index": edges or [[], []]} for nodes, edges in rows]
    typed = (
        (np.array(nodes), convert(edges) if edges and edges[0] else np.zeros((2, 0), int)) for nodes, edges in rows
    )
    path = write_predictions(tmp_path / "a.parquet", GRAPHS, typed)
    assert expected == pq.read_table(path).to_pylist()
    assert path.read_bytes() == write_predictions(tmp_path / "b.parquet", GRAPHS, rows).read_bytes()


@pytest.mark.parametrize("value", [0.1, np.float64(0.1), np.array(0.1), 3, np.int64(3), 1e300])
def test_a_value_is_written_unchanged(tmp_path, value):
    path = write_predictions(tmp_path, "prediction", {"a": value})
    assert [{"graph_id": "a", "value": float(value)}] == pq.read_table(path).to_pylist()


def test_no_rows_of_any_task_are_written_as_an_empty_table(tmp_path):
    for track in (GRAPHS, "prediction"):
        assert 0 == pq.read_table(write_predictions(tmp_path, track, [])).num_rows


@pytest.mark.parametrize(
    ("track", "row", "message"),
    [
        (GRAPHS, ([2], [[0, 1], [0]]), r"row 1, edge_index: expected an array \[2, E\] of numbers, got list"),
        (GRAPHS, ([2], [[0], [0], [0]]), r"row 1, edge_index: expected shape \[2, E\], got shape \(3, 1\)"),
        (GRAPHS, ([2], [0, 0]), r"row 1, edge_index: expected shape \[2, E\], got shape \(2,\)"),
        (GRAPHS, ([2.0], [[], []]), "row 1, node_feat: expected integers, got dtype float64"),
        (GRAPHS, ([2], [[0.0], [0.0]]), "row 1, edge_index: expected integers, got dtype float64"),
        (GRAPHS, ([2], [[2**40], [0]]), "row 1, edge_index: expected node numbers that fit into int32"),
        (GRAPHS, ([2], [[0], [0]], "x"), "Row 1: expected a pair of node_feat and edge_index, got tuple"),
        (GRAPHS, [2], "Row 1: expected a pair of node_feat and edge_index, got list"),
        ("prediction", ("a", [0.5]), r"graph_id 'a', value: expected a single number, got shape \(1,\)"),
        ("prediction", ("a", "0.5"), "graph_id 'a', value: expected real numbers, got dtype <U3"),
        ("prediction", ("a", None), "graph_id 'a', value: expected real numbers, got dtype object"),
        ("prediction", ("a",), "Row 1: expected a pair of graph_id and value, got tuple"),
    ],
)
def test_invalid_rows_of_the_other_tasks_are_named(tmp_path, track, row, message):
    with pytest.raises(SubmissionError, match=message):
        write_predictions(tmp_path, track, [row])
    assert [] == list(tmp_path.iterdir())
