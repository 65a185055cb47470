"""The attacks as they look on the tracks of generated graphs and of predicted properties."""

from __future__ import annotations

import json
import math

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.submission.reports import MOST_MEBIBYTES, assert_each_has_a_next_step, measured
from younger_hf.dataset.build.write_files import write_release
from younger_hf.dataset.read.release import open_release
from younger_hf.dataset.schema import schema_of
from younger_hf.submission import SubmissionMetadata, write_metadata
from younger_hf.submission.check.validate import validate

GRAPHS, VALUES = "generation_w_attrs", "prediction"
LISTS = pa.list_(pa.int32())
CLASSES = 12
NODES, EDGES = [2, 3, 4, 5], [[0, 1, 2], [1, 2, 3]]
IDS = [f"{number:03d}" for number in range(20)]


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    """A release with graphs to compare generated ones with, and properties to predict."""

    def table(config, rows):
        names = schema_of(config).names
        filled = [{name: row.get(name) for name in names} for row in rows]
        return pa.Table.from_pylist(filled, schema=schema_of(config))

    graph = {"num_nodes": 4, "node_feat": NODES, "node_feat_w": NODES, "node_feat_wo": NODES, "edge_index": EDGES}
    rows = [{"graph_id": graph_id, **graph} for graph_id in IDS]
    classes = [
        {"id": index, "domain": "", "op_type": f"Op{index}", "attributes": "{}", "count": 9} for index in range(CLASSES)
    ]
    tables = {
        GRAPHS: {split: table(GRAPHS, rows) for split in ("train", "validation")},
        VALUES: {"test": table(VALUES, rows)},
        "vocabulary_w_attrs": {"train": table("vocabulary_w_attrs", classes)},
    }
    root = tmp_path_factory.mktemp("graphs") / "younger"
    write_release(root, tables, "0.1.0")
    return open_release(root)


def declare(release, folder, track):
    declared = folder / "submission.yaml"
    write_metadata(declared, SubmissionMetadata(track, release.content_hash, "GCN", "Example University"))
    return declared


def write_rows(path, rows):
    """Rows as a file of any format, by its name."""
    names = list(rows[0])
    if path.suffix == ".jsonl":
        path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    elif path.suffix == ".parquet":
        types = {"node_feat": LISTS, "edge_index": pa.list_(LISTS), "graph_id": pa.string(), "value": pa.float64()}
        columns = {name: pa.array([row[name] for row in rows], types.get(name)) for name in names}
        pq.write_table(pa.table(columns), path)
    else:
        lines = [",".join(_cell(row[name]) for name in names) for row in rows]
        path.write_text("\n".join([",".join(names), *lines, ""]))


def _cell(value):
    return value if isinstance(value, str) else f'"{json.dumps(value)}"'


def codes(release, path, track):
    report = validate(path, declare(release, path.parent, track), release)
    assert (report.predictions is None) == bool(report.problems)
    assert_each_has_a_next_step(report.problems)
    return list(dict.fromkeys(problem.code for problem in report.problems))


def graphs():
    """A thousand valid graphs, no two of the first hundred alike."""
    return [
        {"node_feat": [2 + number % 10, 2 + number // 10 % 10, 4, 5], "edge_index": EDGES} for number in range(1000)
    ]


@pytest.mark.heavy
@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".jsonl"])
@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"edge_index": [[0, 1, 4], [1, 2, 3]]}, ["edge_out_of_range"]),
        ({"edge_index": [[0, 1, 2], [1, 2, -1]]}, ["edge_out_of_range"]),
        ({"edge_index": [[0], [2**31 - 1]]}, ["edge_out_of_range"]),
        ({"edge_index": [[0, 1], [1]]}, ["edge_shape"]),
        ({"edge_index": [[0, 1]]}, ["edge_shape"]),
        ({"edge_index": []}, ["edge_shape"]),
        ({"edge_index": [[0, 1], [1, 2], [2, 3]]}, ["edge_shape"]),
        ({"edge_index": [[0, 0], [1, 1]]}, ["duplicate_edge"]),
        ({"edge_index": [[0, None], [1, 2]]}, ["null_value"]),
        ({"edge_index": None}, ["null_value"]),
        ({"node_feat": []}, ["graph_size"]),
        ({"node_feat": [2] * 301}, ["graph_size"]),
        ({"node_feat": [2, 3, 4, CLASSES]}, ["unknown_class"]),
        ({"node_feat": [2, 3, 4, 0]}, ["unknown_class"]),
        ({"node_feat": [2, 3, 4, -1]}, ["unknown_class"]),
    ],
    ids=str,
)
def test_an_invalid_graph_is_refused(release, tmp_path, suffix, changes, expected):
    rows = graphs()
    rows[2] = {**rows[2], **changes}
    path = tmp_path / f"predictions{suffix}"
    write_rows(path, rows)
    assert expected == codes(release, path, GRAPHS)


@pytest.mark.heavy
@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".jsonl"])
@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (lambda rows: rows[1:], ["wrong_row_count"]),
        (lambda rows: [*rows, rows[0]], ["wrong_row_count"]),
        (lambda rows: rows * 4, ["too_many_rows"]),
        (lambda rows: [{"graph_id": f"{index}", **row} for index, row in enumerate(rows)], ["extra_column"]),
        (lambda rows: [{"node_feat": row["node_feat"]} for row in rows], ["missing_column"]),
    ],
    ids=["one too few", "one too many", "four times as many", "with ids", "without edges"],
)
def test_rows_other_than_a_thousand_graphs_are_refused(release, tmp_path, suffix, edit, expected):
    path = tmp_path / f"predictions{suffix}"
    write_rows(path, edit(graphs()))
    # a JSON line without edges is one row that cannot be read, and the others are looked at
    assert expected == codes(release, path, GRAPHS)[:1]


