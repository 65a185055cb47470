"""The loading script in the installed version of `datasets`."""

from __future__ import annotations

from pathlib import Path

import datasets
import pytest

from loading_script.younger import Younger
from tests.dataset.built import build_small
from younger_hf.dataset.schema import CONFIGS, splits_of


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")


def prepared(config: str, root: Path) -> Younger:
    builder = Younger(config_name=config, data_dir=str(root))
    builder.download_and_prepare()
    return builder


def test_the_script_has_the_configs_of_the_repo() -> None:
    assert set(CONFIGS) == set(Younger.builder_configs)


@pytest.mark.heavy
@pytest.mark.parametrize("config", CONFIGS)
def test_the_script_loads_the_rows_of_the_repo(config: str, tmp_path: Path) -> None:
    release = build_small(tmp_path).release
    builder = prepared(config, release.root)
    for split in splits_of(config):
        rows = release.table(config, split).to_pylist()
        assert rows == builder.as_dataset(split).to_list()
        assert rows == list(builder.as_streaming_dataset(split))


@pytest.mark.heavy
def test_a_rebuild_in_place_is_not_served_stale(tmp_path: Path) -> None:
    config = "operator_w_attrs"
    before = prepared(config, build_small(tmp_path).release.root).as_dataset("test").to_list()
    release = build_small(tmp_path, secret="f").release
    after = prepared(config, release.root).as_dataset("test").to_list()
    assert release.table(config, "test").to_pylist() == after != before


def test_a_folder_that_is_no_repo_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="data_dir"):
        Younger(config_name="operator_w_attrs", data_dir=str(tmp_path))
