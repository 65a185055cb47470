"""Validation names every mistake at once, for people, and never shows what is hidden."""

from __future__ import annotations

import math
import shutil

import numpy as np
import pytest
import yaml

from younger_hf.dataset.read.release import open_release
from younger_hf.errors import SubmissionError
from younger_hf.submission import CODES, Problem, write_predictions
from younger_hf.submission.check.validate import validate
from younger_hf.tasks import TRACKS

FLOW = "dataflow_w_attrs"
NODES = "operator_w_attrs"


def found(report):
    """Code and row of each problem."""
    return [(problem.code, problem.row) for problem in report.problems]


def with_row(rows, graph_id, values):
    return {**rows, graph_id: values}


def test_a_valid_submission_has_no_problems_and_carries_its_metadata(board, noisy, metadata, tmp_path):
    report = validate(write_predictions(tmp_path, FLOW, noisy(FLOW)), metadata(FLOW), board.release)
    assert ((), True, FLOW, "GCN") == (report.problems, report.valid, report.track, report.metadata.system)
    report.raise_if_invalid()


def test_valid_predictions_come_in_the_order_of_the_test_split(board, noisy, tmp_path):
    rows = noisy(FLOW)
    path = write_predictions(tmp_path, FLOW, dict(reversed(rows.items())))
    predictions = validate(path, None, board.release, track=FLOW).predictions
    assert list(rows) == predictions.graph_ids.to_pylist()
    assert np.concatenate(list(rows.values())).tolist() == predictions.rows.values.tolist()
    assert [0, *np.cumsum([len(row) for row in rows.values()])] == predictions.rows.offsets.tolist()


def test_ten_different_mistakes_in_one_submission_are_all_named(board, noisy, write_as, tmp_path):
    rows = {graph_id: row.tolist() for graph_id, row in noisy(FLOW).items()}
    ids = list(rows)
    rows[ids[0]][2] = math.nan
    rows[ids[1]][0] = math.inf
    rows[ids[2]][1] = 1.5
    rows[ids[3]] = rows[ids[3]][:-1]
    rows[ids[4]][0] = "0.5"
    rows[ids[5]][0] = None
    items = [*rows.items(), ("12345", [0.5]), (ids[6], rows[ids[6]])]
    items = [item for item in items if item[0] != ids[7]]
    lines = write_as(".jsonl", FLOW, items).read_text().splitlines()
    lines[8] = lines[8][:-5]
    lines[9] = lines[9].replace("}", ', "note": 1}')
    path = tmp_path / "predictions.jsonl"
    path.write_text("\n".join(lines))
    declared = tmp_path / "submission.yaml"
    version = board.release.content_hash
    declared.write_text(f"track: {FLOW}\ndataset_version: {version}\nsystem: GCN\nteam: ''\nscore: 1.0\n")
    report = validate(path, declared, board.release)
    expected = {
        ("metadata_unknown_field", None),
        ("metadata_missing_field", None),
        ("extra_column", 10),
        ("bad_json", 9),
        ("wrong_type", 5),
        ("null_value", 6),
        ("unknown_graph", 40),
        ("duplicate_graph", 41),
        ("wrong_length", 4),
        ("nan", 1),
        ("infinity", 2),
        ("out_of_range", 3),
        ("missing_graph", None),
    }
    assert expected == set(found(report))
    # the graph that was left out, and the one whose line is no JSON
    missing = [problem.message for problem in report.problems if problem.code == "missing_graph"]
    assert [f"graph_id '{graph_id}': expected one row, got none." for graph_id in (ids[7], ids[9])] == missing


def test_one_parquet_file_with_eight_different_mistakes_names_all_eight(board, noisy, write_as, tmp_path, metadata):
    rows = {graph_id: row.copy() for graph_id, row in noisy(FLOW).items()}
    ids = list(rows)
    rows[ids[0]][0], rows[ids[1]][0], rows[ids[2]][0] = math.nan, -math.inf, -0.1
    rows[ids[3]] = rows[ids[3]][1:]
    rows[ids[4]] = None
    items = [*rows.items(), ("x", np.array([0.5])), (ids[5], rows[ids[5]])]
    del items[6]
    report = validate(write_as(".parquet", FLOW, items), metadata(NODES), board.release, track=FLOW)
    assert [
        ("wrong_track", None),
        ("null_value", 5),
        ("unknown_graph", 40),
        ("duplicate_graph", 41),
        ("wrong_length", 4),
        ("nan", 1),
        ("infinity", 2),
        ("out_of_range", 3),
        ("missing_graph", None),
    ] == found(report)


