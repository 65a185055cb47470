"""Parquet files that are damaged or hostile: each is one clear problem, in little memory."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.submission.reports import FLOW, NODES, codes
from younger_hf.submission import write_predictions
from younger_hf.submission.check.validate import validate

SCORES = pa.list_(pa.float32())


@pytest.fixture
def valid(noisy, tmp_path):
    """A valid Parquet file."""
    return write_predictions(tmp_path / "predictions.parquet", FLOW, noisy(FLOW))


@pytest.mark.parametrize("keep", [5, 12, 200, -8, -4, -1])
def test_a_cut_file_is_damaged(board, valid, keep):
    valid.write_bytes(valid.read_bytes()[:keep])
    assert ["file_damaged"] == codes(board, valid)


@pytest.mark.parametrize("length", [0, 3, 2**31, 2**32 - 1])
def test_a_footer_of_a_wrong_length_is_damaged(board, valid, length):
    data = valid.read_bytes()
    valid.write_bytes(data[:-8] + length.to_bytes(4, "little") + b"PAR1")
    assert ["file_damaged"] == codes(board, valid)


def test_a_changed_byte_in_the_data_is_noticed(board, valid):
    data = bytearray(valid.read_bytes())
    data[400] ^= 1
    valid.write_bytes(data)
    assert ["file_damaged"] == codes(board, valid)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=6))
def test_changed_bytes_anywhere_never_cause_a_traceback(board, valid, changes):
    original = valid.read_bytes()
    data = bytearray(original)
    for place, byte in changes:
        data[int(place * len(data))] = byte
    path = valid.with_name("changed.parquet")
    path.write_bytes(data)
    report = validate(path, None, board.release, track=FLOW)
    assert (report.predictions is None) == bool(report.problems)


@pytest.mark.heavy
def test_ten_thousand_columns_are_one_problem(board, valid):
    table = pq.read_table(valid)
    extra = {f"column {index}": pa.nulls(len(table), pa.int8()) for index in range(10_000)}
    pq.write_table(pa.table({**{name: table[name] for name in table.column_names}, **extra}), valid)
    (problem,) = validate(valid, None, board.release, track=FLOW).problems
    expected = "also 'column 0', 'column 1', 'column 2', 'column 3', 'column 4' and 9,995 more"
    assert ("extra_column", expected) == (problem.code, problem.got)


def test_the_index_that_pandas_writes_gets_its_own_hint(board, valid):
    table = pq.read_table(valid)
    pq.write_table(table.append_column("__index_level_0__", pa.array(range(len(table)))), valid)
    (problem,) = validate(valid, None, board.release, track=FLOW).problems
    assert ("extra_column", "pandas writes no index column with index=False.") == (problem.code, problem.hint)


@pytest.mark.parametrize(
    ("column", "kind", "got"),
    [
        ("scores", pa.list_(SCORES), "list<element: list<element: float>>"),
        ("scores", pa.list_(pa.struct([("a", pa.float32())])), "list<element: struct<a: float>>"),
        ("scores", pa.struct([("a", pa.float32())]), "struct<a: float>"),
        ("scores", pa.float32(), "float"),
        ("scores", pa.list_(pa.int64()), "list<element: int64>"),
        ("scores", pa.list_(pa.string()), "list<element: string>"),
        ("scores", pa.list_(pa.decimal128(5, 2)), "list<element: decimal128(5, 2)>"),
        ("scores", pa.map_(pa.string(), pa.float32()), "map<string, float"),
        ("graph_id", pa.int64(), "int64"),
        ("graph_id", pa.binary(), "binary"),
        ("graph_id", pa.list_(pa.string()), "list<element: string>"),
        ("graph_id", pa.uuid(), "extension<arrow.uuid>"),
    ],
    ids=str,
)
def test_another_column_type_is_named_before_anything_is_decoded(board, valid, column, kind, got):
    table = pq.read_table(valid)
    columns = {name: table[name] for name in table.column_names}
    columns[column] = pa.array([None] * len(table), kind.storage_type if isinstance(kind, pa.ExtensionType) else kind)
    if isinstance(kind, pa.ExtensionType):
        columns[column] = pa.ExtensionArray.from_storage(kind, columns[column])
    pq.write_table(pa.table(columns), valid)
    (problem,) = validate(valid, None, board.release, track=FLOW).problems
    assert "wrong_column_type" == problem.code
    assert problem.got.startswith(got)


def test_class_ids_as_floats_are_refused(board, noisy, write_as):
    assert ["wrong_column_type"] == codes(board, write_as(".parquet", NODES, noisy(NODES), pa.float32()), NODES)


def test_a_column_that_is_there_twice_is_named(board, valid):
    table = pq.read_table(valid)
    twice = pa.Table.from_arrays(
        [table["graph_id"], table["scores"], table["scores"]], names=["graph_id", "scores", "scores"]
    )
    pq.write_table(twice, valid)
    assert ["duplicate_column"] == codes(board, valid)


@pytest.mark.heavy
def test_a_schema_that_is_nested_a_thousand_times_is_damaged(board, tmp_path):
    kind = pa.float32()
    for _ in range(1000):
        kind = pa.list_(kind)
    path = tmp_path / "predictions.parquet"
    pq.write_table(pa.table({"graph_id": ["a"], "scores": pa.array([None], kind)}), path, store_schema=False)
    assert ["file_damaged"] == codes(board, path)


def test_no_rows_are_one_problem(board, valid):
    pq.write_table(pq.read_table(valid).slice(0, 0), valid)
    assert ["no_rows"] == codes(board, valid)


def test_nulls_are_named_and_the_rest_of_the_row_is_checked(board, valid):
    rows = pq.read_table(valid).to_pylist()
    rows[3]["scores"][1] = None
    rows[3]["scores"][2] = 3.0
    rows[4]["scores"] = None
    rows[5]["graph_id"] = None
    pq.write_table(pa.Table.from_pylist(rows, pa.schema([("graph_id", pa.string()), ("scores", SCORES)])), valid)
    report = validate(valid, None, board.release, track=FLOW)
    expected = [("null_value", 4), ("null_value", 5), ("null_value", 6), ("out_of_range", 4), ("missing_graph", None)]
    assert expected == [(problem.code, problem.row) for problem in report.problems]
    assert "row 4 (graph_id '503'), scores[1]: expected a score, got null." in [
        problem.message for problem in report.problems
    ]


@pytest.mark.parametrize("value_type", [pa.float16(), pa.int64()], ids=str)
def test_nulls_are_found_in_every_element_type(board, noisy, write_as, value_type):
    track = FLOW if value_type == pa.float16() else NODES
    path = write_as(".parquet", track, noisy(track), value_type)
    table = pq.read_table(path)
    column = table.column(1).combine_chunks()
    flat = column.values.to_numpy()
    values = pa.array(flat, value_type, mask=np.arange(len(flat)) == 0)
    pq.write_table(table.set_column(1, table.column_names[1], pa.ListArray.from_arrays(column.offsets, values)), path)
    (problem,) = validate(path, None, board.release, track=track).problems
    assert ("null_value", 1) == (problem.code, problem.row)


MEASURE = """
import pathlib, resource, sys
from younger_hf.dataset.read.release import open_release
from younger_hf.submission import validate

