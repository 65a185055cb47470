"""What the tests of readers ask of a report."""

from __future__ import annotations

import json
import re
import subprocess
import sys

from younger_hf.submission import Problem
from younger_hf.submission.check.validate import validate

FLOW = "dataflow_w_attrs"
NODES = "operator_w_attrs"

MOST_MEBIBYTES = 300
"""Peak of a whole process that validates a bomb, imports included."""

PLACE = re.compile(
    r"(row \d+( \(graph_id .+\))?|graph_id '.+'|predictions(\.\w+)+|submission\.yaml)(, \w+(\[[\d:]+\])*)?: expected .+, got .+\.",
    re.DOTALL,
)
COUNT = re.compile(r"[\d,]+ problems of this kind in all \(\w+\); the first 20 are listed\.")

MEASURE = """
import dataclasses, json, pathlib, re, resource, sys
from younger_hf.dataset.read.release import open_release
from younger_hf.submission import validate

def peak():  # KiB; Linux counts what the parent had used into ru_maxrss, so it is read from /proc there
    status = pathlib.Path("/proc/self/status")
    if status.exists():
        return int(re.search(r"VmHWM:\\s+(\\d+)", status.read_text())[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

report = validate(sys.argv[2], sys.argv[3], open_release(sys.argv[1]))
problems = [dataclasses.asdict(problem) for problem in report.problems]
print(json.dumps([report.predictions is None, problems, peak() // 1024]))
"""


def codes(board, path, track=FLOW, **options):
    """The distinct codes in the order of the report.

    Those that follow from rows that could not be read are left out.
    """
    report = validate(path, None, board.release, track=track, **options)
    assert report.predictions is None
    assert all(str(problem) for problem in report.problems)
    return [code for code in dict.fromkeys(problem.code for problem in report.problems) if code != "missing_graph"]


def assert_each_has_a_next_step(problems):
    """Check that messages have a place, expectation and finding, and problems a next step."""
    for problem in problems:
        if COUNT.fullmatch(problem.message) is None:
            assert PLACE.fullmatch(problem.message), problem.message
            assert problem.hint.endswith("."), problem
        assert len(str(problem)) < 1000


def measured(root, path, declared):
    """Validate in another process, which must have nothing to score.

    Returns whether it had, the problems, and the MiB of memory that it took.
    """
    command = [sys.executable, "-c", MEASURE, *map(str, (root, path, declared))]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    nothing, problems, mebibytes = json.loads(run.stdout)
    return nothing, [Problem(**problem) for problem in problems], mebibytes
