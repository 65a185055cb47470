"""What the tests of readers ask of a report."""

from __future__ import annotations

from younger_hf.submission import validate

FLOW = "dataflow_w_attrs"
NODES = "operator_w_attrs"


def codes(board, path, track=FLOW, **options):
    """The distinct codes in the order of the report, without those that follow from rows that could not be read."""
    report = validate(path, None, board.release, track=track, **options)
    assert report.predictions is None
    assert all(str(problem) for problem in report.problems)
    return [code for code in dict.fromkeys(problem.code for problem in report.problems) if code != "missing_graph"]
