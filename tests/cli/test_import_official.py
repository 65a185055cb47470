"""`younger-hf import-official`: official graphs join those of other sources in a workspace.

A dataset is built from both.
"""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import onnx
import pyarrow.parquet as pq
import pytest

from tests.cli.test_cli import assert_one_clear_message, younger
from tests.dataset.models import network
from tests.sources.official.official_models import checked_pickle, standardised, write_instance, write_split
from younger_hf.collect.workspace import Workspace


@pytest.fixture(scope="module")
def official(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A split of 30 generated networks and an invalid sample, and a filter instance."""
    root = tmp_path_factory.mktemp("official")
    payloads = [checked_pickle(standardised(network(seed))) for seed in range(30)]
    write_split(root / "initial_full" / "train", [*payloads, checked_pickle({"no": "graph"})])
    labels = {"model_name": ["org/model"], "tags": ["fill-mask"], "hash": "c0ffee", "evaluations": []}
    write_instance(root / "filter" / "c0ffee", checked_pickle(standardised(network(40))), labels)
    return root


@pytest.mark.heavy
def test_imported_samples_are_counted_and_not_imported_twice(official: Path, tmp_path: Path) -> None:
    first = json.loads(younger("import-official", official, "-w", tmp_path / "w", "--json").stdout)
    ((name, error),) = first.pop("failed").items()
    assert {"samples": 32, "new": 31, "known": 0} == first
    assert name.endswith("/sample-30")
    assert "expected a directed networkx graph, found dict" in error
    again = json.loads(younger("import-official", official, "-w", tmp_path / "w", "--json").stdout)
    assert {"samples": 32, "new": 0, "known": 32, "failed": {}} == again
    (source,) = json.loads(younger("status", "-w", tmp_path / "w", "--json").stdout)["sources"]
    assert ("official", 32, 31, 1, 0) == tuple(source[k] for k in ("hub", "candidates", "done", "failed", "waiting"))


@pytest.mark.heavy
def test_failures_and_the_next_command_are_printed(official: Path, tmp_path: Path) -> None:
    run = younger("import-official", official / "initial_full" / "train" / "train.tar.gz", "-w", tmp_path / "w")
    assert 0 == run.returncode, run.stderr
    assert "Importing: 31/31" in run.stderr
    assert "31 samples: 30 new, 0 known, 1 failed" in run.stdout
    assert "Failures (1)" in run.stdout
    assert f"Next: younger-hf build --workspace {tmp_path / 'w'} --out younger" in run.stdout


@pytest.mark.heavy
def test_a_dataset_is_built_of_official_graphs_and_of_others(official: Path, tmp_path: Path) -> None:
    models = tmp_path / "models"
    models.mkdir()
    for seed in (0, 50, 51):  # the first one is in the split, too
        onnx.save(network(seed), models / f"network-{seed}.onnx")
    assert 0 == younger("import-official", official, "-w", tmp_path / "w").returncode
    younger("retrieve", "local", "--option", f"path={models}", "-w", tmp_path / "w")
    packed = tmp_path / "packed.parquet"
    exported = younger("export", "--source", "local", "-w", tmp_path / "w", "--json")
    assert {"done": 3} == json.loads(exported.stdout), exported.stderr
    assert 35 == json.loads(younger("pack", packed, "-w", tmp_path / "w", "--json").stdout)["models"]
    for source in (["--workspace", tmp_path / "w"], ["--archive", packed]):
        out = tmp_path / f"younger{source[0]}"
        built = younger("build", *source, "--out", out, "--json")
        assert 0 == built.returncode, built.stderr
        tables = [pq.read_table(file) for file in (out / "architectures").glob("*.parquet")]
        hubs = {source["hub"] for table in tables for row in table.column("sources").to_pylist() for source in row}
        assert {"official", "local"} == hubs
    with closing(Workspace(tmp_path / "w")) as workspace:
        hashes = {candidate.model: result.wl_hash_wo_attrs for candidate, result, _, _ in workspace.results()}
    sample = next(model for model in hashes if model.endswith("/sample-0"))
    assert hashes["network-0"] == hashes[sample]


@pytest.mark.heavy
def test_mistakes_are_one_clear_message(tmp_path: Path) -> None:
    assert_one_clear_message(
        younger("import-official", tmp_path / "nowhere", "-w", tmp_path / "w"),
        "expected official Younger files",
        "docs/official.md",
    )
    write_split(tmp_path / "operator", [], all_tasks="absent")
    assert_one_clear_message(
        younger("import-official", tmp_path / "operator", "-w", tmp_path / "w"),
        "parts of architectures",
        "data-flow task",
    )
