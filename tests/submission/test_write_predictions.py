"""Writing predictions: the canonical schema, the same bytes for the same rows, and named mistakes."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from younger_hf.errors import SubmissionError
from younger_hf.submission import write_predictions

FLOW = "dataflow_wo_attrs"
NODES = "operator_wo_attrs"


def test_the_schema_of_each_task_is_the_documented_one(tmp_path):
    flow = pq.read_schema(write_predictions(tmp_path / "flow.parquet", FLOW, {"a": [0.5]}))
    nodes = pq.read_schema(write_predictions(tmp_path / "nodes.parquet", NODES, {"a": [2]}))
    assert pa.schema([("graph_id", pa.string()), ("scores", pa.list_(pa.float32()))]) == flow
    assert pa.schema([("graph_id", pa.string()), ("predictions", pa.list_(pa.int32()))]) == nodes


def test_rows_are_written_as_given(tmp_path):
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


def test_a_folder_gets_the_standard_name_and_is_made(tmp_path):
    assert tmp_path / "a" / "b" / "predictions.parquet" == write_predictions(tmp_path / "a" / "b", FLOW, {"a": [0.5]})
    assert ["predictions.parquet"] == [path.name for path in (tmp_path / "a" / "b").iterdir()]


def test_no_rows_are_written_as_an_empty_table(tmp_path):
    assert 0 == pq.read_table(write_predictions(tmp_path, FLOW, {})).num_rows


@pytest.mark.parametrize(
    ("track", "values", "says"),
    [
        (NODES, [2.0], "graph_id 'a', predictions: expected integers, got dtype float64"),
        (NODES, [True], "expected integers, got dtype bool"),
        (NODES, [2**31], "fit into int32, got 2147483648"),
        (NODES, [[2]], r"expected one dimension, got shape \(1, 1\)"),
        (NODES, 2, r"expected one dimension, got shape \(\)"),
        (FLOW, ["0.5"], "scores: expected real numbers, got dtype <U3"),
        (FLOW, [0.5j], "expected real numbers"),
        (FLOW, [[0.5], [0.5, 0.5]], "expected a flat array of numbers, got list"),
        ("operator", [2], "There is no track 'operator'"),
    ],
)
def test_what_cannot_be_written_is_named(tmp_path, track, values, says):
    with pytest.raises(SubmissionError, match=says):
        write_predictions(tmp_path, track, {"a": values})
    assert [] == list(tmp_path.iterdir())
