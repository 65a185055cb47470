"""The score of generated graphs against the public rows, with floors for comparison.

The order of rows and edges makes no difference.
"""

from __future__ import annotations

import random
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from younger_hf.dataset.read.release import open_release
from younger_hf.errors import DatasetError, MetricError, SubmissionError
from younger_hf.graph.labelled_graphs import Graphs
from younger_hf.metrics import METRICS, distance_floor, generation_metrics
from younger_hf.metrics.generation.execution import executable
from younger_hf.submission import reference_predictions, write_predictions
from younger_hf.submission.check.validate import validate
from younger_hf.submission.score.generation_scores import graphs_of, real_values, vocabulary_of
from younger_hf.submission.score.score_predictions import score
from younger_hf.tasks import TASKS

PUBLISHED = Path(__file__).parents[3] / "younger"
TRACK = "generation_wo_attrs"


def validated(board, path):
    report = validate(path, None, board.release, track=TRACK)
    assert () == report.problems
    return report.predictions


@pytest.fixture(scope="module")
def rows(complete_board):
    """Training architectures, of which the first hundred have got a cycle: these do not run."""
    made = list(reference_predictions("bootstrap", complete_board.release, TRACK))
    return [
        (nodes, np.append(edges, edges[::-1, :1], axis=1)) if index < 100 else (nodes, edges)
        for index, (nodes, edges) in enumerate(made)
    ]


def public_rows(release, split):
    table = release.table(TRACK, split)
    return list(zip(table["node_feat"].to_pylist(), table["edge_index"].to_pylist(), strict=True))


def shuffled(rows, seed):
    """The same graphs in another order, and so the edges of each."""
    rng = random.Random(seed)
    turned = []
    for nodes, edges in rows:
        pairs = edges.T.tolist()
        rng.shuffle(pairs)
        turned.append([nodes.tolist(), [list(ends) for ends in zip(*pairs, strict=True)]])
    rng.shuffle(turned)
    return turned


@pytest.mark.heavy
def test_the_score_is_that_of_the_metrics_whatever_the_order_of_rows_and_edges(complete_board, rows, write_table):
    release = complete_board.release
    told = []
    path = write_table(".csv", TASKS["generation"].format.schema, shuffled(rows, 3))
    result = score(validated(complete_board, path), release, on_graph=lambda done, total: told.append((done, total)))
    generated, vocabulary = (
        validated(complete_board, write_predictions(path.parent, TRACK, rows)).graphs,
        vocabulary_of(release, TRACK),
    )
    reference, train = (Graphs.of(public_rows(release, split)) for split in ("validation", "train"))
    runs = executable(generated, vocabulary)
    expected = generation_metrics(generated, reference, train, vocabulary, executable=runs)
    assert expected == result.metrics
    assert [metric.name for metric in METRICS["generation"]] == list(result.metrics)
    assert (0.9, 0.9) == (result.metrics["acyclic"], result.metrics["executable"])
    assert 0.1 == result.metrics["novel"]  # no training architecture has a cycle
    assert (TRACK, 1000, 1000) == (result.track, result.num_graphs, result.num_items)
    assert (1000, 1000) == told[-1]
    assert sorted(set(told)) == told


@pytest.mark.heavy
@pytest.mark.parametrize("suffix", [".parquet", ".csv", ".jsonl"])
def test_every_format_and_order_has_the_same_graphs(complete_board, rows, write_table, tmp_path, suffix):
    straight = validated(complete_board, write_predictions(tmp_path / "straight", TRACK, rows)).graphs
    path = write_table(suffix, TASKS["generation"].format.schema, shuffled(rows, 4))
    turned = validated(complete_board, path).graphs
    for one, other in ((straight.nodes, turned.nodes), (straight.edges, turned.edges)):
        assert np.array_equal(one.offsets, other.offsets)
        assert np.array_equal(one.values, other.values)
    # no graph was lost or changed on the way
    expected = sorted((nodes.tolist(), sorted(edges.T.tolist())) for nodes, edges in rows)
    assert expected == sorted((graph.node_feat.tolist(), graph.edge_index.T.tolist()) for graph in turned)


