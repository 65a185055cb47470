"""The reference predictors: valid, seeded, and as simple as they say."""

from __future__ import annotations

import numpy as np
import pytest

from younger_hf.errors import DatasetError, SubmissionError
from younger_hf.submission import reference_predictions, write_predictions
from younger_hf.submission.check.validate import validate
from younger_hf.tasks import SUBMISSION_TRACKS, TRACKS, task_of


def joined(board, name, track, seed=0):
    return np.concatenate([values for _, values in reference_predictions(name, board.release, track, seed)])


@pytest.mark.parametrize("track", TRACKS)
@pytest.mark.parametrize("name", ["majority", "uniform"])
def test_they_are_valid_submissions_to_every_track(board, tmp_path, name, track):
    path = write_predictions(tmp_path, track, reference_predictions(name, board.release, track))
    assert () == validate(path, None, board.release, track=track).problems


def test_uniform_classes_are_uniform_over_all_but_unk_and_mask(board):
    classes = joined(board, "uniform", "operator_w_attrs")
    assert (2, 11) == (classes.min(), classes.max())
    counts = np.bincount(classes, minlength=12)[2:]
    mean = len(classes) / 10
    assert np.abs(counts - mean).max() < 5 * np.sqrt(mean)  # five standard deviations of a count


def test_uniform_scores_are_uniform_from_zero_to_below_one(board):
    scores = joined(board, "uniform", "dataflow_w_attrs")
    assert 0 <= scores.min() < scores.max() < 1
    assert 0.5 == pytest.approx(scores.mean(), abs=5 / np.sqrt(12 * len(scores)))
    assert len(scores) - len(np.unique(scores)) < 5


@pytest.mark.parametrize("track", ["operator_w_attrs", "dataflow_w_attrs"])
def test_the_rows_depend_on_the_seed_alone(board, track):
    assert np.array_equal(joined(board, "uniform", track, 7), joined(board, "uniform", track, 7))
    assert not np.array_equal(joined(board, "uniform", track, 7), joined(board, "uniform", track, 8))


def test_majority_is_the_most_frequent_class_of_the_training_labels(board):
    labels = np.concatenate(board.release.table("operator_w_attrs", "train")["y"].to_pylist())
    values, counts = np.unique(labels, return_counts=True)
    assert {int(values[counts.argmax()])} == set(joined(board, "majority", "operator_w_attrs").tolist())


def test_majority_of_the_data_flow_task_is_one_half(board):
    assert {0.5} == set(joined(board, "majority", "dataflow_wo_attrs").tolist())


def test_rows_come_in_the_order_of_the_test_split_with_its_lengths(board):
    table = board.release.table("operator_wo_attrs", "test")
    rows = list(reference_predictions("uniform", board.release, "operator_wo_attrs"))
    assert table["graph_id"].to_pylist() == [graph_id for graph_id, _ in rows]
    assert [len(nodes) for nodes in table["mask_index"].to_pylist()] == [len(values) for _, values in rows]


def test_unknown_names_are_refused_before_anything_is_read(board):
    with pytest.raises(SubmissionError, match="The operator task has no reference predictor 'best'"):
        reference_predictions("best", board.release, "operator_w_attrs")
    with pytest.raises(DatasetError, match="Unknown track 'operator'"):
        reference_predictions("uniform", board.release, "operator")


def test_the_old_name_random_is_answered_with_the_new_one(board):
    expected = "The reference predictor 'random' of the operator task is called 'uniform' now"
    with pytest.raises(SubmissionError, match=expected) as caught:
        reference_predictions("random", board.release, "operator_w_attrs")
    assert "Use one of: majority, uniform." == caught.value.hint


@pytest.mark.parametrize(
    ("name", "track"),
    [("uniform", "generation_w_attrs"), ("bootstrap", "operator_w_attrs"), ("bootstrap", "prediction")],
)
def test_a_name_of_another_task_is_refused(board, name, track):
    with pytest.raises(SubmissionError, match=f"The {track.split('_')[0]} task has no reference predictor '{name}'"):
        reference_predictions(name, board.release, track)


@pytest.mark.parametrize("track", SUBMISSION_TRACKS)
def test_every_task_has_two_references_that_are_valid_submissions(complete_board, tmp_path, track):
    names = task_of(track).references
    assert 2 == len(names)
    for name in names:
        path = write_predictions(tmp_path, track, reference_predictions(name, complete_board.release, track, seed=5))
        assert () == validate(path, None, complete_board.release, track=track).problems
