"""Generated graphs: valid rows in every format, their problems, and what only metrics measure."""

from __future__ import annotations

import json
import math

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.submission.conftest import NUM_CLASSES
from younger_hf.submission import CODES, write_predictions
from younger_hf.submission.check.validate import validate
from younger_hf.tasks import EDGES_PER_NODE, GENERATED_GRAPHS, GENERATION_NODES, TASKS

TRACK = "generation_wo_attrs"
SCHEMA = TASKS["generation"].format.schema
SUFFIXES = [".parquet", ".csv", ".jsonl"]
NODES, EDGES = [2, 3, 4], [[0, 1], [1, 2]]


def graphs(*first):
    """A thousand rows, of which the first are these."""
    return [*first, *([[2 + index % 10, 3, 4], EDGES] for index in range(GENERATED_GRAPHS - len(first)))]


def found(board, path):
    report = validate(path, None, board.release, track=TRACK)
    assert (report.predictions is None) == bool(report.problems)
    assert {problem.code for problem in report.problems} <= set(CODES)
    return [(problem.code, problem.row) for problem in report.problems]


def edges_of(count, num_nodes):
    """So many different edges, self-loops among them."""
    pairs = [(source, target) for source in range(num_nodes) for target in range(num_nodes)][:count]
    return [list(ends) for ends in zip(*pairs, strict=True)]


@pytest.mark.heavy
@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(
    "row",
    [
        [[2], [[], []]],
        [[NUM_CLASSES - 1], [[0], [0]]],
        [NODES, [[0, 1, 2], [1, 2, 0]]],
        [[2] * GENERATION_NODES, EDGES],
        [[2] * 17, edges_of(17 * EDGES_PER_NODE, 17)],
    ],
    ids=["one node", "a self-loop", "a cycle", "as many nodes as may be", "as many edges as may be"],
)
def test_a_graph_at_the_limits_is_valid_in_every_format(complete_board, write_table, suffix, row):
    assert [] == found(complete_board, write_table(suffix, SCHEMA, graphs(row)))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_written_predictions_are_validated_unchanged(complete_board, write_table, suffix):
    rng = np.random.default_rng(2)
    rows = [[rng.integers(2, NUM_CLASSES, 3).tolist(), [[0, 1], [1, int(rng.integers(3))]]] for _ in range(1000)]
    report = validate(write_table(suffix, SCHEMA, rows), None, complete_board.release, track=TRACK)
    got = sorted((g.node_feat.tolist(), g.edge_index.tolist()) for g in report.predictions.graphs)
    assert sorted((nodes, edges) for nodes, edges in rows) == got
    assert {np.dtype(np.int64)} == {
        report.predictions.graphs.nodes.values.dtype,
        report.predictions.graphs.edges.values.dtype,
    }


