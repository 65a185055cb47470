"""`younger_hf.load` from a Hub on 127.0.0.1.

Files are verified, belong to the requested commit, and load again when the Hub is gone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.dataset.built import Built, build_small
from tests.dataset.dataset_hub import DatasetHub, dataset_hub
from tests.dataset.test_publish import REPO, publish, python
from younger_hf.dataset.schema import CONFIGS, splits_of

LOAD = """
import json, os, sys
import younger_hf
repo, revision, *configs = sys.argv[1:]
try:
    loaded = {c: younger_hf.load(c, root=repo, revision=revision or None) for c in configs}
    print(json.dumps({c: {s: rows.to_list() for s, rows in splits.items()} for c, splits in loaded.items()}))
except younger_hf.YoungerError as error:
    print(json.dumps({"message": error.message, "hint": error.hint}))
"""


@pytest.fixture
def server() -> Iterator[DatasetHub]:
    with dataset_hub() as running:
        yield running


def load(server: DatasetHub, cache: Path, repo: str, revision: str, *configs: str) -> Any:
    run = python(server, cache, "-c", LOAD, repo, revision, *configs)
    assert 0 == run.returncode, run.stderr
    return json.loads(run.stdout.splitlines()[-1])


def rows_of(built: Built, config: str) -> dict[str, list[dict[str, Any]]]:
    return {split: built.release.table(config, split).to_pylist() for split in splits_of(config)}


@pytest.mark.heavy
def test_every_config_loads_and_only_its_own_files_are_fetched(
    built: Built, server: DatasetHub, tmp_path: Path
) -> None:
    publish(server, tmp_path / "publisher", built.root)
    server.log.clear()
    loaded = load(server, tmp_path / "one", REPO, "", "vocabulary_w_attrs")
    assert {"vocabulary_w_attrs": rows_of(built, "vocabulary_w_attrs")} == loaded
    got = {request.path.split("/resolve/")[1].split("/", 1)[1] for request in server.requests_to("/resolve/")}
    assert {"README.md", "manifest.json", *built.release.files["vocabulary_w_attrs"].values()} == got
    assert {config: rows_of(built, config) for config in CONFIGS} == load(server, tmp_path / "all", REPO, "", *CONFIGS)


@pytest.mark.heavy
def test_another_commit_is_another_dataset_and_a_tag_stays_fixed(server: DatasetHub, tmp_path: Path) -> None:
    config, cache = "operator_wo_attrs", tmp_path / "cache"
    older = build_small(tmp_path / "older")
    publish(server, tmp_path / "publisher", older.root)
    assert rows_of(older, config) == load(server, cache, REPO, "", config)[config]
    newer = build_small(tmp_path / "newer", secret="b", version="0.4.0")
    publish(server, tmp_path / "publisher", newer.root)
    assert rows_of(newer, config) == load(server, cache, REPO, "", config)[config]
    assert rows_of(older, config) == load(server, cache, REPO, f"v{older.release.version}", config)[config]
    assert rows_of(newer, config) != rows_of(older, config)


@pytest.mark.heavy
def test_loaded_configs_load_without_the_hub_and_others_are_named(
    built: Built, server: DatasetHub, tmp_path: Path
) -> None:
    publish(server, tmp_path / "publisher", built.root)
    cache, config = tmp_path / "cache", "operator_w_attrs"
    first = load(server, cache, REPO, "", config)
    server.shutdown()
    server.server_close()
    assert first == load(server, cache, REPO, "", config)
    missing = load(server, cache, REPO, "", "dataflow_w_attrs")
    nothing = load(server, tmp_path / "empty", REPO, "", config)
    for found, name in ((missing, "dataflow_w_attrs"), (nothing, config)):
        assert (
            f"{REPO}: the Hub cannot be reached, and the config {name!r} has not been fetched from there before."
            == found["message"]
        )
        assert "connection" in found["hint"]


@pytest.mark.heavy
def test_files_missing_on_the_hub_are_named(built: Built, server: DatasetHub, tmp_path: Path) -> None:
    publish(server, tmp_path / "publisher", built.root)
    other = load(server, tmp_path / "cache", REPO, "v9.9.9", "architectures")
    assert f"{REPO}: the Hub has no revision 'v9.9.9'." == other["message"]
    nobody = load(server, tmp_path / "cache", "org/nothing", "", "architectures")
    assert "org/nothing: this dataset repo is not on the Hub" in nobody["message"]
    assert nobody["hint"]


@pytest.mark.heavy
def test_a_file_that_was_changed_on_the_hub_or_in_the_cache_is_not_served(
    built: Built, server: DatasetHub, tmp_path: Path
) -> None:
    publish(server, tmp_path / "publisher", built.root)
    cache, config = tmp_path / "cache", "generation_w_attrs"
    load(server, cache, REPO, "", config)
    (cached,) = cache.rglob(built.release.files[config]["train"].split("/")[-1])
    blob = cached.resolve()
    blob.write_bytes(blob.read_bytes()[:-1] + b"?")
    assert "expected the SHA-256" in load(server, cache, REPO, "", config)["message"]
    repo = server.repos[REPO]
    path = built.release.files[config]["train"]
    repo.commits["1" * 40] = {
        **repo.files,
        path: built.root.joinpath(built.release.files[config]["validation"]).read_bytes(),
    }
    assert "expected the SHA-256" in load(server, tmp_path / "fresh", REPO, "", config)["message"]
