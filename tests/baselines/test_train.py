from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from tests.dataset.built import Built, build_small
from younger_hf import to_pyg
from younger_hf.baselines.config import TrainConfig
from younger_hf.baselines.inference import infer, make_model, resolve_device
from younger_hf.baselines.run_folder import Epoch
from younger_hf.baselines.train import count_classes, evaluate, train
from younger_hf.errors import BaselineError, DatasetError
from younger_hf.graph.vocabulary import FIRST_CLASS

Small = Callable[..., TrainConfig]
Runs = Callable[[str], tuple[Path, list[Epoch]]]
TASKS = ["operator", "dataflow"]


class InterruptionError(Exception):
    """Stands for whatever ends a run from outside."""


def without_time(history: list[Epoch]) -> list[Epoch]:
    return [replace(epoch, seconds=0.0) for epoch in history]


@pytest.mark.heavy
@pytest.mark.parametrize("task", TASKS)
def test_training_lowers_the_loss_and_beats_guessing(built: Built, run_of: Runs, task: str) -> None:
    _, history = run_of(task)
    assert history[-1].loss < 0.8 * history[0].loss
    best = max(history, key=lambda epoch: sum(epoch.validation.values()))
    if task == "dataflow":
        assert best.validation["auc"] > 0.58  # a guess has .5
        assert best.validation["average_precision"] > 0.58
    else:
        labels = built.release.table("operator_w_attrs", "validation")["y"].combine_chunks().flatten().to_numpy()
        train_labels = built.release.table("operator_w_attrs", "train")["y"].combine_chunks().flatten().to_numpy()
        commonest = int(np.argmax(np.bincount(train_labels)))
        assert best.validation["accuracy"] > 1.1 * float(np.mean(labels == commonest))


@pytest.mark.heavy
@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("stop", [1, 2, 4])
def test_an_interrupted_run_ends_as_an_uninterrupted_one(
    built: Built, small: Small, tmp_path: Path, task: str, stop: int
) -> None:
    config = small(task, epochs=4)
    whole = train(built.release, config, tmp_path / "whole", device="cpu")

    def interrupt(epoch: Epoch) -> None:
        if epoch.epoch == stop:
            raise InterruptionError

    with pytest.raises(InterruptionError):
        train(built.release, config, tmp_path / "cut", device="cpu", on_epoch=interrupt)
    assert not (tmp_path / "cut" / "run.json").exists()
    assert stop == len((tmp_path / "cut" / "history.jsonl").read_text().splitlines())
    seen: list[int] = []
    resumed = train(built.release, config, tmp_path / "cut", device="cpu", on_epoch=lambda e: seen.append(e.epoch))
    assert list(range(stop + 1, 5)) == seen
    assert without_time(whole) == without_time(resumed)
    one, other = (load_file(tmp_path / name / "model.safetensors") for name in ("whole", "cut"))
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.heavy
@pytest.mark.parametrize("cut_off_at", ["model.safetensors", "state.pt", "history.jsonl"])
def test_a_run_killed_while_writing_an_epoch_ends_as_an_uninterrupted_one(
    built: Built, small: Small, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cut_off_at: str
) -> None:
    """The run dies between two files of its third epoch: some are new, the others still old."""
    config = small("operator", epochs=4)
    whole = train(built.release, config, tmp_path / "whole", device="cpu")
    snapshots: dict[int, Path] = {}

    def copy(epoch: Epoch) -> None:
        snapshots[epoch.epoch] = tmp_path / f"after-{epoch.epoch}"
        shutil.copytree(tmp_path / "copied", snapshots[epoch.epoch])

    train(built.release, config, tmp_path / "copied", device="cpu", on_epoch=copy)
    torn = tmp_path / "torn"
    shutil.copytree(snapshots[2], torn)
    for name in ("model.safetensors", "state.pt", "history.jsonl"):
        if name == cut_off_at:
            break
        shutil.copy(snapshots[3] / name, torn / name)
    assert without_time(whole) == without_time(train(built.release, config, torn, device="cpu"))
    one, other = (load_file(folder / "model.safetensors") for folder in (tmp_path / "whole", torn))
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert whole[2].validation == json.loads((torn / "history.jsonl").read_text().splitlines()[2])["validation"]


def test_a_finished_run_returns_at_once(built: Built, run_of: Runs, small: Small, tmp_path: Path) -> None:
    folder, history = run_of("operator")
    shutil.copytree(folder, tmp_path / "run")
    before = {p.name: p.read_bytes() for p in (tmp_path / "run").iterdir()}
    seen: list[Epoch] = []
    again = train(built.release, small("operator"), tmp_path / "run", device="cpu", on_epoch=seen.append)
    assert ([], history) == (seen, again)
    assert before == {p.name: p.read_bytes() for p in (tmp_path / "run").iterdir()}


@pytest.mark.parametrize("task", TASKS)
def test_the_saved_weights_are_those_of_the_best_epoch(built: Built, run_of: Runs, small: Small, task: str) -> None:
    folder, history = run_of(task)
    best = max(history, key=lambda epoch: sum(epoch.validation.values()))
    config = small(task)
    model = make_model(count_classes(built.release, config.track), config)
    model.load_state_dict(load_file(folder / "model.safetensors"))
    rows = to_pyg(built.release.table(config.track, "validation"))
    assert best.validation == evaluate(model, rows, config, torch.device("cpu"))
    assert best == [epoch for epoch in history if epoch.best][-1]
    record = json.loads((folder / "run.json").read_text())
    assert (best.epoch, best.validation) == (record["best_epoch"], record["validation"])
    assert built.release.content_hash == record["dataset_version"]
    assert sum(p.numel() for p in model.parameters()) == record["parameters"]
    assert sum(epoch.seconds for epoch in history) / 3600 == pytest.approx(record["train_hours"])


