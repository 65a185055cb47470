from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

import younger_hf
from tests.dataset.built import Built, build_small
from younger_hf.dataset.schema import CONFIGS, splits_of
from younger_hf.errors import DatasetError


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")


@pytest.fixture
def copy(built: Built, tmp_path: Path) -> Path:
    """A repo to damage."""
    shutil.copytree(built.root, tmp_path / "younger")
    return tmp_path / "younger"


def card_rows(root: Path) -> dict[str, dict[str, int]]:
    head = yaml.safe_load((root / "README.md").read_text().split("---\n")[1])
    return {
        info["config_name"]: {s["name"]: s["num_examples"] for s in info["splits"]} for info in head["dataset_info"]
    }


@pytest.mark.heavy
@pytest.mark.parametrize("config", CONFIGS)
def test_datasets_loads_every_config_as_it_was_written(built: Built, config: str) -> None:
    loaded = datasets.load_dataset(str(built.root), config)
    assert list(splits_of(config)) == list(loaded)
    assert card_rows(built.root)[config] == {split: rows.num_rows for split, rows in loaded.items()}
    for split, rows in loaded.items():
        assert built.release.table(config, split).to_pylist() == rows.to_list()


@pytest.mark.heavy
@pytest.mark.parametrize("config", CONFIGS)
def test_datasets_streams_every_config_as_it_was_written(built: Built, config: str) -> None:
    for split in splits_of(config):
        stream = datasets.load_dataset(str(built.root), config, split=split, streaming=True)
        assert built.release.table(config, split).to_pylist() == list(stream)


@pytest.mark.heavy
@pytest.mark.parametrize("config", CONFIGS)
def test_load_returns_the_rows_that_datasets_loads(built: Built, config: str) -> None:
    loaded = younger_hf.load(config, root=built.root)
    expected = datasets.load_dataset(str(built.root), config)
    assert expected.keys() == loaded.keys()
    for split in expected:
        assert expected[split].to_list() == loaded[split].to_list()
        assert expected[split].features == loaded[split].features


@pytest.mark.heavy
def test_load_finds_one_split_by_path_by_name_or_in_the_folder_younger(
    built: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = built.release.table("operator_wo_attrs", "validation").to_pylist()
    monkeypatch.chdir(built.root.parent)
    for root in (built.root, str(built.root), "younger", "./younger", Path("younger"), None):
        assert expected == younger_hf.load("operator_wo_attrs", "validation", root=root).to_list()


@pytest.mark.heavy
def test_a_rebuild_in_the_same_place_is_not_served_from_the_cache(tmp_path: Path) -> None:
    older = build_small(tmp_path)
    before = {config: younger_hf.load(config, "train", root=older.root).to_list() for config in CONFIGS}
    newer = build_small(tmp_path, secret="b")
    assert older.root == newer.root
    for config in CONFIGS:
        expected = newer.release.table(config, "train").to_pylist()
        assert expected == datasets.load_dataset(str(newer.root), config, split="train").to_list()
        assert expected != before[config]


@pytest.mark.heavy
def test_a_clone_loads_with_datasets_alone_and_offline(built: Built, tmp_path: Path) -> None:
    """The first line of the guide, in the folder that holds `younger`, without this package."""
    code = """
import json, sys
import datasets
rows = {c: {s: d.num_rows for s, d in datasets.load_dataset("younger", c).items()} for c in sys.argv[1:]}
print(json.dumps({"rows": rows, "ours": [name for name in sys.modules if name.startswith("younger_hf")]}))
"""
    environment = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path / "home")}
    environment.pop("HF_DATASETS_CACHE", None)
    run = subprocess.run(
        [sys.executable, "-c", code, *CONFIGS],
        cwd=built.root.parent,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert {"rows": built.release.rows, "ours": []} == json.loads(run.stdout.splitlines()[-1])


def test_an_unknown_config_is_named_with_those_there_are(built: Built) -> None:
    with pytest.raises(DatasetError, match="Unknown config 'operator'; expected one of: architectures, ") as caught:
        younger_hf.load("operator", root=built.root)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("config", "split"), [("architectures", "test"), ("operator_w_attrs", "dev"), ("vocabulary_w_attrs", "validation")]
)
def test_an_unknown_split_is_named_with_those_there_are(built: Built, config: str, split: str) -> None:
    expected = f"Config '{config}' has no split '{split}'; expected one of: {', '.join(splits_of(config))}"
    with pytest.raises(DatasetError, match=expected) as caught:
        younger_hf.load(config, split, root=built.root)
    assert caught.value.hint


