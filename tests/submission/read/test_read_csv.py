"""CSV files as spreadsheets and scripts get them wrong."""

from __future__ import annotations

import pytest

from tests.submission.reports import FLOW, NODES, codes
from younger_hf.submission.check.validate import validate


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