def test_the_history_file_holds_every_epoch(run_of: Runs) -> None:
    folder, history = run_of("operator")
    lines = (folder / "history.jsonl").read_text().splitlines()
    assert history == [Epoch(**json.loads(line)) for line in lines]
    assert [] == list(folder.glob("*.partial"))


def test_the_seed_determines_the_run(built: Built, small: Small, tmp_path: Path) -> None:
    losses = [
        [e.loss for e in train(built.release, small("operator", epochs=2, seed=seed), tmp_path / name, device="cpu")]
        for name, seed in (("one", 1), ("again", 1), ("other", 2))
    ]
    assert losses[0] == losses[1]
    assert losses[0][0] != losses[2][0]


def test_the_folder_of_another_configuration_is_refused_with_what_differs(
    built: Built, run_of: Runs, small: Small
) -> None:
    folder, _ = run_of("operator")
    expected = r"another configuration: dropout 0\.2, not 0\.3, epochs 12, not 13"
    with pytest.raises(BaselineError, match=expected) as caught:
        train(built.release, small("operator", epochs=13, dropout=0.3), folder, device="cpu")
    assert "--out" in caught.value.hint


@pytest.mark.heavy
def test_the_folder_of_a_run_on_another_dataset_is_refused(
    built: Built, run_of: Runs, small: Small, tmp_path: Path
) -> None:
    folder, _ = run_of("operator")
    before = (folder / "run.json").read_bytes()
    other = build_small(tmp_path, secret="b").release
    with pytest.raises(
        BaselineError, match=f"on the dataset {built.release.content_hash}, but .* is {other.content_hash}"
    ):
        train(other, small("operator"), folder, device="cpu")
    assert before == (folder / "run.json").read_bytes()


@pytest.mark.parametrize("damage", [b"", b"no archive", None])
def test_a_damaged_state_is_one_error(
    built: Built, run_of: Runs, small: Small, tmp_path: Path, damage: bytes | None
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(run_of("operator")[0], folder)
    state = (folder / "state.pt").read_bytes()
    (folder / "state.pt").write_bytes(state[: len(state) // 2] if damage is None else damage)
    with pytest.raises(BaselineError, match="the state of this run cannot be read") as caught:
        train(built.release, small("operator"), folder, device="cpu")
    assert "Delete the run folder" in caught.value.hint


def test_a_state_that_would_run_code_is_not_opened(built: Built, run_of: Runs, small: Small, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(run_of("operator")[0], folder)
    torch.save({"model": _Dangerous(tmp_path / "ran")}, folder / "state.pt")
    with pytest.raises(BaselineError, match="the state of this run cannot be read"):
        train(built.release, small("operator"), folder, device="cpu")
    assert not (tmp_path / "ran").exists()


class _Dangerous:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.path),)


def test_a_loss_that_explodes_is_one_error(built: Built, small: Small, tmp_path: Path) -> None:
    with pytest.raises(BaselineError, match="expected a finite number") as caught:
        train(built.release, small("operator", learning_rate=1e30, epochs=5), tmp_path / "run", device="cpu")
    assert "--learning-rate" in caught.value.hint


def test_a_dataset_without_the_config_is_one_error(built: Built, small: Small, tmp_path: Path) -> None:
    release = built.release
    configs = {config: splits for config, splits in release.configs.items() if config != "operator_w_attrs"}
    poorer = replace(release, configs=configs)
    with pytest.raises(DatasetError, match="unknown config 'operator_w_attrs'"):
        train(poorer, small("operator"), tmp_path / "run", device="cpu")


def test_an_unavailable_device_is_named() -> None:
    assert torch.device("cpu") == resolve_device("cpu")
    assert ("cuda" if torch.cuda.is_available() else "cpu") == resolve_device("auto").type
    with pytest.raises(BaselineError, match="Unknown device 'tpu'; expected auto, cpu or cuda") as caught:
        resolve_device("tpu")
    assert caught.value.hint


def test_unk_and_mask_are_never_predicted_however_likely(built: Built, small: Small) -> None:
    config = small("operator")
    rows = to_pyg(built.release.table(config.track, "train"))
    model = make_model(count_classes(built.release, config.track), config)
    with torch.no_grad():
        model.second.bias[:FIRST_CLASS] = 100.0
        model.second.bias[7] = 50.0
    assert {7} == set(infer(model, rows, config, torch.device("cpu")).tolist())


@pytest.mark.heavy
@pytest.mark.parametrize("task", TASKS)
def test_predictions_do_not_depend_on_the_size_of_a_batch(built: Built, run_of: Runs, small: Small, task: str) -> None:
    model = make_model(count_classes(built.release, small(task).track), small(task))
    model.load_state_dict(load_file(run_of(task)[0] / "model.safetensors"))
    rows = to_pyg(built.release.table(small(task).track, "train"))
    one, other = (infer(model, rows, small(task, batch_size=size), torch.device("cpu")) for size in (1, 64))
    np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)
    assert {"operator": np.int32, "dataflow": np.float32}[task] == one.dtype
