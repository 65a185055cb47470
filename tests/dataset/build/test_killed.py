"""A build that is killed at any moment, then run again, has the result of an undisturbed one."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep

import numpy as np
import onnx
import pytest

from tests.dataset.models import LIGHT, network
from tests.dataset.test_publish import local_files
from tests.cli.test_cli import younger
from younger_hf.dataset.schema import CONFIGS

KILLS = 5


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Generated networks and light models, exported and packed."""
    folder = tmp_path_factory.mktemp("killed")
    (folder / "models").mkdir()
    for seed in range(40):
        onnx.save(network(seed), folder / "models" / f"network-{seed}.onnx")
    for path in LIGHT[:4]:
        (folder / "models" / path.name).write_bytes(path.read_bytes())
    younger("retrieve", "local", "--option", f"path={folder / 'models'}", "-w", folder / "w")
    younger("export", "-w", folder / "w", "--json")
    younger("pack", folder / "packed.parquet", "-w", folder / "w")
    return folder / "packed.parquet"


def start(archive: Path, out: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "younger_hf.cli", "build", "--archive", archive, "--out", out, "--json"]
    return subprocess.Popen([str(part) for part in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        f"{name}/{path}": data
        for name in ("younger", "younger-answers")
        for path, data in local_files(folder / name).items()
    }


def test_killed_at_any_moment_and_run_again_the_bytes_are_the_same(archive: Path, tmp_path: Path) -> None:
    """Most kills happen at the end of the run, while files are written.

    Only another build cleans up after the last one.
    """
    whole = tmp_path / "whole"
    whole.mkdir()
    begun = monotonic()
    assert 0 == start(archive, whole / "younger").wait()
    seconds = monotonic() - begun
    expected = contents(whole)
    assert set(CONFIGS) <= {name.split("/")[1] for name in expected}

    out = tmp_path / "killed" / "younger"
    for share in np.linspace(0.4, 0.99, KILLS):
        process = start(archive, out)
        sleep(seconds * share)
        process.send_signal(signal.SIGKILL)
        process.wait()
    for name in (
        "operator_w_attrs/test-00000-of-00001.parquet.partial",
        "operator_w_attrs/test-00001-of-00002.parquet",
        "README.md.partial",
    ):
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        (out / name).write_bytes(b"PAR1")
    assert 0 == start(archive, out).wait()
    assert expected == contents(tmp_path / "killed")


def test_a_build_into_the_folder_of_another_one_leaves_nothing_of_it(archive: Path, tmp_path: Path) -> None:
    younger("build", "--archive", archive, "--out", tmp_path / "there" / "younger", "--protocol", "paper")
    younger("build", "--archive", archive, "--out", tmp_path / "there" / "younger")
    younger("build", "--archive", archive, "--out", tmp_path / "fresh" / "younger")
    assert contents(tmp_path / "fresh") == contents(tmp_path / "there")
