"""`python -m leaderboard` starts completely or reports one error, and leaves nothing behind."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from leaderboard.board import Board
from tests.leaderboard.conftest import start_server, stop_server
from tests.leaderboard.files import Dataset, write_submission
from younger_hf.crypto import KEY
from younger_hf.dataset.build.write_files import seal_answers
from younger_hf.dataset.read.release import open_answers


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "leaderboard", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env={**os.environ, **environment})


def assert_refused(result: subprocess.CompletedProcess[str], *words: str) -> None:
    assert 2 == result.returncode
    assert "Traceback" not in result.stderr
    assert result.stderr.startswith("Error: ")
    assert len(result.stderr.splitlines()) <= 2  # the message and its hint
    for word in words:
        assert word in result.stderr


def worker_of(server: int) -> int | None:
    """Process id of a server's worker."""
    for folder in Path("/proc").iterdir():
        try:
            if (
                folder.name.isdigit()
                and f"leaderboard.scoring.worker\0--parent\0{server}\0" in (folder / "cmdline").read_text()
            ):
                return int(folder.name)
        except OSError:
            continue  # it ended in between
    return None


def wait_for_worker(server: int, other_than: int | None = None) -> int:
    for _ in range(200):
        worker = worker_of(server)
        if worker is not None and worker != other_than:
            return worker
        time.sleep(0.05)
    pytest.fail("the server has no worker")


@pytest.mark.heavy
def test_a_missing_dataset_is_one_clear_error(tmp_path: Path) -> None:
    assert_refused(
        run("--dataset", str(tmp_path / "none")),
        str(tmp_path / "none"),
        "the folder does not exist",
        "younger-hf build",
    )


@pytest.mark.heavy
def test_an_empty_dataset_folder_is_one_clear_error(tmp_path: Path) -> None:
    assert_refused(run("--dataset", str(tmp_path)), str(tmp_path), "empty")


@pytest.mark.heavy
def test_missing_answers_are_one_clear_error(dataset: Dataset, tmp_path: Path) -> None:
    arguments = (
        "--dataset",
        str(dataset.release.root),
        "--answers",
        str(tmp_path / "a"),
        "--board",
        str(tmp_path / "b"),
    )
    assert_refused(run(*arguments), str(tmp_path / "a"), "answers")


@pytest.mark.heavy
def test_without_answers_the_hint_names_the_sealed_ones_of_a_clone(dataset: Dataset, tmp_path: Path) -> None:
    shutil.copytree(dataset.release.root, tmp_path / "younger")
    (tmp_path / "leaderboard" / "answers").mkdir(parents=True)
    result = run("--dataset", str(tmp_path / "younger"), "--board", str(tmp_path / "b"))
    assert_refused(result, "younger-answers: the folder does not exist", "leaderboard/answers", f"{KEY}=...")


@pytest.mark.heavy
def test_sealed_answers_open_with_their_key_only(dataset: Dataset, tmp_path: Path) -> None:
    key = "correct horse battery staple"
    seal_answers(open_answers(dataset.answers), tmp_path / "sealed", key.encode())
    folders = ("--answers", str(tmp_path / "sealed"), "--board", str(tmp_path / "b"))
    arguments = ("--dataset", str(dataset.release.root), *folders, "--port", "99999")
    assert_refused(run(*arguments, **{KEY: ""}), f"{KEY}: expected a secret", "found nothing")
    assert_refused(run(*arguments, **{KEY: "another key of good length"}), "cannot be opened: the key differs")
    assert_refused(run(*arguments, **{KEY: key}), "ports go from 0 to 65535")  # the answers are checked before


@pytest.mark.heavy
def test_answers_of_another_dataset_are_one_clear_error(dataset: Dataset, tmp_path: Path) -> None:
    foreign = tmp_path / "answers"
    shutil.copytree(dataset.answers, foreign)
    manifest = foreign / "manifest.json"
    manifest.write_text(manifest.read_text().replace(dataset.release.content_hash, "sha256:" + "0" * 64))
    arguments = ("--dataset", str(dataset.release.root), "--answers", str(foreign), "--board", str(tmp_path / "b"))
    assert_refused(run(*arguments), "belong to", dataset.release.content_hash)


@pytest.mark.heavy
def test_a_port_in_use_is_one_clear_error(dataset: Dataset, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        result = run("--dataset", str(dataset.release.root), "--board", str(tmp_path / "b"), "--port", port)
    assert_refused(result, f"127.0.0.1:{port}", "--port")


@pytest.mark.heavy
@pytest.mark.parametrize(("host", "port"), [("no.such.host.invalid", "0"), ("127.0.0.1", "99999")])
def test_an_address_that_does_not_exist_is_one_clear_error(
    dataset: Dataset, tmp_path: Path, host: str, port: str
) -> None:
    where = ("--host", host, "--port", port)
    assert_refused(run("--dataset", str(dataset.release.root), "--board", str(tmp_path / "b"), *where), host, "listen")


@pytest.mark.heavy
def test_a_board_folder_that_is_a_file_is_one_clear_error(dataset: Dataset, tmp_path: Path) -> None:
    (tmp_path / "b").write_text("")
    assert_refused(run("--dataset", str(dataset.release.root), "--board", str(tmp_path / "b")), str(tmp_path / "b"))


def test_a_limit_that_is_not_a_number_is_one_clear_error(dataset: Dataset, tmp_path: Path) -> None:
    result = run("--dataset", str(dataset.release.root), YOUNGER_HF_BOARD_UPLOAD_LIMIT="64 MiB")
    assert_refused(result, "YOUNGER_HF_BOARD_UPLOAD_LIMIT", "64 MiB")


@pytest.mark.heavy
def test_a_worker_without_settings_is_one_clear_error() -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("YOUNGER_HF_BOARD_")}
    command = [sys.executable, "-m", "leaderboard.scoring.worker"]
    assert_refused(subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment), "younger-hf")


@pytest.mark.heavy
def test_a_killed_worker_is_replaced_and_a_stopped_server_leaves_none(
    dataset: Dataset, tmp_path: Path, board: Board
) -> None:
    server = start_server(dataset, tmp_path / "board")
    try:
        first = wait_for_worker(server.process.pid)
        os.kill(first, signal.SIGKILL)
        second = wait_for_worker(server.process.pid, other_than=first)
        predictions, metadata = write_submission(tmp_path / "s", dataset, "dataflow_wo_attrs", 0.8)
        files = {"predictions": (predictions.name, predictions.read_bytes()), "metadata": metadata.read_bytes()}
        answer = httpx.post(f"{server.url}/api/v1/submissions", files=files, timeout=30).raise_for_status()
        for _ in range(300):
            found = board.store.get(answer.json()["id"])
            if found is not None and found.state == "scored":
                break
            time.sleep(0.1)
        else:
            pytest.fail("the new worker did not score")
    finally:
        stop_server(server)
    assert not Path(f"/proc/{second}").exists()


@pytest.mark.heavy
def test_interrupting_a_server_ends_it_without_a_traceback(dataset: Dataset, tmp_path: Path) -> None:
    server = start_server(dataset, tmp_path / "board")
    server.process.send_signal(signal.SIGINT)
    try:
        assert 0 == server.process.wait(20)
    finally:
        stop_server(server)
    assert "Traceback" not in (tmp_path / "server.log").read_text()
