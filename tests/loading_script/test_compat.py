"""The dataset repo and loading script in all supported versions of `datasets`.

Each version has an environment of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.dataset.built import build_small
from tests.loading_script.load_all import digest
from younger_hf.dataset.read.release import Release, open_release
from younger_hf.dataset.schema import CONFIGS, splits_of

VERSIONS = ("2.21", "3.6", "4.8", "5.2")
SCRIPT = Path(__file__).parents[2] / "loading_script" / "younger.py"
RELEASE = Path(__file__).parents[2] / "younger"
CHECK = Path(__file__).with_name("load_all.py")


@pytest.fixture(scope="module", params=VERSIONS)
def python(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment with nothing but one version of `datasets`."""
    folder = tmp_path_factory.mktemp(f"datasets-{request.param}")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", f"datasets=={request.param}.*"], check=True)
    return python


def expected(release: Release, config: str) -> dict[str, str]:
    return {split: digest(release.table(config, split).to_pylist()) for split in splits_of(config)}


@pytest.mark.compat
def test_every_config_loads_in_every_way_and_a_rebuild_in_place_is_not_served_stale(
    python: Path, tmp_path: Path
) -> None:
    environment = {**os.environ, "HF_HOME": str(tmp_path / "cache"), "HF_HUB_OFFLINE": "1", "PYTHONPATH": ""}
    hashes = set()
    for secret in ("c", "f"):
        release = build_small(tmp_path, secret=secret).release
        hashes.add(release.content_hash)
        run = subprocess.run(
            [python, CHECK, SCRIPT, release.root], env=environment, cwd=tmp_path, capture_output=True, text=True
        )
        assert 0 == run.returncode, run.stderr
        found = json.loads(run.stdout)["configs"]
        assert set(CONFIGS) == set(found)
        for config, ways in found.items():
            assert 4 <= len(ways)
            for way, digests in ways.items():
                assert expected(release, config) == digests, way
    assert 2 == len(hashes)


@pytest.mark.compat
def test_every_config_of_the_release_loads(python: Path, tmp_path: Path) -> None:
    """The first line of the guide: `load_dataset("younger", config)` in the folder of a clone."""
    environment = {**os.environ, "HF_HOME": str(tmp_path / "cache"), "HF_HUB_OFFLINE": "1", "PYTHONPATH": ""}
    command = [python, CHECK, SCRIPT, RELEASE.name, "--ends"]
    run = subprocess.run(command, env=environment, cwd=RELEASE.parent, capture_output=True, text=True)
    assert 0 == run.returncode, run.stderr
    found = json.loads(run.stdout)["configs"]
    assert set(CONFIGS) == set(found)
    release = open_release(RELEASE)
    for config, ways in found.items():
        for split in splits_of(config):
            table = release.table(config, split)
            first, last = (digest(table.slice(row, 1).to_pylist()) for row in (0, table.num_rows - 1))
            assert [table.num_rows, first, last] == ways["load_dataset"][split]
            assert first == ways["load_dataset, streaming"][split]