def test_a_message_has_place_expectation_and_next_step(board, noisy, tmp_path):
    rows = noisy(FLOW)
    graph_id = list(rows)[16]
    size = len(rows[graph_id])
    path = write_predictions(tmp_path, FLOW, with_row(rows, graph_id, rows[graph_id][:-1]))
    (problem,) = validate(path, None, board.release, track=FLOW).problems
    assert (
        f"row 17 (graph_id '{graph_id}'): expected {size} scores (one for each pair in pair_index), got {size - 1}. "
        "Predict every pair in the order of the test split."
    ) == str(problem)
    expected = f"{size} scores (one for each pair in pair_index)"
    assert ("wrong_length", 17, expected, str(size - 1)) == (problem.code, problem.row, problem.expected, problem.got)


def test_a_value_is_named_by_its_place_in_the_row(board, noisy, tmp_path):
    rows = noisy(FLOW)
    graph_id = list(rows)[2]
    wrong = rows[graph_id].copy()
    wrong[[3, 4]] = [1.25, 2.0]
    (problem,) = validate(
        write_predictions(tmp_path, FLOW, with_row(rows, graph_id, wrong)), None, board.release, track=FLOW
    ).problems
    expected = (
        f"row 3 (graph_id '{graph_id}'), scores[3]: expected a number in [0, 1], got 1.25 (and 1 more in this row)."
    )
    assert expected == problem.message


@pytest.mark.parametrize(("wrong", "shown"), [(-1, "-1"), (12, "12"), (2**31 - 1, "2147483647")])
def test_a_class_outside_the_vocabulary_is_named(board, noisy, tmp_path, wrong, shown):
    rows = noisy(NODES)
    graph_id = next(iter(rows))
    bad = rows[graph_id].copy()
    bad[1] = wrong
    (problem,) = validate(
        write_predictions(tmp_path, NODES, with_row(rows, graph_id, bad)), None, board.release, track=NODES
    ).problems
    message = f"row 1 (graph_id '{graph_id}'), predictions[1]: expected a class id from 0 to 11, got {shown}."
    assert ("unknown_class", message) == (problem.code, problem.message)


def test_the_first_twenty_of_a_kind_are_listed_and_the_rest_counted(board, noisy, tmp_path):
    rows = {graph_id: np.full(len(row), np.nan, np.float32) for graph_id, row in noisy(FLOW).items()}
    problems = validate(write_predictions(tmp_path, FLOW, rows), None, board.release, track=FLOW).problems
    assert [*range(1, 21), None] == [problem.row for problem in problems]
    assert "40 problems of this kind in all (nan); the first 20 are listed." == problems[-1].message


def test_predictions_for_another_task_are_recognised(board, noisy, tmp_path):
    path = write_predictions(tmp_path, NODES, noisy(NODES))
    report = validate(path, None, board.release, track=FLOW)
    assert [("missing_column", None), ("extra_column", None)] == found(report)
    assert "A file with 'predictions' is for another task: check the track." == report.problems[0].hint


def test_graphs_of_another_track_or_of_training_are_unknown(board, noisy, tmp_path):
    rows = noisy(NODES)
    first = next(iter(rows))
    rows = {("train-1" if graph_id == first else graph_id): row for graph_id, row in rows.items()}
    report = validate(write_predictions(tmp_path, NODES, rows), None, board.release, track=NODES)
    assert [("unknown_graph", 1), ("missing_graph", None)] == found(report)


def test_another_dataset_version_ends_the_list_of_problems(board, noisy, metadata, tmp_path):
    declared = metadata(FLOW)
    text = declared.read_text().replace(board.release.content_hash, f"sha256:{'a' * 64}")
    declared.write_text(text.replace("team: Example University", "team: ''"))
    rows = noisy(FLOW)
    rows.pop(next(iter(rows)))
    report = validate(write_predictions(tmp_path, FLOW, rows), declared, board.release)
    assert [("metadata_missing_field", None), ("wrong_dataset_version", None)] == found(report)
    assert board.release.content_hash == report.problems[1].expected
    assert "Pass --data FOLDER" in report.problems[1].hint


def test_the_dataset_of_another_version_is_named_where_it_can_be_found(
    board, complete_board, noisy, metadata, tmp_path
):
    path, declared = write_predictions(tmp_path, FLOW, noisy(FLOW)), metadata(FLOW)
    (problem,) = validate(path, declared, complete_board.release, search=board.release.root.parent).problems
    assert f"It was made for the dataset in {board.release.root}: pass --data {board.release.root}." == problem.hint
    (problem,) = validate(path, declared, complete_board.release, search=tmp_path).problems
    assert "Pass --data FOLDER" in problem.hint


