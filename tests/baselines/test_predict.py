from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.dataset.built import Built, build_small
from younger_hf.baselines.config import TrainConfig
from younger_hf.baselines.entry import write_reference_entry, write_run_entry
from younger_hf.baselines.predict import predict
from younger_hf.baselines.run_folder import Epoch, read_run
from younger_hf.errors import BaselineError, DatasetError, SubmissionError
from younger_hf.graph.vocabulary import FIRST_CLASS
from younger_hf.submission.check.validate import validate
from younger_hf.submission.format.submission_folder import find_submission
from younger_hf.submission.score.score_predictions import score
from younger_hf.tasks import TRACKS

Small = Callable[..., TrainConfig]
Runs = Callable[[str], tuple[Path, list[Epoch]]]
TASKS = ["operator", "dataflow"]


@pytest.fixture
def copy(run_of: Runs, tmp_path: Path) -> Path:
    """A run to damage."""
    shutil.copytree(run_of("operator")[0], tmp_path / "run")
    return tmp_path / "run"


@pytest.mark.heavy
@pytest.mark.parametrize("split", ["train", "validation", "test"])
@pytest.mark.parametrize("task", TASKS)
def test_predictions_are_aligned_with_the_rows(built: Built, run_of: Runs, small: Small, task: str, split: str) -> None:
    config, rows = predict(built.release, run_of(task)[0], split, device="cpu")
    table = built.release.table(config.track, split)
    assert small(task) == config
    assert table["graph_id"].to_pylist() == [graph_id for graph_id, _ in rows]
    assert [len(y) for y in table["y"].to_pylist()] == [len(values) for _, values in rows]


@pytest.mark.heavy
@pytest.mark.parametrize("task", TASKS)
def test_predictions_of_the_validation_rows_score_as_in_training(built: Built, run_of: Runs, task: str) -> None:
    folder, history = run_of(task)
    config, rows = predict(built.release, folder, "validation", device="cpu")
    truth = np.concatenate(built.release.table(config.track, "validation")["y"].to_pylist())
    values = np.concatenate([values for _, values in rows])
    best = [epoch for epoch in history if epoch.best][-1]
    if task == "operator":
        assert best.validation["accuracy"] == pytest.approx(np.mean(truth == values))
    else:
        wins = values[truth == 1][:, None] > values[truth == 0]
        ties = values[truth == 1][:, None] == values[truth == 0]
        assert best.validation["auc"] == pytest.approx((wins + ties / 2).mean())


def test_classes_are_known_ones_and_scores_lie_between_0_and_1(built: Built, run_of: Runs) -> None:
    num_classes = built.release.rows["vocabulary_w_attrs"]["train"]
    for split in ("train", "test"):
        _, rows = predict(built.release, run_of("operator")[0], split, device="cpu")
        classes = np.concatenate([values for _, values in rows])
        assert FIRST_CLASS <= classes.min()
        assert classes.max() < num_classes
        assert np.int32 == classes.dtype
    _, rows = predict(built.release, run_of("dataflow")[0], device="cpu")
    scores = np.concatenate([values for _, values in rows])
    assert 0 <= scores.min() <= scores.max() <= 1
    assert np.float32 == scores.dtype


@pytest.mark.parametrize("task", TASKS)
def test_an_entry_is_a_valid_submission_that_scores(built: Built, run_of: Runs, tmp_path: Path, task: str) -> None:
    folder, history = run_of(task)
    metadata = write_run_entry(built.release, folder, tmp_path, team="Example University", device="cpu")
    report = validate(*find_submission(tmp_path), built.release)
    report.raise_if_invalid()
    assert f"{task}_w_attrs" == metadata.track == report.track
    assert ("GCN", "Example University", (12345,)) == (metadata.system, metadata.team, metadata.seeds)
    assert read_run(folder)["parameters"] == metadata.parameters
    assert metadata.train_hours == pytest.approx(sum(epoch.seconds for epoch in history) / 3600, abs=1e-6)
    _, rows = predict(built.release, folder, device="cpu")
    written = pq.read_table(tmp_path / "predictions.parquet").to_pydict()
    column = {"operator": "predictions", "dataflow": "scores"}[task]
    assert {graph_id: values.tolist() for graph_id, values in rows} == dict(
        zip(written["graph_id"], written[column], strict=True)
    )
    result = score(report.predictions, built.release, built.answers)
    truth = np.concatenate(built.answers.table(metadata.track)["y"].to_pylist())
    values = np.concatenate([values for _, values in rows])
    if task == "operator":
        assert result.metrics["accuracy"] == pytest.approx(np.mean(truth == values))
    else:
        wins = values[truth == 1][:, None] > values[truth == 0]
        assert result.metrics["auc"] == pytest.approx(wins.mean(), abs=0.01)


