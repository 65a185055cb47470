"""JSON lines files as scripts get them wrong."""

from __future__ import annotations

import json

import pytest

from tests.submission.reports import FLOW, codes
from younger_hf.submission.check.validate import validate


@pytest.fixture
def lines(noisy, write_as):
    """The lines of a valid JSON lines file."""
    return write_as(".jsonl", FLOW, noisy(FLOW)).read_text().splitlines()


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
