"""Publishing to a Hub on 127.0.0.1 over its real protocol, and loading from there again."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dataset.built import Built, build_small
from tests.dataset.dataset_hub import DatasetHub, dataset_hub
from younger_hf.dataset.schema import CONFIGS, splits_of

REPO = "org/younger"

LOAD = """
import json, sys, datasets
repo, revision, *configs = sys.argv[1:]
print(json.dumps({c: {s: rows.to_list() for s, rows in datasets.load_dataset(repo, c, revision=revision).items()} for c in configs}))
"""


@pytest.fixture
def server() -> Iterator[DatasetHub]:
    with dataset_hub() as running:
        yield running


def python(server: DatasetHub, cache: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("HF_")},
        "HF_ENDPOINT": server.address,
        "HF_HOME": str(cache),
        "HF_TOKEN": "hf_secret",
        "HF_HUB_DISABLE_XET": "1",
        "NO_PROXY": "127.0.0.1",
    }
    return subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, text=True, timeout=300)


def publish(server: DatasetHub, cache: Path, root: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return python(server, cache, "-m", "younger_hf.cli", "publish", str(root), "--repo", REPO, "--yes", *options)


def local_files(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.mark.heavy
def test_every_config_is_loaded_from_where_it_was_published(built: Built, server: DatasetHub, tmp_path: Path) -> None:
    run = publish(server, tmp_path, built.root)
    assert 0 == run.returncode, run.stderr
    repo = server.repos[REPO]
    assert local_files(built.root) == repo.files
    assert {"v0.3.0": repo.head} == repo.tags
    assert not repo.private
    loaded = python(server, tmp_path / "other", "-c", LOAD, REPO, "v0.3.0", *CONFIGS)
    assert 0 == loaded.returncode, loaded.stderr
    for config, splits in json.loads(loaded.stdout).items():
        assert {s: built.release.table(config, s).to_pylist() for s in splits_of(config)} == splits


@pytest.mark.heavy
def test_publishing_again_changes_nothing_and_a_rebuild_needs_another_version(
    built: Built, server: DatasetHub, tmp_path: Path
) -> None:
    assert 0 == publish(server, tmp_path, built.root).returncode
    repo = server.repos[REPO]
    commits, uploads = len(repo.commits), len(server.requests_to("/lfs/"))
    again = publish(server, tmp_path, built.root)
    assert 0 == again.returncode, again.stderr
    assert "exists already" in again.stdout
    assert (commits, uploads) == (len(repo.commits), len(server.requests_to("/lfs/")))
    other = build_small(tmp_path, secret="f")
    refused = publish(server, tmp_path, other.root)
    assert 2 == refused.returncode
    assert "0.3.0 was published before, with other content" in refused.stderr
    assert commits == len(repo.commits)


@pytest.mark.heavy
def test_files_that_a_new_version_lacks_are_deleted(built: Built, server: DatasetHub, tmp_path: Path) -> None:
    assert 0 == publish(server, tmp_path, built.root).returncode
    repo = server.repos[REPO]
    repo.files["old/train.parquet"] = b"PAR1"
    repo.tags.clear()
    said = publish(server, tmp_path, built.root, "--dry-run").stdout
    assert "delete old/train.parquet" in said
    unasked = python(server, tmp_path, "-m", "younger_hf.cli", "publish", str(built.root), "--repo", REPO, "--json")
    assert ["old/train.parquet"] == json.loads(unasked.stdout)["deleted"]
    assert "old/train.parquet" in repo.files
    assert 0 == publish(server, tmp_path, built.root).returncode
    assert local_files(built.root) == repo.files


@pytest.mark.heavy
@pytest.mark.parametrize("what", ["/lfs/[0-9a-f]+$", "/preupload/", "/commit/", "/tag/", "/objects/batch"])
def test_a_failing_upload_leaves_no_version_and_the_next_one_finishes_it(
    built: Built, server: DatasetHub, tmp_path: Path, what: str
) -> None:
    server.fail(what, 403, times=1)
    broken = publish(server, tmp_path, built.root)
    assert 2 == broken.returncode, broken.stdout
    assert "Traceback" not in broken.stderr
    repo = server.repos[REPO]
    assert {} == repo.tags
    assert repo.files in ({}, local_files(built.root))
    assert 0 == publish(server, tmp_path, built.root).returncode
    assert ({"v0.3.0": repo.head}, local_files(built.root)) == (repo.tags, repo.files)


@pytest.mark.heavy
def test_answers_go_to_a_private_repo_only(built: Built, server: DatasetHub, tmp_path: Path) -> None:
    answers = str(built.answers.root)
    assert 0 == publish(server, tmp_path, built.root, "--answers", answers).returncode
    hidden = server.repos[f"{REPO}-answers"]
    assert hidden.private
    assert local_files(built.answers.root) == hidden.files
    refused = publish(server, tmp_path, built.root, "--answers", answers, "--answers-repo", REPO)
    assert 2 == refused.returncode
    assert "private repo only" in refused.stderr
    assert local_files(built.root) == server.repos[REPO].files


@pytest.mark.heavy
def test_a_repo_that_shows_an_answer_is_not_published(built: Built, server: DatasetHub, tmp_path: Path) -> None:
    root = tmp_path / "younger"
    shutil.copytree(built.root, root)
    config = "operator_w_attrs"
    shutil.copy(root / built.release.files[config]["validation"], root / built.release.files[config]["test"])
    refused = publish(server, tmp_path, root)
    assert 2 == refused.returncode
    assert {} == server.repos


@pytest.mark.heavy
def test_a_hub_that_is_not_there_is_named(built: Built, server: DatasetHub, tmp_path: Path) -> None:
    server.fail(".*", 401, times=-1)
    refused = publish(server, tmp_path, built.root)
    assert 2 == refused.returncode
    assert "HF_TOKEN" in refused.stderr


@pytest.mark.heavy
def test_without_a_network_there_is_one_clear_message(built: Built, server: DatasetHub, tmp_path: Path) -> None:
    server.shutdown()
    server.server_close()
    refused = publish(server, tmp_path, built.root)
    assert 2 == refused.returncode
    assert "the Hub cannot be reached" in " ".join(refused.stderr.split())
    assert "Traceback" not in refused.stderr
    assert len(refused.stderr.splitlines()) < 12
