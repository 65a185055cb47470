"""The valid way from a predictions file to a score."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from younger_hf.dataset.build.write_files import write_answers
from younger_hf.dataset.read.release import open_answers
from younger_hf.errors import DatasetError, SubmissionError
from younger_hf.metrics import Interval, load_metric
from younger_hf.submission import reference_predictions, write_predictions
from younger_hf.submission.check.validate import validate
from younger_hf.submission.score.score_predictions import ScoreResult, score
from younger_hf.tasks import TRACKS

FORMATS = [".parquet", ".csv", ".jsonl"]


def scored(board, path, track):
    report = validate(path, None, board.release, track=track)
    assert () == report.problems
    assert report.predictions is not None
    return score(report.predictions, board.release, board.answers)


def expected_metrics(board, rows, track):
    references = np.concatenate(list(board.truth[track].values()))
    predictions = np.concatenate([rows[graph_id] for graph_id in board.truth[track]])
    return load_metric(track.split("_")[0]).compute(references=references, predictions=predictions)


@pytest.mark.heavy
@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("track", TRACKS)
def test_every_format_scores_the_same(board, noisy, write_as, track, suffix):
    rows = noisy(track)
    result = scored(board, write_as(suffix, track, rows), track)
    assert expected_metrics(board, rows, track) == result.metrics
    assert (track, 40) == (result.track, result.num_graphs)
    assert sum(map(len, rows.values())) == result.num_items


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("track", ["operator_w_attrs", "dataflow_wo_attrs"])
def test_the_order_of_rows_does_not_matter(board, noisy, write_as, track, suffix):
    rows = noisy(track)
    shuffled = list(rows.items())
    random.Random(5).shuffle(shuffled)
    assert expected_metrics(board, rows, track) == scored(board, write_as(suffix, track, shuffled), track).metrics


@pytest.mark.parametrize("value_type", [pa.float16(), pa.float32(), pa.float64()], ids=str)
def test_every_float_width_scores_the_same(board, noisy, write_as, value_type):
    rows = noisy("dataflow_w_attrs")
    path = write_as(".parquet", "dataflow_w_attrs", rows, value_type)
    assert expected_metrics(board, rows, "dataflow_w_attrs") == scored(board, path, "dataflow_w_attrs").metrics


@pytest.mark.parametrize("value_type", [pa.int8(), pa.uint8(), pa.int16(), pa.int64(), pa.uint64()], ids=str)
def test_every_integer_width_scores_the_same(board, noisy, write_as, value_type):
    rows = noisy("operator_w_attrs")
    path = write_as(".parquet", "operator_w_attrs", rows, value_type)
    assert expected_metrics(board, rows, "operator_w_attrs") == scored(board, path, "operator_w_attrs").metrics


@pytest.mark.parametrize(
    "change",
    [
        lambda table: table.set_column(0, "graph_id", table["graph_id"].cast(pa.large_string())),
        lambda table: table.set_column(0, "graph_id", table["graph_id"].combine_chunks().dictionary_encode()),
        lambda table: table.set_column(1, "scores", table["scores"].cast(pa.large_list(pa.float32()))),
        lambda table: table.select(["scores", "graph_id"]),
    ],
    ids=["large_string", "dictionary", "large_list", "columns swapped"],
)
def test_files_of_other_libraries_are_read(board, noisy, tmp_path, change):
    rows = noisy("dataflow_w_attrs")
    path = write_predictions(tmp_path, "dataflow_w_attrs", rows)
    pa.parquet.write_table(change(pa.parquet.read_table(path)), path, row_group_size=7)
    assert expected_metrics(board, rows, "dataflow_w_attrs") == scored(board, path, "dataflow_w_attrs").metrics


def test_a_csv_with_windows_line_ends_and_lists_over_several_lines_is_read(board, noisy, tmp_path):
    rows = noisy("operator_w_attrs")
    lines = [
        f'{graph_id},"[{chr(10).join(f"{value}," for value in values)[:-1]}]"' for graph_id, values in rows.items()
    ]
    path = tmp_path / "predictions.csv"
    path.write_bytes("\r\n".join(["graph_id,predictions", *lines, ""]).encode())
    assert expected_metrics(board, rows, "operator_w_attrs") == scored(board, path, "operator_w_attrs").metrics


@pytest.mark.parametrize("track", TRACKS)
def test_perfect_predictions_score_exactly_one(board, tmp_path, track):
    result = scored(board, write_predictions(tmp_path, track, board.truth[track]), track)
    assert {1.0} == set(result.metrics.values())


def test_uniform_scores_are_near_chance(board, tmp_path):
    path = write_predictions(
        tmp_path, "dataflow_w_attrs", reference_predictions("uniform", board.release, "dataflow_w_attrs")
    )
    metrics = scored(board, path, "dataflow_w_attrs").metrics
    # about 350 of each label: the standard deviation of the AUC is .022
    assert 0.5 == pytest.approx(metrics["auc"], abs=0.08)
    assert 0.5 == pytest.approx(metrics["average_precision"], abs=0.1)


def test_uniform_classes_are_near_chance(board, tmp_path):
    path = write_predictions(
        tmp_path, "operator_w_attrs", reference_predictions("uniform", board.release, "operator_w_attrs")
    )
    # ten classes, about 700 nodes: the standard deviation is .011
    assert 0.1 == pytest.approx(scored(board, path, "operator_w_attrs").metrics["accuracy"], abs=0.04)


def test_the_majority_class_reaches_its_share_of_the_nodes(board, tmp_path):
    track = "operator_w_attrs"
    path = write_predictions(tmp_path, track, reference_predictions("majority", board.release, track))
    truth = np.concatenate(list(board.truth[track].values()))
    assert np.mean(truth == 5) == pytest.approx(scored(board, path, track).metrics["accuracy"], abs=1e-12)


def test_constant_scores_are_exactly_chance(board, tmp_path):
    path = write_predictions(
        tmp_path, "dataflow_w_attrs", reference_predictions("majority", board.release, "dataflow_w_attrs")
    )
    assert 0.5 == scored(board, path, "dataflow_w_attrs").metrics["auc"]


def test_predicting_unk_or_mask_is_allowed_and_never_right(board, tmp_path):
    track = "operator_w_attrs"
    rows = {graph_id: np.arange(len(truth)) % 2 for graph_id, truth in board.truth[track].items()}
    assert 0.0 == scored(board, write_predictions(tmp_path, track, rows), track).metrics["accuracy"]


def test_the_order_of_answers_does_not_change_the_score(board, noisy, tmp_path):
    track = "operator_w_attrs"
    table = board.answers.table(track)
    write_answers(tmp_path / "answers", {track: table.take(list(range(len(table)))[::-1])}, board.release.content_hash)
    report = validate(write_predictions(tmp_path, track, noisy(track)), None, board.release, track=track)
    straight = score(report.predictions, board.release, board.answers)
    assert straight == score(report.predictions, board.release, open_answers(tmp_path / "answers"))


def test_answers_of_another_version_are_refused(board, noisy, tmp_path):
    track = "operator_w_attrs"
    report = validate(write_predictions(tmp_path, track, noisy(track)), None, board.release, track=track)
    with pytest.raises(DatasetError, match="the answers belong to sha256:0, the dataset is sha256:"):
        score(report.predictions, board.release, replace(board.answers, content_hash="sha256:0"))


def test_predictions_validated_against_another_version_are_refused(board, noisy, tmp_path):
    track = "operator_w_attrs"
    report = validate(write_predictions(tmp_path, track, noisy(track)), None, board.release, track=track)
    with pytest.raises(SubmissionError, match="The predictions are for sha256:0, the dataset is sha256:"):
        score(replace(report.predictions, content_hash="sha256:0"), board.release, board.answers)


@pytest.mark.parametrize("damage", ["missing graph", "other graph", "other length"])
def test_incomplete_answers_are_refused_without_showing_them(board, noisy, tmp_path, damage):
    track = "operator_w_attrs"
    rows = [{"graph_id": graph_id, "y": [777] * len(values)} for graph_id, values in board.truth[track].items()]
    if damage == "missing graph":
        rows = rows[1:]
    elif damage == "other graph":
        rows[0]["graph_id"] = "other"
    else:
        rows[0]["y"] = rows[0]["y"][1:]
    write_answers(tmp_path / "answers", {track: pa.Table.from_pylist(rows)}, board.release.content_hash)
    report = validate(write_predictions(tmp_path, track, noisy(track)), None, board.release, track=track)
    with pytest.raises(DatasetError, match=f"the answers of {track} ") as caught:
        score(report.predictions, board.release, open_answers(tmp_path / "answers"))
    assert "777" not in str(caught.value)


def test_only_an_interval_without_its_value_is_explained():
    inside, above = Interval(0.4, 0.6, 0.95, 1000, 0), Interval(0.3, 0.5, 0.95, 1000, 0)
    result = ScoreResult("t", {"accuracy": 0.5, "macro_f1": 0.2}, 9, 9, {"accuracy": inside, "macro_f1": above})
    assert result.note.startswith("The interval of macro_f1 does not contain its value: ")
    assert "accuracy" not in result.note
    assert "" == ScoreResult("t", {"accuracy": 0.5}, 9, 9).note


def test_intervals_without_their_values_share_one_note():
    above = Interval(0.3, 0.5, 0.95, 1000, 0)
    names = ["macro_f1", "macro_precision", "macro_recall"]
    result = ScoreResult("t", dict.fromkeys(names, 0.2), 9, 9, dict.fromkeys(names, above))
    expected = "The intervals of macro_f1, macro_precision and macro_recall do not contain their values: "
    assert result.note.startswith(expected)
