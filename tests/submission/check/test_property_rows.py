"""Predicted properties: one finite number per test graph, scored against hidden ones."""

from __future__ import annotations

import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

import younger_hf
from younger_hf.crypto import KEY
from younger_hf.dataset.build.write_files import seal_answers, write_answers
from younger_hf.dataset.read.release import open_answers
from younger_hf.dataset.schema import possible_splits_of, splits_of
from younger_hf.errors import DatasetError
from younger_hf.metrics import load_metric
from younger_hf.submission import reference_predictions, write_predictions
from younger_hf.submission.check.validate import validate
from younger_hf.submission.format.track import offered_tracks
from younger_hf.submission.score.score_predictions import score
from younger_hf.tasks import PROPERTY, TASKS, TRACKS, VALUE_SCHEMA

TRACK = "prediction"
SCHEMA = TASKS[TRACK].format.schema
SUFFIXES = [".parquet", ".csv", ".jsonl"]


@pytest.fixture
def values(complete_board):
    """Values that are better than chance and worse than perfect."""
    rng = np.random.default_rng(5)
    return {graph_id: float(value * rng.uniform(0.5, 1.5)) for graph_id, value in complete_board.truth[TRACK].items()}


def found(board, path):
    report = validate(path, None, board.release, track=TRACK)
    assert (report.predictions is None) == bool(report.problems)
    return [(problem.code, problem.row) for problem in report.problems]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_format_and_order_scores_the_same(complete_board, write_table, values, suffix):
    path = write_table(suffix, SCHEMA, reversed(values.items()))
    predictions = validate(path, None, complete_board.release, track=TRACK).predictions
    assert np.float64 == predictions.rows.values.dtype
    assert list(values.values()) == predictions.rows.values.tolist()
    assert list(range(41)) == predictions.rows.offsets.tolist()
    result = score(predictions, complete_board.release, complete_board.answers)
    truth = list(complete_board.truth[TRACK].values())
    expected = load_metric(TRACK).compute(references=truth, predictions=list(values.values()))
    assert (expected, 40, 40) == (result.metrics, result.num_graphs, result.num_items)


@pytest.mark.parametrize("number", [0, -1, 1e308, -1e-308, 5e-324, 2**53, 10**300])
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_any_finite_number_is_a_value(complete_board, write_table, values, suffix, number):
    first = next(iter(values))
    written = float(number) if suffix == ".parquet" else number
    path = write_table(suffix, SCHEMA, {**values, first: written}.items())
    predictions = validate(path, None, complete_board.release, track=TRACK).predictions
    assert float(number) == predictions.rows.values[0]


@pytest.mark.parametrize(
    "kind", [pa.float16(), pa.float32(), pa.float64(), pa.int8(), pa.int64(), pa.uint64()], ids=str
)
def test_every_width_of_number_is_read(complete_board, tmp_path, values, kind):
    path = tmp_path / "predictions.parquet"
    numbers = pa.array(np.arange(40).astype(kind.to_pandas_dtype()), kind)
    pq.write_table(pa.table({"graph_id": list(values), "value": numbers}), path)
    predictions = validate(path, None, complete_board.release, track=TRACK).predictions
    assert (np.float64, list(range(40))) == (predictions.rows.values.dtype, predictions.rows.values.tolist())


@pytest.mark.parametrize(
    "kind",
    [pa.string(), pa.bool_(), pa.list_(pa.float64()), pa.decimal128(9, 2), pa.timestamp("s"), pa.null()],
    ids=str,
)
def test_another_type_is_named(complete_board, tmp_path, values, kind):
    path = tmp_path / "predictions.parquet"
    pq.write_table(pa.table({"graph_id": list(values), "value": pa.nulls(40, kind)}), path)
    (problem,) = validate(path, None, complete_board.release, track=TRACK).problems
    assert ("wrong_column_type", "double") == (problem.code, problem.expected)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_every_mistake_of_a_file_is_named_at_once(complete_board, write_table, values, suffix):
    rows = [[graph_id, value] for graph_id, value in values.items()]
    rows[0][1], rows[1][1], rows[2][1] = float("nan"), float("inf"), None
    rows[4][0] = "12345"
    rows.append(list(rows[5]))
    path = write_table(suffix, SCHEMA, rows)
    assert [
        ("null_value", 3),
        ("unknown_graph", 5),
        ("duplicate_graph", 41),
        ("nan", 1),
        ("infinity", 2),
        ("missing_graph", None),
    ] == found(complete_board, path)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_value_is_named_by_its_row_alone(complete_board, write_table, values, suffix):
    first = next(iter(values))
    path = write_table(suffix, SCHEMA, ({**values, first: float("-inf")}).items())
    (problem,) = validate(path, None, complete_board.release, track=TRACK).problems
    assert f"row 1 (graph_id '{first}'), value: expected a finite number, got -inf." == problem.message
    assert "Look for overflow, for example where a logarithm is undone." == problem.hint


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("", "bad_json"),
        ("NA", "bad_json"),
        ("nan", "bad_json"),
        ("1,5", "ragged_row"),
        ("0x1", "bad_json"),
        ("1_000", "bad_json"),
        (".5", "bad_json"),
        ("\u0661", "bad_json"),
        ("9" * 5000, "bad_json"),
        ("1e400", "infinity"),
        ("9" * 400, "infinity"),
        ("NaN", "nan"),
        ("null", "null_value"),
        ("true", "wrong_type"),
        ("[1.5]", "wrong_type"),
        ("{}", "wrong_type"),
    ],
    ids=lambda value: value[:20],
)
def test_a_cell_that_is_no_number_is_named(complete_board, write_table, values, cell, code):
    path = write_table(".csv", SCHEMA, values.items())
    lines = path.read_text().splitlines()
    lines[1] = f"{next(iter(values))},{cell}"
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")
    codes = [each for each, _ in found(complete_board, path) if each != "missing_graph"]
    assert [code] == codes


