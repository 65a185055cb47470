"""`younger-hf validate` names every one of ten or more mistakes in a file of any format."""

from __future__ import annotations

import json
import math
import subprocess
import sys

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.submission.reports import FLOW

VALUES = {"null_value", "long_graph_id", "unknown_graph", "duplicate_graph", "wrong_length"}
SCORES = {"nan", "infinity", "out_of_range", "missing_graph", "extra_column"}
EXPECTED = {
    ".parquet": VALUES | SCORES,
    ".csv": VALUES | SCORES | {"ragged_row", "bad_json", "wrong_type"},
    ".jsonl": VALUES | SCORES | {"bad_json", "wrong_type", "missing_column", "duplicate_column"},
}
"""The mistakes that one file of each format has."""


def mistaken(rows):
    """Valid rows with nine mistakes that every format can have: a list of (graph_id, scores)."""
    lists = {graph_id: row.astype(float).tolist() for graph_id, row in rows.items()}
    ids = list(lists)
    lists[ids[0]][0] = math.nan
    lists[ids[1]][0] = -math.inf
    lists[ids[2]][0] = 1.5
    lists[ids[3]].pop()
    lists[ids[4]][0] = None
    del lists[ids[5]]
    return [*lists.items(), ("x" * 300, [0.5]), ("another", [0.5]), (ids[6], lists[ids[6]])]


def write_parquet(path, items):
    lists = pa.array([values for _, values in items], pa.list_(pa.float64()))
    pq.write_table(
        pa.table({"graph_id": [graph_id for graph_id, _ in items], "scores": lists, "rank": range(len(items))}), path
    )


def write_csv(path, items):
    lines = [f'{graph_id},"{json.dumps(values)}",' for graph_id, values in items]
    lines[10] += ",1"
    lines[11] = lines[11].replace("]", "")
    lines[12] = lines[12].replace("[", '[""0.5"", ')
    path.write_text("\n".join(["graph_id,scores,rank", *lines, ""]))


def write_jsonl(path, items):
    lines = [json.dumps({"graph_id": graph_id, "scores": values}) for graph_id, values in items]
    lines[10] = lines[10].replace("}", ', "rank": 1}')
    lines[11] = lines[11].replace("]", "")
    lines[12] = lines[12].replace("[", '["0.5", ')
    lines[13] = json.dumps({"graph_id": items[13][0]})
    lines[14] = lines[14].replace("}", ', "scores": []}')
    path.write_text("\n".join([*lines, ""]))


WRITERS = {".parquet": write_parquet, ".csv": write_csv, ".jsonl": write_jsonl}


@pytest.mark.heavy
@pytest.mark.parametrize("suffix", WRITERS)
def test_one_file_with_ten_mistakes_names_all_ten(board, noisy, metadata, tmp_path, suffix):
    metadata(FLOW)
    WRITERS[suffix](tmp_path / f"predictions{suffix}", mistaken(noisy(FLOW)))
    assert len(EXPECTED[suffix]) >= 10
    command = [sys.executable, "-m", "younger_hf.cli", "validate", str(tmp_path), "--data", str(board.release.root)]
    machine = subprocess.run([*command, "--json"], capture_output=True, text=True, timeout=60)
    problems = json.loads(machine.stdout)["problems"]
    assert (2, EXPECTED[suffix]) == (machine.returncode, {problem["code"] for problem in problems})
    person = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (2, 1, "") == (person.returncode, person.stderr.count("Error:"), person.stdout)
    said = "".join(person.stderr.split())
    for problem in problems:
        assert "".join(problem["message"].split()) in said, problem["message"]
        assert "".join(problem["hint"].split()) in said, problem["hint"]
    assert np.all([code in person.stderr for code in EXPECTED[suffix]])