@pytest.mark.heavy
@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize(
    ("row", "code", "message"),
    [
        ([[], [[], []]], "graph_size", "row 1, node_feat: expected 1 to 300 nodes, got 0."),
        ([[2] * 301, EDGES], "graph_size", "row 1, node_feat: expected 1 to 300 nodes, got 301."),
        (
            [NODES, [[0, 1], [1]]],
            "edge_shape",
            "row 1, edge_index: expected two lists of equal length, the sources and the targets, got lists of 2 and 1.",
        ),
        (
            [NODES, [[0, 1]]],
            "edge_shape",
            "row 1, edge_index: expected two lists of equal length, the sources and the targets, got 1 list.",
        ),
        (
            [NODES, [[0], [1], [2]]],
            "edge_shape",
            "row 1, edge_index: expected two lists of equal length, the sources and the targets, got 3 lists.",
        ),
        (
            [[2] * 17, edges_of(17 * EDGES_PER_NODE + 1, 17)],
            "too_many_edges",
            "row 1, edge_index: expected at most 272 edges, got 273.",
        ),
        (
            [[2, 1, 0], EDGES],
            "unknown_class",
            "row 1, node_feat[1]: expected a class id from 2 to 11, got 1 (and 1 more in this row).",
        ),
        ([[2, 3, 12], EDGES], "unknown_class", "row 1, node_feat[2]: expected a class id from 2 to 11, got 12."),
        (
            [NODES, [[0, 1], [1, 3]]],
            "edge_out_of_range",
            "row 1, edge_index[1][1]: expected a node from 0 to 2, got 3.",
        ),
        (
            [NODES, [[-1, 3], [1, 2]]],
            "edge_out_of_range",
            "row 1, edge_index[0][0]: expected a node from 0 to 2, got -1 (and 1 more in this row).",
        ),
        (
            [NODES, [[0, 1, 0], [1, 2, 1]]],
            "duplicate_edge",
            "row 1, edge_index[:][2]: expected each edge once, got 0 -> 1 again.",
        ),
        (
            [NODES, [[0, 1, 0, 0], [1, 2, 1, 1]]],
            "duplicate_edge",
            "row 1, edge_index[:][2]: expected each edge once, got 0 -> 1 again (and 1 more).",
        ),
        ([None, EDGES], "null_value", "row 1, node_feat: expected a list"),
        ([NODES, [None, [1]]], "null_value", "row 1, edge_index[0]: expected a list of integers, got null."),
        ([NODES, [[0], [None]]], "null_value", "row 1, edge_index[1][0]: expected a node number, got null."),
        ([[2, None, 4], EDGES], "null_value", "row 1, node_feat[1]: expected a class id, got null."),
    ],
    ids=str,
)
def test_a_row_that_is_no_graph_is_named_with_its_place(complete_board, write_table, suffix, row, code, message):
    report = validate(write_table(suffix, SCHEMA, graphs(row)), None, complete_board.release, track=TRACK)
    problem = next(problem for problem in report.problems if problem.code == code)
    assert problem.message.startswith(message)
    assert 1 == problem.row
    assert {1} == {each.row for each in report.problems}


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_mistake_of_a_file_is_named_at_once(complete_board, write_table, suffix):
    rows = graphs(
        [[], [[], []]],
        [NODES, [[0]]],
        [[2] * 17, edges_of(280, 17)],
        [[0, 3, 4], EDGES],
        [NODES, [[0], [7]]],
        [NODES, [[0, 0], [1, 1]]],
        [None, EDGES],
    )
    path = write_table(suffix, SCHEMA, rows[:-1])
    assert [
        ("wrong_row_count", None),
        ("null_value", 7),
        ("graph_size", 1),
        ("edge_shape", 2),
        ("too_many_edges", 3),
        ("unknown_class", 4),
        ("edge_out_of_range", 5),
        ("duplicate_edge", 6),
    ] == found(complete_board, path)


@pytest.mark.parametrize(("count", "code"), [(0, "no_rows"), (999, "wrong_row_count"), (1001, "wrong_row_count")])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_another_number_of_rows_is_named(complete_board, write_table, tmp_path, suffix, count, code):
    path = write_table(suffix, SCHEMA, [*graphs(), *graphs()][:count])
    expected = "file_empty" if not count and suffix == ".jsonl" else code
    (problem,) = validate(path, None, complete_board.release, track=TRACK).problems
    assert expected == problem.code
    if code == "wrong_row_count":
        assert f"{path.name}: expected exactly 1,000 rows, got {count:,}." == problem.message


def test_far_too_many_rows_stop_the_reading(complete_board, write_table):
    for suffix in SUFFIXES:
        path = write_table(suffix, SCHEMA, graphs() * 3 + [[NODES, EDGES]])
        assert [("too_many_rows", None)] == found(complete_board, path)


def test_a_ragged_row_still_counts_as_a_row(complete_board, write_table):
    path = write_table(".csv", SCHEMA, graphs())
    lines = path.read_text().splitlines()
    lines[-1] += ",extra"
    path.write_text("\n".join(lines) + "\n")
    assert [("ragged_row", 1000)] == found(complete_board, path)