def test_the_hint_of_a_cell_shows_a_plain_number(complete_board, write_table, values):
    path = write_table(".csv", SCHEMA, values.items())
    path.write_text(path.read_text().replace(",", ',"', 1).replace(",", ",x", 1))
    hints = {
        problem.hint
        for problem in validate(path, None, complete_board.release, track=TRACK).problems
        if problem.code in ("bad_json", "file_damaged", "ragged_row")
    }
    assert hints <= {"Write a plain number in each row: ab12,1250000.5."}


def test_majority_is_the_median_of_the_known_training_values(complete_board):
    known = [v for v in complete_board.release.table(TRACK, "train")[PROPERTY].to_pylist() if v is not None]
    assert 0 < len(known) < 30
    rows = dict(reference_predictions("majority", complete_board.release, TRACK))
    assert {float(np.median(known))} == set(rows.values())
    assert list(complete_board.truth[TRACK]) == list(rows)


def test_uniform_draws_from_the_known_training_values(complete_board, tmp_path):
    known = {v for v in complete_board.release.table(TRACK, "train")[PROPERTY].to_pylist() if v is not None}
    rows = dict(reference_predictions("uniform", complete_board.release, TRACK, 3))
    assert set(rows.values()) <= known
    assert len(set(rows.values())) > 10
    assert rows == dict(reference_predictions("uniform", complete_board.release, TRACK, 3))
    assert rows != dict(reference_predictions("uniform", complete_board.release, TRACK, 4))
    path = write_predictions(tmp_path, TRACK, rows)
    assert [] == found(complete_board, path)


def test_order_and_sealing_of_answers_do_not_change_the_score(complete_board, values, tmp_path, monkeypatch):
    release = complete_board.release
    predictions = validate(write_predictions(tmp_path, TRACK, values), None, release, track=TRACK).predictions
    straight = score(predictions, release, complete_board.answers)
    table = complete_board.answers.table(TRACK)
    assert VALUE_SCHEMA.equals(table.schema)
    write_answers(tmp_path / "turned", {TRACK: table.take(list(range(40))[::-1])}, release.content_hash)
    assert straight == score(predictions, release, open_answers(tmp_path / "turned"))
    monkeypatch.setenv(KEY, "correct horse battery staple")
    seal_answers(complete_board.answers, tmp_path / "sealed", b"correct horse battery staple")
    assert straight == score(predictions, release, open_answers(tmp_path / "sealed"))


def test_answers_of_other_graphs_are_refused_without_showing_them(complete_board, values, tmp_path):
    release = complete_board.release
    predictions = validate(write_predictions(tmp_path, TRACK, values), None, release, track=TRACK).predictions
    rows = pa.table({"graph_id": [f"x{n}" for n in range(40)], "value": [777.0] * 40})
    write_answers(tmp_path / "answers", {TRACK: rows}, release.content_hash)
    with pytest.raises(DatasetError, match="the answers of prediction are for other graphs") as caught:
        score(predictions, release, open_answers(tmp_path / "answers"))
    assert "777" not in str(caught.value)


def test_a_release_offers_the_tracks_that_have_rows(board, complete_board):
    generation = ["generation_w_attrs", "generation_wo_attrs"]
    assert list(TRACKS) == offered_tracks(board.release)
    assert [*TRACKS, *generation, TRACK] == offered_tracks(complete_board.release)
    rows = complete_board.release.rows
    assert rows[TRACK] == {"train": 30, "validation": 4, "test": 40}


def test_a_build_makes_no_test_rows_of_properties_but_a_release_may_have_them(complete_board, tmp_path):
    assert (("train", "validation"), ("train", "validation", "test")) == (splits_of(TRACK), possible_splits_of(TRACK))
    root = shutil.copytree(complete_board.release.root, tmp_path / "younger")
    files = [{"split": split, "path": path} for split, path in complete_board.release.files[TRACK].items()]
    card = {"configs": [{"config_name": TRACK, "data_files": files}]}
    (root / "README.md").write_text(f"---\n{yaml.safe_dump(card)}---\n{complete_board.release.content_hash}\n")
    test = younger_hf.load(TRACK, "test", root=root)
    assert (40, {None}) == (len(test), set(test[PROPERTY]))