def test_a_folder_that_is_missing_or_empty_is_named_with_how_to_build_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    for root, found in (
        (None, "younger: the folder does not exist"),
        ("empty", "empty: this is not a dataset folder: it is empty"),
    ):
        with pytest.raises(DatasetError, match=found) as caught:
            younger_hf.load("operator_w_attrs", root=root)
        assert "younger-hf build" in caught.value.hint


def test_a_local_folder_has_no_revisions(built: Built) -> None:
    with pytest.raises(DatasetError, match="a local folder has no revisions, got revision 'v1'") as caught:
        younger_hf.load("operator_w_attrs", root=built.root, revision="v1")
    assert caught.value.hint


def test_a_hub_that_cannot_be_reached_is_one_error_with_a_hint(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(
        DatasetError,
        match="example-org/younger: the Hub cannot be reached, and the config 'architectures' has not been fetched",
    ) as caught:
        younger_hf.load("architectures", root="example-org/younger")
    assert "connection" in caught.value.hint


def _shorter(root: Path) -> None:
    path = root / "operator_w_attrs" / "train-00000-of-00001.parquet"
    pq.write_table(pq.read_table(path).slice(1), path)


def _flipped(root: Path) -> None:
    """One bit of the data itself."""
    path = root / "operator_w_attrs" / "train-00000-of-00001.parquet"
    payload = bytearray(path.read_bytes())
    payload[100] ^= 1
    path.write_bytes(payload)


def _other_manifest(root: Path) -> None:
    """Another file with its own hash, as somebody would try it."""
    _shorter(root)
    path = root / "operator_w_attrs" / "train-00000-of-00001.parquet"
    manifest = json.loads((root / "manifest.json").read_text())
    entry = manifest["configs"]["operator_w_attrs"]["train"]
    entry["sha256"], entry["rows"] = hashlib.sha256(path.read_bytes()).hexdigest(), entry["rows"] - 1
    (root / "manifest.json").write_text(json.dumps(manifest))


def _other_card(root: Path) -> None:
    path = root / "README.md"
    path.write_text(path.read_text().replace("sha256:", "sha256:0"))


def _bad_yaml(root: Path) -> None:
    path = root / "README.md"
    path.write_text(path.read_text().replace("configs:", "configs: ]", 1))


@pytest.mark.parametrize(
    ("damage", "found"),
    [
        (lambda root: (root / "operator_w_attrs" / "train-00000-of-00001.parquet").unlink(), "the file is missing"),
        (
            lambda root: (root / "operator_w_attrs" / "train-00000-of-00001.parquet").write_bytes(b"PAR1"),
            "expected the SHA-256 [0-9a-f]{64} as in the manifest, found",
        ),
        (_shorter, "expected the SHA-256"),
        (_flipped, "expected the SHA-256"),
        (_other_manifest, "expected the content hash sha256:[0-9a-f]{64} of the files that it lists, found"),
        (lambda root: (root / "README.md").unlink(), "the card README.md is missing"),
        (_other_card, "found that of another build"),
        (_bad_yaml, "`datasets` cannot load the config"),
    ],
)
def test_a_damaged_repo_is_one_error_with_a_hint(copy: Path, damage: object, found: str) -> None:
    damage(copy)
    with pytest.raises(DatasetError, match=found) as caught:
        younger_hf.load("operator_w_attrs", "train", root=copy)
    assert "again" in caught.value.hint


def test_a_damaged_config_does_not_keep_others_from_loading(copy: Path) -> None:
    (copy / "operator_w_attrs" / "train-00000-of-00001.parquet").unlink()
    assert isinstance(younger_hf.load("generation_w_attrs", "train", root=copy), datasets.Dataset)


@pytest.mark.parametrize("config", [config for config in CONFIGS if config.endswith("attrs")])
def test_classes_are_counted_with_unk_and_mask(built: Built, config: str) -> None:
    vocabulary = built.release.table(f"vocabulary_{config.split('_', 1)[1]}", "train")
    assert ["UNK", "MASK"] == vocabulary["op_type"].to_pylist()[:2]
    assert vocabulary.num_rows == younger_hf.num_classes(config, built.root)


def test_the_classes_of_a_config_with_both_signatures_need_a_vocabulary(built: Built) -> None:
    with pytest.raises(DatasetError, match="holds both signatures") as caught:
        younger_hf.num_classes("prediction", built.root)
    assert "vocabulary_w_attrs" in caught.value.hint


def test_loaded_rows_become_graphs(built: Built) -> None:
    rows = younger_hf.load("dataflow_w_attrs", "test", root=built.root)
    graphs = younger_hf.to_pyg(rows)
    assert [len(y) for y in rows["y"]] == [graph.pair_index.shape[1] for graph in graphs]
    assert isinstance(rows.data.table, pa.Table)