def peak():  # KiB; Linux counts what the parent had used into ru_maxrss, so it is read from /proc there
    status = pathlib.Path("/proc/self/status")
    if status.exists():
        return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

release = open_release(sys.argv[1])
before = peak()
report = validate(sys.argv[2], None, release, track="dataflow_w_attrs")
codes = dict.fromkeys(problem.code for problem in report.problems if problem.code != "missing_graph")
print(",".join(codes), (peak() - before) // 1024)
"""


def measured(board, path):
    """The codes found by a process of its own, and the MiB by which it grew while it validated."""
    command = [sys.executable, "-c", MEASURE, str(board.release.root), str(path)]
    found, grown = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.split()
    return found, int(grown)


def _run_lengths(path):
    # 20 million scores in one row, as a run of one value
    values = pa.array(np.zeros(20_000_000, np.float32))
    table = pa.table({"graph_id": ["500"], "scores": pa.ListArray.from_arrays([0, len(values)], values)})
    pq.write_table(table, path, compression="zstd")


def _one_long_id(path):
    # 3,000 rows that share one id of a million characters: 3 GB of text; and few enough rows to be
    # looked at
    ids = pa.DictionaryArray.from_arrays(pa.array([0] * 1000, pa.int32()), ["x" * 1_000_000])
    pq.write_table(
        pa.table({"graph_id": ids, "scores": pa.array([[0.5]] * 1000, SCORES)}),
        path,
        compression="zstd",
        store_schema=False,
    )


def _many_rows(path):
    table = pa.table({"graph_id": pa.array(["500"] * 5_000_000), "scores": pa.array([[]] * 5_000_000, SCORES)})
    pq.write_table(table, path, compression="zstd")


def _long_plain_ids(path):
    ids = pa.array(["x" * 1_000_000] * 30)
    table = pa.table({"graph_id": ids, "scores": pa.array([[0.5]] * 30, SCORES)})
    pq.write_table(table, path, compression="zstd", use_dictionary=False)


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("make", "code"),
    [
        (_run_lengths, "too_many_values"),
        (_one_long_id, "long_graph_id"),
        (_many_rows, "too_many_rows"),
        (_long_plain_ids, "file_too_large"),
    ],
)
def test_a_small_file_that_would_unpack_into_gigabytes_is_refused_in_little_memory(board, tmp_path, make, code):
    path = tmp_path / "predictions.parquet"
    make(path)
    found, mebibytes = measured(board, path)
    assert code in found.split(",")
    assert mebibytes < 100


@pytest.mark.heavy
def test_a_footer_on_which_pyarrow_aborts_is_damaged(board, noisy, write_as):
    path = write_as(".parquet", FLOW, noisy(FLOW))
    data = path.read_bytes()
    # the schema says that graph_id is required, its histogram of definition levels that it is
    # optional
    optional, required = b"\x25\x02\x18\x08graph_id", b"\x25\x00\x18\x08graph_id"
    assert data.count(optional) == 1
    path.write_bytes(data.replace(optional, required))
    assert "file_damaged" == measured(board, path)[0]


def test_an_id_that_is_no_utf8_is_damaged(board, noisy, write_as):
    path = write_as(".parquet", FLOW, noisy(FLOW))
    table = pq.read_table(path)
    ids = table["graph_id"].combine_chunks().cast(pa.binary()).to_pylist()
    broken = pa.array([b"\xff\x80", *ids[1:]], pa.binary()).view(pa.string())
    pq.write_table(table.set_column(0, "graph_id", broken), path)
    assert ["file_damaged"] == codes(board, path)


def test_an_extra_column_cannot_hide_the_size_of_another(board, tmp_path):
    values = pa.array(np.zeros(1_000_000, np.float32))
    columns = {
        "graph_id": ["500"],
        "scores": pa.ListArray.from_arrays([0, len(values)], values),
        "scores.list.element": [1],
    }
    path = tmp_path / "predictions.parquet"
    pq.write_table(pa.table(columns), path)
    assert ["too_many_values", "extra_column"] == codes(board, path)