def test_hundreds_of_wrong_rows_are_counted(complete_board, write_table):
    problems = validate(
        write_table(".parquet", SCHEMA, [[NODES, [[0], [9]]]] * 1000), None, complete_board.release, track=TRACK
    ).problems
    assert [*range(1, 21), None] == [problem.row for problem in problems]
    assert "1,000 problems of this kind in all (edge_out_of_range); the first 20 are listed." == problems[-1].message


def test_a_file_of_another_task_is_recognised(complete_board, noisy, write_as):
    report = validate(write_as(".csv", "operator_w_attrs", {"a": [2]}), None, complete_board.release, track=TRACK)
    assert ["missing_column", "missing_column", "extra_column"] == [problem.code for problem in report.problems]
    assert "A file with 'predictions' is for another task: check the track." == report.problems[0].hint
    assert (
        "predictions.csv: expected only the columns node_feat and edge_index, got also 'graph_id', 'predictions'."
        == report.problems[2].message
    )


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("", "bad_json"),
        ("NA", "bad_json"),
        ("[[0, 1] [1, 2]]", "bad_json"),
        ("[[0, 1], [1, 2]", "bad_json"),
        ("[[\u0661], [1]]", "bad_json"),
        ("[" * 100_000, "bad_json"),
        ("[[" + "9" * 5000 + "], [1]]", "bad_json"),
        ("0", "wrong_type"),
        ("{}", "wrong_type"),
        ('"[[0], [1]]"', "wrong_type"),
        ("[0, 1]", "wrong_type"),
        ("[[0], 1]", "wrong_type"),
        ("[[[0]], [[1]]]", "wrong_type"),
        ("[[0.0], [1]]", "wrong_type"),
        ("[[true], [1]]", "wrong_type"),
        ('[["0"], [1]]', "wrong_type"),
        ("[[NaN], [1]]", "wrong_type"),
        ("[[1e400], [1]]", "wrong_type"),
        ("[[" + "9" * 30 + "], [1]]", "edge_out_of_range"),
        ("[[9007199254740993], [1]]", "edge_out_of_range"),
        ("[[" + "0," * 100_000 + "0], [1]]", "too_many_values"),
        ("[" + "[]," * 100_000 + "[]]", "too_many_values"),
        ("[[0], [" + "1," * 5_000_000 + "1]]", "long_row"),
    ],
    ids=lambda value: value[:20],
)
@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_a_cell_that_is_no_list_of_two_lists_of_integers_is_named(complete_board, tmp_path, suffix, cell, code):
    path = tmp_path / f"predictions{suffix}"
    if suffix == ".csv":
        quoted = cell.replace('"', '""')
        path.write_text(f'node_feat,edge_index\n"[2, 3, 4]","{quoted}"\n', encoding="utf-8")
    else:
        path.write_text(f'{{"node_feat": [2, 3, 4], "edge_index": {cell}}}\n', encoding="utf-8")
    codes = [each for each, _ in found(complete_board, path) if each != "wrong_row_count"]
    assert [code] == codes


def test_a_key_that_is_there_twice_in_a_line_is_named(complete_board, tmp_path):
    path = tmp_path / "predictions.jsonl"
    line = json.dumps({"node_feat": NODES, "edge_index": EDGES})
    path.write_text("\n".join([line] * 999 + [line.replace("{", '{"node_feat": [5], ')]))
    assert [("duplicate_column", 1000)] == found(complete_board, path)


