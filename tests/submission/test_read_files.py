"""Files that are damaged, disguised or hostile: each is one clear problem and never a traceback."""

from __future__ import annotations

import gzip
import json
import pickle
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from younger_hf.submission import validate, write_predictions

FLOW = "dataflow_w_attrs"
NODES = "operator_w_attrs"
SCORES = pa.list_(pa.float32())


def codes(board, path, track=FLOW, **options):
    """The distinct codes in the order of the report, without those that follow from rows that could not be read."""
    report = validate(path, None, board.release, track=track, **options)
    assert report.predictions is None
    assert all(str(problem) for problem in report.problems)
    return [code for code in dict.fromkeys(problem.code for problem in report.problems) if code != "missing_graph"]


@pytest.fixture
def valid(noisy, tmp_path):
    """A valid Parquet file."""
    return write_predictions(tmp_path / "predictions.parquet", FLOW, noisy(FLOW))


@pytest.fixture
def lines(noisy, write_as):
    """The lines of a valid JSON lines file."""
    return write_as(".jsonl", FLOW, noisy(FLOW)).read_text().splitlines()


# --- container ---


def test_a_missing_file_is_named(board, tmp_path):
    assert ["file_missing"] == codes(board, tmp_path / "predictions.parquet")


def test_a_folder_is_no_file(board, tmp_path):
    (tmp_path / "predictions.parquet").mkdir()
    assert ["file_missing"] == codes(board, tmp_path / "predictions.parquet")


@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".jsonl"])
def test_an_empty_file_is_named(board, tmp_path, suffix):
    path = tmp_path / f"predictions{suffix}"
    path.write_bytes(b"")
    assert ["file_empty"] == codes(board, path)


@pytest.mark.parametrize(
    "name", ["predictions.pt", "predictions.npy", "predictions.parquet.gz", "predictions", "predictions.json"]
)
def test_another_extension_is_named(board, valid, name):
    assert ["wrong_extension"] == codes(board, valid.rename(valid.with_name(name)))


def test_a_file_above_the_size_limit_is_not_opened(board, valid):
    size = valid.stat().st_size
    assert ["file_too_large"] == codes(board, valid, max_bytes=size - 1)
    assert validate(valid, None, board.release, track=FLOW, max_bytes=size).valid


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"graph_id,scores\n", "something else"),
        (pickle.dumps([1]), "a pickle"),
        (gzip.compress(b"x"), "a gzip file"),
        (b"PK\x03\x04rest of an archive", "a ZIP archive (.zip, .npz, .pt or .xlsx)"),
        (b"PARE" + b"\0" * 20 + b"PARE", "an encrypted Parquet file"),
    ],
)
def test_something_else_named_parquet_is_recognised(board, tmp_path, content, kind):
    path = tmp_path / "predictions.parquet"
    path.write_bytes(content)
    (problem,) = validate(path, None, board.release, track=FLOW).problems
    assert ("wrong_format", kind) == (problem.code, problem.got)


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_something_else_named_as_text_is_recognised(board, valid, suffix):
    assert ["wrong_format"] == codes(board, valid.rename(valid.with_suffix(suffix)))


def test_nothing_is_ever_unpickled(board, tmp_path):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "sprung"), "w"))

    for suffix in (".parquet", ".csv", ".jsonl"):
        path = tmp_path / f"predictions{suffix}"
        path.write_bytes(pickle.dumps(Trap()))
        assert ["wrong_format"] == codes(board, path)
    assert not (tmp_path / "sprung").exists()


# --- Parquet ---


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
def test_changed_bytes_anywhere_never_give_a_traceback(board, valid, changes):
    original = valid.read_bytes()
    data = bytearray(original)
    for place, byte in changes:
        data[int(place * len(data))] = byte
    path = valid.with_name("changed.parquet")
    path.write_bytes(data)
    report = validate(path, None, board.release, track=FLOW)
    assert (report.predictions is None) == bool(report.problems)


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
from younger_hf.dataset.release import open_release
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
    # 3,000 rows that share one id of a million characters: 3 GB of text; and few enough rows to be looked at
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
    assert mebibytes < 60


def test_a_footer_on_which_pyarrow_aborts_is_damaged(board, noisy, write_as):
    path = write_as(".parquet", FLOW, noisy(FLOW))
    data = path.read_bytes()
    # the schema says that graph_id is required, its histogram of definition levels that it is optional
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


# --- CSV ---


def csv_file(tmp_path, content):
    path = tmp_path / "predictions.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.fixture
def table_text(noisy, write_as):
    """A valid CSV file."""
    return write_as(".csv", FLOW, noisy(FLOW)).read_text()


@pytest.mark.parametrize(("delimiter", "shown"), [(";", "';'"), ("\t", r"'\t'"), ("|", "'|'")])
def test_another_delimiter_is_named(board, tmp_path, delimiter, shown):
    path = csv_file(tmp_path, f'graph_id{delimiter}scores\n500{delimiter}"[0.5]"\n')
    (problem,) = validate(path, None, board.release, track=FLOW).problems
    assert "wrong_delimiter" == problem.code
    assert problem.got.startswith(shown)