def test_graphs_are_read_from_arrow_as_they_are(complete_board):
    release = complete_board.release
    for split in ("train", "validation"):
        for expected, actual in zip(public_rows(release, split), graphs_of(release, TRACK, split), strict=True):
            assert expected == (actual.node_feat.tolist(), actual.edge_index.tolist())


def test_the_published_graphs_are_read_from_arrow_as_they_are():
    release = open_release(PUBLISHED)
    expected = Graphs.of(public_rows(release, "validation"))
    actual = graphs_of(release, TRACK, "validation")
    for one, other in ((expected.nodes, actual.nodes), (expected.edges, actual.edges)):
        assert np.array_equal(one.offsets, other.offsets)
        assert np.array_equal(one.values, other.values)
        assert one.values.dtype == other.values.dtype


@pytest.mark.heavy
def test_real_scores_are_the_floor_and_those_of_the_validation_rows(complete_board):
    release = complete_board.release
    real = real_values(release, TRACK)
    reference, train = graphs_of(release, TRACK, "validation"), graphs_of(release, TRACK, "train")
    vocabulary = vocabulary_of(release, TRACK)
    runs = executable(reference, vocabulary)
    judged = generation_metrics(reference, reference, train, vocabulary, executable=runs)
    floors = distance_floor(reference, train)
    assert [metric.name for metric in METRICS["generation"]] == list(real)
    assert {name: floors.get(name, judged[name]) for name in real} == real


@pytest.mark.heavy
def test_intervals_are_those_of_the_metrics(complete_board, rows, tmp_path):
    release = complete_board.release
    predictions = validated(complete_board, write_predictions(tmp_path, TRACK, rows))
    result = score(predictions, release, resamples=50, seed=4)
    assert {"unique", "valid_unique_novel", "executable_unique_novel"} == set(result.metrics) - set(result.intervals)
    interval = result.intervals["executable"]
    assert interval.low < result.metrics["executable"] < interval.high
    assert result.intervals == score(predictions, release, resamples=50, seed=4).intervals


def test_graphs_validated_against_another_version_are_refused(complete_board, rows, tmp_path):
    predictions = validated(complete_board, write_predictions(tmp_path, TRACK, rows))
    with pytest.raises(SubmissionError, match="The predictions are for sha256:0, the dataset is sha256:"):
        score(replace(predictions, content_hash="sha256:0"), complete_board.release)


def test_scoring_without_needed_answers_is_refused(complete_board, noisy, tmp_path):
    track = "operator_w_attrs"
    rows = complete_board.truth[track]
    report = validate(write_predictions(tmp_path, track, rows), None, complete_board.release, track=track)
    with pytest.raises(DatasetError, match=f"{track} cannot be scored without its hidden answers"):
        score(report.predictions, complete_board.release)


def test_errors_of_metrics_are_not_hidden(complete_board, rows, tmp_path):
    predictions = validated(complete_board, write_predictions(tmp_path, TRACK, rows))
    vocabulary = vocabulary_of(complete_board.release, TRACK)
    with pytest.raises(MetricError, match="executable: expected one boolean for each"):
        generation_metrics(predictions.graphs, predictions.graphs, predictions.graphs, vocabulary, executable=[True])


def younger(*arguments):
    command = [sys.executable, "-m", "younger_hf.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


@pytest.mark.heavy
def test_the_command_line_generates_validates_and_scores_without_answers(complete_board, tmp_path):
    data = ["--data", shutil.copytree(complete_board.release.root, tmp_path / "alone")]
    younger("predict", "--reference", "bootstrap", "--track", TRACK, "--out", tmp_path / "entry", *data)
    assert f"valid for {TRACK}" in younger("validate", tmp_path / "entry", *data)
    table = younger("score", tmp_path / "entry", *data)
    real = real_values(complete_board.release, TRACK)
    for metric in METRICS["generation"]:
        row = next(line for line in table.splitlines() if f" {metric.name} " in line)
        value, *ends, other = [float(number) for number in re.findall(r" (\d+\.\d+)", row)]
        assert metric.minimum <= value <= metric.maximum
        assert (0 if "unique" in metric.name else 2) == len(ends)
        assert pytest.approx(real[metric.name], abs=1e-3) == other