def test_the_order_of_graphs_and_edges_does_not_matter(release, tmp_path):
    plain, shuffled = tmp_path / "plain.jsonl", tmp_path / "shuffled.jsonl"
    write_rows(plain, graphs())
    turned = [{**row, "edge_index": [[2, 0, 1], [3, 1, 2]]} for row in graphs()]
    np.random.default_rng(5).shuffle(turned)
    write_rows(shuffled, turned)
    found = [validate(path, None, release, track=GRAPHS).predictions.graphs for path in (plain, shuffled)]
    for name, values in vars(found[0]).items():
        assert np.array_equal(values, getattr(found[1], name)), name


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
@pytest.mark.parametrize(
    ("literal", "expected"),
    [
        ("NaN", "nan"),
        ("1e400", "infinity"),
        ("-Infinity", "infinity"),
        ("9" * 400, "infinity"),
        ("null", "null_value"),
        ("true", "wrong_type"),
        ('"1.0"', "wrong_type"),
        ("[1.0]", "wrong_type"),
        ("NA", "bad_json"),
        ("True", "bad_json"),
        ("0x1", "bad_json"),
        ("1_000", "bad_json"),
        ("\u0661", "bad_json"),
    ],
    ids=lambda value: value[:20],
)
def test_a_property_that_is_no_number_is_refused(release, tmp_path, suffix, literal, expected):
    path = tmp_path / f"predictions{suffix}"
    write_rows(path, [{"graph_id": graph_id, "value": 1.5} for graph_id in IDS])
    cell = '"' + literal.replace('"', '""') + '"' if suffix == ".csv" else literal
    lines = path.read_text().splitlines()
    lines[3] = lines[3].replace('"1.5"' if suffix == ".csv" else "1.5", cell)
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")
    found = codes(release, path, VALUES)
    assert [expected] == [code for code in found if code != "missing_graph"]


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".jsonl"])
@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        (lambda rows: [{**rows[0], "value": math.nan}, *rows[1:]], ["nan"]),
        (lambda rows: [{**rows[0], "value": -math.inf}, *rows[1:]], ["infinity"]),
        (lambda rows: [{**rows[0], "value": 1e308}, *rows[1:]], []),
        (lambda rows: rows[1:], ["missing_graph"]),
        (lambda rows: [*rows, rows[0]], ["duplicate_graph"]),
        (lambda rows: [*rows, {**rows[0], "value": 2.5}], ["duplicate_graph"]),
        (lambda rows: [{**rows[0], "graph_id": "0"}, *rows[1:]], ["unknown_graph", "missing_graph"]),
        (lambda rows: rows[::-1], []),
    ],
    ids=["NaN", "infinity", "1e308", "missing", "equal twice", "conflicting", "000 as 0", "reversed"],
)
def test_rows_of_properties_are_judged_as_those_of_scores(release, tmp_path, suffix, edit, expected):
    path = tmp_path / f"predictions{suffix}"
    write_rows(path, edit([{"graph_id": graph_id, "value": 1.5} for graph_id in IDS]))
    assert expected == codes(release, path, VALUES)


MOST = 2_790_000
"""Values that a file of graphs may just have."""


def _lists(lengths, values):
    offsets = np.concatenate([[0], np.cumsum(lengths)])
    return pa.ListArray.from_arrays(pa.array(offsets, pa.int32()), values)


def _zeros(count):
    return pa.array(np.zeros(count, np.int32))


ONE_GRAPH = pa.array([[2]], LISTS)
NO_EDGES = pa.array([[[], []]], pa.list_(LISTS))
BOMBS = {
    "a node list of as many as may be": lambda: (_lists([MOST], _zeros(MOST)), NO_EDGES),
    "as many nulls": lambda: (_lists([MOST], pa.nulls(MOST, pa.int32())), NO_EDGES),
    "one list of edges": lambda: (ONE_GRAPH, _lists([1], _lists([MOST], _zeros(MOST)))),
    "as many lists of nothing": lambda: (ONE_GRAPH, _lists([MOST], _lists(np.zeros(MOST, np.int32), _zeros(0)))),
    "as many lists of null": lambda: (ONE_GRAPH, _lists([MOST], pa.nulls(MOST, LISTS))),
    "400 MB of nodes": lambda: (_lists([100_000_000], _zeros(100_000_000)), NO_EDGES),
    "null lists of a fixed size": lambda: (pa.nulls(1, pa.list_(pa.int32(), 100_000_000)), NO_EDGES),
    "null lists of a fixed size in lists": lambda: (
        ONE_GRAPH,
        _lists([2], pa.nulls(2, pa.list_(pa.int32(), 100_000_000))),
    ),
}


@pytest.mark.heavy
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_of_graphs_is_refused_in_less_than_300_mebibytes(release, tmp_path, record_property, name):
    path = tmp_path / "predictions.parquet"
    nodes, edges = BOMBS[name]()
    pq.write_table(
        pa.table({"node_feat": nodes, "edge_index": edges}), path, compression="zstd", write_statistics=False
    )
    assert path.stat().st_size < 10_000
    nothing, problems, mebibytes = measured(release.root, path, declare(release, tmp_path, GRAPHS))
    record_property("mebibytes", mebibytes)
    assert nothing
    assert problems
    assert_each_has_a_next_step(problems)
    assert mebibytes < MOST_MEBIBYTES