def lists(kind, depth):
    for _ in range(depth):
        kind = pa.list_(kind)
    return kind


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        ("node_feat", pa.int32()),
        ("node_feat", lists(pa.float32(), 1)),
        ("node_feat", lists(pa.int32(), 2)),
        ("node_feat", lists(pa.bool_(), 1)),
        ("edge_index", lists(pa.int32(), 1)),
        ("edge_index", lists(pa.int32(), 3)),
        ("edge_index", lists(pa.float64(), 2)),
        ("edge_index", lists(pa.string(), 2)),
        ("edge_index", pa.list_(pa.struct([("a", lists(pa.int32(), 1))]))),
        ("edge_index", pa.map_(pa.int32(), lists(pa.int32(), 1))),
        ("edge_index", pa.list_(pa.dictionary(pa.int32(), pa.int32()))),
    ],
    ids=str,
)
def test_another_nesting_or_type_is_named_before_anything_is_decoded(complete_board, tmp_path, column, kind):
    path = tmp_path / "predictions.parquet"
    columns = {
        name: pa.array([None] * 1000, kind if name == column else SCHEMA.field(name).type) for name in SCHEMA.names
    }
    pq.write_table(pa.table(columns), path)
    (problem,) = validate(path, None, complete_board.release, track=TRACK).problems
    expected = {"node_feat": "list of int32", "edge_index": "list of lists of int32"}[column]
    assert ("wrong_column_type", expected) == (problem.code, problem.expected)


@pytest.mark.heavy
@pytest.mark.parametrize("element", [pa.int8(), pa.uint8(), pa.int16(), pa.int64(), pa.uint64()], ids=str)
@pytest.mark.parametrize(
    "outer", [pa.list_, pa.large_list, lambda kind: pa.list_(kind, 2)], ids=["list", "large", "fixed"]
)
def test_every_width_and_kind_of_list_is_read(complete_board, tmp_path, element, outer):
    path = tmp_path / "predictions.parquet"
    rows = graphs([[5, 6], [[1], [0]]])
    columns = {
        "edge_index": pa.array([edges for _, edges in rows], outer(pa.list_(element))),
        "node_feat": pa.array([nodes for nodes, _ in rows], pa.large_list(element)),
    }
    pq.write_table(pa.table(columns), path, row_group_size=300)
    report = validate(path, None, complete_board.release, track=TRACK)
    assert () == report.problems
    assert ([5, 6], [[1], [0]]) == tuple(each.tolist() for each in vars(report.predictions.graphs[0]).values())


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=6))
def test_changed_bytes_anywhere_never_cause_a_traceback(complete_board, tmp_path, changes):
    path = tmp_path / "predictions.parquet"
    data = bytearray(write_predictions(path, TRACK, graphs()[:20]).read_bytes())
    for place, byte in changes:
        data[int(place * len(data))] = byte
    path.write_bytes(data)
    assert found(complete_board, path)


@st.composite
def hostile_values(draw):
    value = st.one_of(st.none(), st.booleans(), st.integers(-5, 5), st.floats(), st.just(math.inf), st.text(max_size=3))
    return draw(st.recursive(value, lambda inner: st.lists(inner, max_size=4), max_leaves=12))


@pytest.mark.heavy
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(nodes=hostile_values(), edges=hostile_values(), suffix=st.sampled_from([".csv", ".jsonl"]))
def test_any_json_in_a_cell_is_a_graph_or_a_problem(complete_board, write_table, nodes, edges, suffix):
    rows = [[nodes, edges]] if suffix == ".jsonl" else [[json.dumps(nodes), json.dumps(edges)]]
    report = validate(write_table(suffix, SCHEMA, rows), None, complete_board.release, track=TRACK)
    is_graph = (
        isinstance(nodes, list)
        and 1 <= len(nodes)
        and all(type(each) is int and 2 <= each < NUM_CLASSES for each in nodes)
        and isinstance(edges, list)
        and [list, list] == [type(each) for each in edges]
        and len(edges[0]) == len(edges[1])
        and all(type(each) is int and 0 <= each < len(nodes) for ends in edges for each in ends)
        and len(set(zip(*edges, strict=True))) == len(edges[0])
    )
    assert is_graph == ({"wrong_row_count"} == {problem.code for problem in report.problems})