@pytest.mark.parametrize("track", ["dataflow", "generation_w_attrs", "", "operator_w_attrs\n"])
def test_a_track_that_does_not_exist_is_named(board, noisy, tmp_path, track):
    path = write_predictions(tmp_path, FLOW, noisy(FLOW))
    report = validate(path, None, board.release, track=track)
    assert [("wrong_track", None)] == found(report)
    assert f"one of {', '.join(TRACKS)}" == report.problems[0].expected


def test_without_metadata_and_track_nothing_can_be_validated(board, noisy, tmp_path):
    report = validate(write_predictions(tmp_path, FLOW, noisy(FLOW)), None, board.release)
    assert ("", [("track_missing", None)]) == (report.track, found(report))


def test_an_unknown_track_in_the_metadata_is_one_problem(board, noisy, metadata, tmp_path):
    declared = metadata(FLOW)
    declared.write_text(declared.read_text().replace(FLOW, "dataflow_with_attrs"))
    report = validate(write_predictions(tmp_path, FLOW, noisy(FLOW)), declared, board.release)
    assert [("wrong_track", None)] == found(report)


def test_a_missing_metadata_file_is_one_problem_beside_those_of_the_rows(board, noisy, tmp_path):
    rows = noisy(FLOW)
    rows.pop(next(iter(rows)))
    path = write_predictions(tmp_path, FLOW, rows)
    report = validate(path, tmp_path / "submission.yaml", board.release, track=FLOW)
    assert [("metadata_missing", None), ("missing_graph", None)] == found(report)


def test_an_invalid_report_raises_with_all_its_problems(board, noisy, tmp_path):
    rows = noisy(FLOW)
    first, second = list(rows)[:2]
    rows[first] = np.full(len(rows[first]), 7.0, np.float32)
    rows.pop(second)
    report = validate(write_predictions(tmp_path, FLOW, rows), None, board.release, track=FLOW)
    with pytest.raises(SubmissionError, match="problems of 2 kinds: out_of_range, missing_graph") as caught:
        report.raise_if_invalid()
    assert report.problems == caught.value.problems
    assert (False, None) == (report.valid, report.predictions)


def test_validation_does_not_depend_on_answers(board, noisy, tmp_path):
    shutil.copytree(board.release.root, tmp_path / "public")
    path = write_predictions(tmp_path, NODES, with_row(noisy(NODES), "000", np.array([2, 99])))
    with_answers = validate(path, None, board.release, track=NODES)
    assert with_answers == validate(path, None, open_release(tmp_path / "public"), track=NODES)
    assert [("wrong_length", 1), ("unknown_class", 1)] == found(with_answers)


def test_the_problems_of_a_row_do_not_depend_on_its_answer(board, tmp_path):
    truth = board.truth[NODES]
    wrong = {graph_id: np.where(values == 5, 6, 5) for graph_id, values in truth.items()}
    reports = [
        validate(
            write_predictions(tmp_path, NODES, with_row(rows, "003", np.append(rows["003"], 5))),
            None,
            board.release,
            track=NODES,
        )
        for rows in (truth, wrong)
    ]
    assert [("wrong_length", 4)] == found(reports[0])
    assert reports[0] == reports[1]


def test_every_code_has_a_meaning_and_others_are_refused():
    assert all(meaning.endswith(".") for meaning in CODES.values())
    with pytest.raises(ValueError, match="problem code 'oops'"):
        Problem("oops", None, "", "", "", "")


def test_text_of_the_submission_is_escaped_in_messages(board, noisy, tmp_path):
    rows = {"<script>\x1b[31m\u202e\u200b": np.array([0.5]), **noisy(FLOW)}
    (problem,) = validate(write_predictions(tmp_path, FLOW, rows), None, board.release, track=FLOW).problems
    assert r"row 1 (graph_id '<script>\x1b[31m\u202e\u200b')" == problem.message.split(":")[0]


def test_metadata_of_a_text_only_submission_is_read_with_its_track(board, noisy, tmp_path):
    declared = tmp_path / "submission.yaml"
    fields = {"track": NODES, "dataset_version": board.release.content_hash, "system": "A", "team": "B"}
    declared.write_text(yaml.safe_dump(fields))
    assert NODES == validate(write_predictions(tmp_path, NODES, noisy(NODES)), declared, board.release).track
