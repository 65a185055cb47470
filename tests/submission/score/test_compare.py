"""Intervals of a submission's score, and the paired test between two submissions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from younger_hf.errors import DatasetError, SubmissionError
from younger_hf.graph.labelled_graphs import Graphs
from younger_hf.metrics import bootstrap, paired_bootstrap
from younger_hf.submission import GeneratedGraphs, write_predictions
from younger_hf.submission.check.validate import validate
from younger_hf.submission.score.compare import compare
from younger_hf.submission.score.score_predictions import score
from younger_hf.tasks import TRACKS, task_of


def validated(board, folder, track, rows):
    report = validate(write_predictions(folder, track, rows), None, board.release, track=track)
    assert () == report.problems
    return report.predictions


@pytest.fixture
def systems(board, noisy, tmp_path):
    """Predictions of a perfect and of a noisy system for a track."""

    def make(track):
        return (
            validated(board, tmp_path / "perfect", track, board.truth[track]),
            validated(board, tmp_path / "noisy", track, noisy(track)),
        )

    return make


def arrays(board, noisy, track):
    """Truth, noisy predictions and offsets, in the order of the test split."""
    rows, truth = noisy(track), board.truth[track]
    offsets = np.concatenate([[0], np.cumsum([len(values) for values in truth.values()])])
    return np.concatenate(list(truth.values())), np.concatenate([rows[graph] for graph in truth]), offsets


@pytest.mark.parametrize("track", TRACKS)
def test_a_score_has_the_bootstrap_intervals_of_its_metrics(board, noisy, systems, track):
    _, second = systems(track)
    truth, predictions, offsets = arrays(board, noisy, track)
    plain = score(second, board.release, board.answers)
    result = score(second, board.release, board.answers, resamples=60, seed=3)
    assert {} == plain.intervals
    assert plain == replace(result, intervals={})
    assert bootstrap(task_of(track).name, truth, predictions, offsets, resamples=60, seed=3) == result.intervals
    for name, interval in result.intervals.items():
        assert interval.low < interval.high
        assert interval.low <= plain.metrics[name] <= interval.high or name.startswith("macro")


@pytest.mark.parametrize("track", TRACKS)
def test_a_comparison_is_the_paired_bootstrap_of_both(board, noisy, systems, track):
    first, second = systems(track)
    truth, predictions, offsets = arrays(board, noisy, track)
    result = compare(first, second, board.release, board.answers, resamples=60, seed=3)
    expected = paired_bootstrap(task_of(track).name, truth, truth, predictions, offsets, resamples=60, seed=3)
    assert expected == result.comparisons
    assert score(first, board.release, board.answers).metrics == result.first
    assert score(second, board.release, board.answers).metrics == result.second
    assert (track, 40) == (result.track, result.num_graphs)
    primary = next(iter(result.comparisons.values()))
    assert primary.difference > 0
    assert 2 / 61 == primary.p_value


def test_submissions_to_different_tracks_cannot_be_compared(board, systems):
    first, second = systems("operator_w_attrs")[0], systems("operator_wo_attrs")[0]
    with pytest.raises(SubmissionError, match="Expected two submissions to one track, got operator_w_attrs and"):
        compare(first, second, board.release, board.answers)


def test_generated_graphs_cannot_be_compared_graph_by_graph(board):
    graphs = Graphs.of([([2], [[], []])])
    made = GeneratedGraphs("generation_w_attrs", board.release.content_hash, graphs)
    with pytest.raises(SubmissionError, match="Submissions to generation_w_attrs cannot be compared graph by graph"):
        compare(made, made, board.release, board.answers)


def test_predictions_or_answers_of_another_version_are_refused(board, systems):
    first, second = systems("operator_w_attrs")
    with pytest.raises(SubmissionError, match="The predictions are for sha256:0, the dataset is sha256:"):
        compare(first, replace(second, content_hash="sha256:0"), board.release, board.answers)
    with pytest.raises(DatasetError, match="the answers belong to sha256:0, the dataset is sha256:"):
        compare(first, second, board.release, replace(board.answers, content_hash="sha256:0"))