def test_a_byte_order_mark_is_named_and_the_rest_is_checked(board, tmp_path, table_text):
    assert ["bad_encoding"] == codes(board, csv_file(tmp_path, b"\xef\xbb\xbf" + table_text.encode()))
    assert ["bad_encoding", "no_rows", "extra_column"] == codes(
        board, csv_file(tmp_path, b"\xef\xbb\xbfgraph_id,scores,x\n")
    )


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-16-le"])
def test_another_encoding_is_named(board, tmp_path, table_text, encoding):
    assert ["bad_encoding"] == codes(board, csv_file(tmp_path, table_text.encode(encoding)))


def test_bytes_that_are_no_utf8_are_named_by_their_place(board, tmp_path, table_text):
    data = table_text.encode()
    (problem,) = validate(csv_file(tmp_path, data + b"\xff"), None, board.release, track=FLOW).problems
    assert ("bad_encoding", f"other bytes near byte {len(data)}") == (problem.code, problem.got)


def test_a_nul_byte_is_named(board, tmp_path, table_text):
    assert ["bad_encoding"] == codes(board, csv_file(tmp_path, table_text + "\0"))


def test_ragged_rows_are_named_and_do_not_shift_the_others(board, tmp_path, table_text):
    text = table_text.splitlines()
    text[3] += ",extra"
    text[6] = "505"
    text[9] = text[9].replace("[", "[7.5, ", 1)
    report = validate(csv_file(tmp_path, "\n".join(text) + "\n"), None, board.release, track=FLOW)
    expected = [("ragged_row", 3), ("ragged_row", 6), ("wrong_length", 9), ("out_of_range", 9)]
    assert expected == [(problem.code, problem.row) for problem in report.problems if problem.row]
    assert "row 3: expected 2 cells as in the header, got 3." == report.problems[0].message


def test_a_list_without_quotes_is_ragged_and_the_hint_shows_quotes(board, tmp_path):
    report = validate(csv_file(tmp_path, "graph_id,scores\n500,[0.5,0.5]\n"), None, board.release, track=FLOW)
    assert ("ragged_row", 'Put each list into double quotes: ab12,"[0.1, 0.9]".') == (
        report.problems[0].code,
        report.problems[0].hint,
    )


def test_ids_that_look_like_numbers_stay_text(board, tmp_path, noisy, write_as):
    rows = noisy(NODES)
    shortened = {graph_id.lstrip("0") or "0": values for graph_id, values in rows.items()}
    report = validate(write_as(".csv", NODES, shortened), None, board.release, track=NODES)
    assert ["unknown_graph"] * 21 + ["missing_graph"] * 21 == [problem.code for problem in report.problems]
    both = {**rows, "1": rows["001"]}
    (problem,) = validate(write_as(".csv", NODES, both), None, board.release, track=NODES).problems
    assert ("unknown_graph", "row 41 (graph_id '1'): expected a graph_id of the test split, got another.") == (
        problem.code,
        problem.message,
    )


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("", "bad_json"),
        ("NA", "bad_json"),
        ("[0.5 0.5]", "bad_json"),
        ("[0.5,", "bad_json"),
        ("[0x1]", "bad_json"),
        ("[1_0]", "bad_json"),
        ("[\u0661]", "bad_json"),
        ("(0.5, 0.5)", "bad_json"),
        ("[" * 100_000, "bad_json"),
        ("[" + "9" * 5000 + "]", "bad_json"),
        ("0.5", "wrong_type"),
        ('"[0.5]"', "wrong_type"),
        ("true", "wrong_type"),
        ("[true]", "wrong_type"),
        ('["0.5"]', "wrong_type"),
        ("[[0.5]]", "wrong_type"),
        ("{}", "wrong_type"),
        ("null", "null_value"),
        ("[null]", "null_value"),
        ("[NaN]", "nan"),
        ("[1e400]", "infinity"),
        ("[-Infinity]", "infinity"),
        ("[1e308]", "out_of_range"),
        ("[" + "9" * 400 + "]", "out_of_range"),
        ("[" + "0," * 200_000 + "0]", "too_many_values"),
    ],
    ids=lambda value: value[:20],
)
@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
def test_a_cell_that_is_no_list_of_numbers_is_named(board, tmp_path, suffix, cell, code):
    path = tmp_path / f"predictions{suffix}"
    quoted = cell.replace('"', '""')
    text = f'graph_id,scores\n500,"{quoted}"\n' if suffix == ".csv" else f'{{"graph_id": "500", "scores": {cell}}}\n'
    path.write_text(text, encoding="utf-8")
    assert [code] == [each for each in codes(board, path) if each != "wrong_length"]


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("[3.0]", "wrong_type"),
        ("[true]", "wrong_type"),
        ("[NaN]", "wrong_type"),
        ("[9007199254740993]", "unknown_class"),
        ("[" + "9" * 30 + "]", "unknown_class"),
    ],
)
def test_a_class_that_is_no_small_integer_is_named(board, tmp_path, cell, code):
    path = tmp_path / "predictions.jsonl"
    path.write_text(f'{{"graph_id": "000", "predictions": {cell}}}\n')
    assert [code] == [each for each in codes(board, path, NODES) if each != "wrong_length"]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("graph_id,scores,scores", ["duplicate_column"]),
        ("graph_id", ["missing_column"]),
        ("id,score", ["missing_column", "extra_column"]),
        (",graph_id,scores", ["no_rows", "extra_column"]),
        ("graph_id,scores," + ",".join(f"c{index}" for index in range(10_000)), ["no_rows", "extra_column"]),
        ("graph_id,scores", ["no_rows"]),
        ("", ["missing_column"]),
        ("x" * 200_000, ["missing_column", "extra_column"]),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else "",
)
def test_a_wrong_header_is_named(board, tmp_path, header, expected):
    assert expected == codes(board, csv_file(tmp_path, f"{header}\n"))