@pytest.mark.parametrize("track", TRACKS)
@pytest.mark.parametrize("name", ["majority", "uniform"])
def test_reference_entries_are_valid_submissions(built: Built, tmp_path: Path, name: str, track: str) -> None:
    metadata = write_reference_entry(built.release, name, track, tmp_path, seed=3)
    validate(*find_submission(tmp_path), built.release).raise_if_invalid()
    assert (name, track, 0, (3,)) == (metadata.system, metadata.track, metadata.parameters, metadata.seeds)


@pytest.mark.parametrize("name", ["random", "bootstrap"])
def test_reference_generators_make_valid_submissions(built: Built, tmp_path: Path, name: str) -> None:
    metadata = write_reference_entry(built.release, name, "generation_wo_attrs", tmp_path, seed=3)
    report = validate(*find_submission(tmp_path), built.release)
    report.raise_if_invalid()
    assert (name, "generation_wo_attrs", (3,)) == (metadata.system, report.track, metadata.seeds)
    assert f"Reference generator {name!r}" in metadata.description


def test_an_unknown_reference_or_track_is_named(built: Built, tmp_path: Path) -> None:
    with pytest.raises(SubmissionError, match="oracle"):
        write_reference_entry(built.release, "oracle", "operator_w_attrs", tmp_path)
    with pytest.raises(DatasetError, match="operator"):
        write_reference_entry(built.release, "uniform", "operator", tmp_path)


@pytest.mark.heavy
def test_a_run_on_another_dataset_is_refused(run_of: Runs, built: Built, tmp_path: Path) -> None:
    other = build_small(tmp_path, secret="b").release
    expected = f"trained on the dataset {built.release.content_hash}, but .* is {other.content_hash}"
    with pytest.raises(BaselineError, match=expected) as caught:
        predict(other, run_of("operator")[0], device="cpu")
    assert caught.value.hint


def test_an_unfinished_run_is_refused_with_the_command_to_resume(built: Built, copy: Path) -> None:
    (copy / "run.json").unlink()
    with pytest.raises(BaselineError, match=r"the run is not finished: it has no run\.json") as caught:
        predict(built.release, copy, device="cpu")
    assert "younger-hf train" in caught.value.hint


def test_a_folder_that_is_not_a_run_is_refused(built: Built, tmp_path: Path) -> None:
    with pytest.raises(BaselineError, match="this is not a run folder"):
        predict(built.release, tmp_path, device="cpu")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"parameters": "many", "hardware": "cpu", "train_hours": 1.0}'])
def test_a_damaged_record_is_one_error(built: Built, copy: Path, text: str) -> None:
    (copy / "run.json").write_text(text)
    with pytest.raises(BaselineError, match=r"run\.json: ") as caught:
        write_run_entry(built.release, copy, copy / "entry", device="cpu")
    assert caught.value.hint
    assert not (copy / "entry").exists()


@pytest.mark.parametrize("damage", ["missing", "cut", "other"])
def test_weights_that_do_not_fit_are_one_error(built: Built, copy: Path, run_of: Runs, damage: str) -> None:
    weights = copy / "model.safetensors"
    if damage == "missing":
        weights.unlink()
    elif damage == "cut":
        weights.write_bytes(weights.read_bytes()[:-9])
    else:
        shutil.copy(run_of("dataflow")[0] / "model.safetensors", weights)
    with pytest.raises(BaselineError, match="not the weights of this model") as caught:
        predict(built.release, copy, device="cpu")
    assert caught.value.hint


def test_the_record_of_a_run_can_be_read(built: Built, run_of: Runs) -> None:
    record = read_run(run_of("operator")[0])
    assert built.release.content_hash == record["dataset_version"]
    assert json.loads((run_of("operator")[0] / "run.json").read_text()) == record
