"""Predictions for the validation split are scored against the answers that the release contains."""

from __future__ import annotations

import numpy as np
import pytest

from younger_hf.errors import DatasetError, SubmissionError
from younger_hf.metrics import load_metric
from younger_hf.submission import compare, reference_predictions, validate, write_predictions
from younger_hf.submission.format.track import offered_tracks, open_track
from younger_hf.submission.score.score_predictions import score
from younger_hf.tasks import TRACKS, task_of


def predicted(board, folder, track, name="majority"):
    rows = reference_predictions(name, board.release, track, split="validation")
    report = validate(
        write_predictions(folder / name, track, rows), None, board.release, track=track, split="validation"
    )
    assert () == report.problems
    assert "validation" == report.predictions.split
    return report.predictions


@pytest.mark.parametrize("track", [*TRACKS, "prediction"])
def test_the_score_is_that_of_the_public_answers(complete_board, tmp_path, track):
    release, task = complete_board.release, task_of(track)
    predictions = predicted(complete_board, tmp_path, track)
    table = release.table(track, "validation").to_pydict()
    assert table["graph_id"] == predictions.graph_ids.to_pylist()
    pairs = [
        (answer, row)
        for answer, row in zip(table[task.label_column], predictions.rows, strict=True)
        if answer is not None
    ]
    references = np.concatenate([np.atleast_1d(answer) for answer, _ in pairs])
    values = np.concatenate([row for _, row in pairs])
    result = score(predictions, release, resamples=40)
    assert load_metric(task.name).compute(references=references, predictions=values) == result.metrics
    assert (len(pairs), len(references)) == (result.num_graphs, result.num_items)
    assert list(result.intervals) == [metric.name for metric in task.metrics]


def test_two_systems_are_compared_without_hidden_answers(complete_board, tmp_path):
    first, second = (predicted(complete_board, tmp_path, TRACKS[0], name) for name in ("majority", "uniform"))
    result = compare(first, second, complete_board.release, resamples=40)
    assert score(first, complete_board.release).metrics == result.first
    assert score(second, complete_board.release).metrics == result.second


def test_predictions_for_another_split_are_unknown_graphs(board, noisy, tmp_path):
    path = write_predictions(tmp_path, TRACKS[0], noisy(TRACKS[0]))
    report = validate(path, None, board.release, track=TRACKS[0], split="validation")
    assert {"unknown_graph", "missing_graph"} == {problem.code for problem in report.problems}
    assert report.problems[0].expected == "a graph_id of the validation split"


def test_the_test_split_is_not_scored_without_answers_and_splits_are_not_mixed(complete_board, noisy, tmp_path):
    path = write_predictions(tmp_path / "test", TRACKS[0], noisy(TRACKS[0]))
    on_test = validate(path, None, complete_board.release, track=TRACKS[0]).predictions
    with pytest.raises(DatasetError, match="without its hidden answers"):
        score(on_test, complete_board.release)
    with pytest.raises(SubmissionError, match="predictions of one split, got test and validation"):
        compare(on_test, predicted(complete_board, tmp_path, TRACKS[0]), complete_board.release)


def test_generated_graphs_belong_to_no_split_and_training_rows_are_not_predicted(complete_board):
    assert [*TRACKS, "prediction"] == offered_tracks(complete_board.release, "validation")
    for track, split in (("generation_w_attrs", "validation"), (TRACKS[0], "train")):
        with pytest.raises(DatasetError, match=f"{track}: the split '{split}' cannot be predicted"):
            open_track(complete_board.release, track, split)