def test_a_quote_that_is_never_closed_is_named(board, tmp_path, table_text):
    text = table_text.replace(']"', "]", 1)
    assert set(codes(board, csv_file(tmp_path, text))) <= {"ragged_row", "bad_json", "file_damaged"}


def test_a_line_break_in_an_id_makes_it_unknown(board, tmp_path):
    path = csv_file(tmp_path, 'graph_id,scores\n"5\n00","[0.5]"\n')
    report = validate(path, None, board.release, track=FLOW)
    assert (
        r"row 1 (graph_id '5\n00'): expected a graph_id of the test split, got another." == report.problems[0].message
    )


def test_millions_of_empty_lines_are_not_parsed(board, tmp_path):
    assert ["too_many_rows"] == codes(board, csv_file(tmp_path, "graph_id,scores\n" + "\n" * 2_000_000))


# --- JSON lines ---


def json_lines(tmp_path, rows):
    path = tmp_path / "predictions.jsonl"
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('{"graph_id": "500", "graph_id": "501", "scores": [0.5]}', "duplicate_column"),
        ('{"graph_id": "500", "scores": [0.5], "scores": [0.6]}', "duplicate_column"),
        ('{"graph_id": "500", "scores": [{"a": 1, "a": 2}]}', "duplicate_column"),
        ('{"graph_id": 500, "scores": [0.5]}', "wrong_type"),
        ('{"graph_id": null, "scores": [0.5]}', "null_value"),
        ('{"graph_id": "500"}', "missing_column"),
        ('{"graph_id": "500", "scores": [0.5], "owner": "me"}', "extra_column"),
        ('{"graph_id": "500", "scores": [0.5]', "bad_json"),
        ("{'graph_id': '500', 'scores': [0.5]}", "bad_json"),
        ('"500"', "wrong_type"),
        ('{"graph_id": "' + "x" * 300 + '", "scores": [0.5]}', "long_graph_id"),
        ('{"graph_id": "\\ud800", "scores": [0.5]}', "unknown_graph"),
    ],
)
def test_a_wrong_line_is_named_by_its_number(board, lines, tmp_path, line, code):
    lines[6] = line
    report = validate(json_lines(tmp_path, lines), None, board.release, track=FLOW)
    assert (code, 7) in [(problem.code, problem.row) for problem in report.problems]
    assert {7, None} >= {problem.row for problem in report.problems}


def test_empty_lines_are_not_counted(board, lines, tmp_path):
    lines[6] = '{"graph_id": "x", "scores": [0.5]}'
    report = validate(json_lines(tmp_path, ["", *lines[:3], "", "  ", *lines[3:], ""]), None, board.release, track=FLOW)
    assert ("unknown_graph", 7) == (report.problems[0].code, report.problems[0].row)


def test_a_json_array_is_recognised(board, lines, tmp_path):
    path = tmp_path / "predictions.jsonl"
    path.write_text(json.dumps([json.loads(line) for line in lines]))
    assert ["wrong_format"] == codes(board, path)


def test_only_blank_lines_are_no_rows(board, tmp_path):
    assert ["no_rows"] == codes(board, json_lines(tmp_path, ["", " "]))


def test_far_too_many_lines_stop_the_reading(board, tmp_path):
    assert "too_many_rows" in codes(board, json_lines(tmp_path, ['{"graph_id": "500", "scores": []}'] * 1200))


def test_far_too_many_values_stop_the_reading(board, tmp_path):
    line = json.dumps({"graph_id": "500", "scores": [0.5] * 60_000})
    assert "too_many_values" in codes(board, json_lines(tmp_path, [line] * 3))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    suffix=st.sampled_from([".csv", ".jsonl"]),
    content=st.one_of(st.binary(min_size=1), st.text(min_size=1).map(lambda text: text.encode("utf-8", "replace"))),
)
def test_arbitrary_bytes_never_give_a_traceback(board, tmp_path, suffix, content):
    path = tmp_path / f"arbitrary{suffix}"
    path.write_bytes(content)
    assert codes(board, path)
