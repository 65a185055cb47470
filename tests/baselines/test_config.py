from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path

import pytest

from younger_hf.baselines.config import TrainConfig, make_config, read_config, write_config
from younger_hf.errors import BaselineError


@pytest.mark.parametrize(("task", "learning_rate", "batch_size"), [("operator", 1e-3, 512), ("dataflow", 1e-4, 1)])
def test_defaults_are_those_of_the_paper(task: str, learning_rate: float, batch_size: int) -> None:
    config = make_config(f"{task}_w_attrs", {})
    assert (learning_rate, batch_size) == (config.learning_rate, config.batch_size)
    assert (5e-5, 0.5, 12345) == (config.weight_decay, config.dropout, config.seed)
    assert (1024, 512, 256) == (config.node_dim, config.hidden_dim, config.output_dim)


def test_a_toml_file_overrides_the_paper_and_flags_override_the_file(tmp_path: Path) -> None:
    file = tmp_path / "run.toml"
    file.write_text("epochs = 3\nlearning_rate = 1\nundirected = false\n")
    config = make_config("dataflow_wo_attrs", {"epochs": 7, "seed": None}, file)
    expected = TrainConfig("dataflow_wo_attrs", learning_rate=1, batch_size=1, epochs=7, undirected=False)
    assert expected == config


@pytest.mark.parametrize("text", ["epochs = ", "\udcff = 1", "[epochs"])
def test_a_file_that_is_not_toml_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "run.toml"
    file.write_text(text, errors="surrogateescape")
    with pytest.raises(BaselineError, match="cannot be read as TOML") as caught:
        make_config("operator_w_attrs", {}, file)
    assert caught.value.message.startswith(str(file))
    with pytest.raises(BaselineError, match="cannot be read as TOML"):
        make_config("operator_w_attrs", {}, tmp_path / "missing.toml")


def test_unknown_settings_are_named_beside_the_known_ones(tmp_path: Path) -> None:
    file = tmp_path / "run.toml"
    file.write_text("epoch = 3\nlr = 0.1\n")
    with pytest.raises(BaselineError, match=r"Unknown settings: epoch, lr; expected some of: track, model, .*epochs"):
        make_config("operator_w_attrs", {}, file)


def test_a_file_for_another_track_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "run.toml"
    file.write_text('track = "dataflow_w_attrs"\n')
    assert "dataflow_w_attrs" == make_config("dataflow_w_attrs", {}, file).track
    with pytest.raises(BaselineError, match="for the track 'dataflow_w_attrs', expected 'operator_w_attrs'") as caught:
        make_config("operator_w_attrs", {}, file)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        (
            {"track": "generation_w_attrs"},
            "Unknown track 'generation_w_attrs'; expected one of: operator_w_attrs, ",
        ),
        ({"track": "operator_both"}, "Unknown track 'operator_both'"),
        ({"model": "gpt"}, "Unknown model 'gpt'; expected one of: gcn"),
        ({"epochs": 0}, "epochs must be positive"),
        ({"epochs": "ten"}, "epochs must be of type int, got 'ten'"),
        ({"epochs": 2.0}, "epochs must be of type int, got 2.0"),
        ({"batch_size": True}, "batch_size must be of type int, got True"),
        ({"undirected": 1}, "undirected must be of type bool, got 1"),
        ({"learning_rate": -0.1}, "learning_rate must be positive"),
        ({"learning_rate": float("nan")}, "learning_rate must be positive and finite, got nan"),
        ({"learning_rate": float("inf")}, "learning_rate must be positive and finite, got inf"),
        ({"dropout": 1}, r"dropout must be in \[0, 1\), got 1"),
        ({"weight_decay": -1.0}, "weight_decay must be at least 0"),
        ({"seed": -1}, r"seed must be in \[0, 2\*\*32\), got -1"),
    ],
)
def test_a_setting_out_of_range_is_named_with_its_value(setting: dict[str, object], message: str) -> None:
    with pytest.raises(BaselineError, match=message):
        TrainConfig(**{"track": "operator_w_attrs", **setting})


def test_a_configuration_comes_back_with_its_dataset(tmp_path: Path) -> None:
    config = TrainConfig("dataflow_wo_attrs", dropout=0.25, undirected=False)
    write_config(tmp_path / "config.json", config, "sha256:abc")
    assert (config, "sha256:abc") == read_config(tmp_path / "config.json")
    assert {**asdict(config), "dataset_version": "sha256:abc"} == json.loads((tmp_path / "config.json").read_text())
    assert config != replace(config, seed=1)


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "{}", '{"dataset_version": "x"}', '{"dataset_version": "x", "tusk": 1}']
)
def test_a_damaged_configuration_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "config.json"
    path.write_text(text)
    with pytest.raises(BaselineError, match="the run configuration cannot be read") as caught:
        read_config(path)
    assert caught.value.hint


def test_a_folder_without_a_configuration_is_not_a_run(tmp_path: Path) -> None:
    with pytest.raises(BaselineError, match=r"this is not a run folder: it has no config\.json") as caught:
        read_config(tmp_path / "config.json")
    assert "younger-hf train" in caught.value.hint
