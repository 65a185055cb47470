"""The worker: every submission ends, whatever its file, its answers or its process do."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from leaderboard.board import Board
from leaderboard.scoring.worker import score_all
from leaderboard.settings import MEBIBYTE
from leaderboard.store.records import Submission
from leaderboard.web.accept import accept
from tests.leaderboard.files import Dataset, open_test_board, write_submission
from younger_hf.metrics import load_metric
from younger_hf.tasks import TRACKS

TRACK = "operator_w_attrs"


def submit(board: Board, predictions: Path, metadata: Path) -> str:
    with predictions.open("rb") as file:
        return accept(board, file, predictions.name, metadata.read_bytes()).id


def result(board: Board, submission_id: str) -> Submission:
    found = board.store.get(submission_id)
    if found is None:
        pytest.fail("a submission is gone")
    return found


def wait_for(condition: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            pytest.fail("it did not happen in time")
        time.sleep(0.02)


def copied(dataset: Dataset, folder: Path) -> Dataset:
    """The dataset and its answers in a folder where a test may spoil them."""
    from younger_hf.dataset.read.release import open_release

    shutil.copytree(dataset.release.root, folder / "younger")
    shutil.copytree(dataset.answers, folder / "younger-answers")
    return Dataset(open_release(folder / "younger"), folder / "younger-answers", dataset.labels)


@pytest.mark.heavy
@pytest.mark.parametrize("track", TRACKS)
def test_a_valid_submission_gets_the_score_of_the_metric(
    board: Board, dataset: Dataset, tmp_path: Path, track: str
) -> None:
    predictions, metadata = write_submission(tmp_path / "s", dataset, track, 0.7)
    submission_id = submit(board, predictions, metadata)
    assert 1 == score_all(board)
    found = result(board, submission_id)
    rows = pq.read_table(predictions).to_pylist()
    column = next(name for name in rows[0] if name != "graph_id")
    expected = load_metric(track.split("_")[0]).compute(
        references=[label for row in rows for label in dataset.labels[track][row["graph_id"]]],
        predictions=[value for row in rows for value in row[column]],
    )
    assert "scored" == found.state
    assert pytest.approx(expected, abs=1e-12) == dict(found.metrics)


@pytest.mark.heavy
def test_wrong_rows_are_rejected_with_all_problems_and_without_a_path(
    board: Board, dataset: Dataset, tmp_path: Path
) -> None:
    predictions, metadata = write_submission(tmp_path / "s", dataset, TRACK, 0.7)
    rows = pq.read_table(predictions).to_pylist()
    rows[0]["predictions"] = [*rows[0]["predictions"], 3]
    rows[1]["graph_id"] = "not in the test split"
    pq.write_table(pa.Table.from_pylist(rows, pq.read_schema(predictions)), predictions)
    submission_id = submit(board, predictions, metadata)
    score_all(board)
    found = result(board, submission_id)
    assert ("rejected", {}) == (found.state, found.metrics)
    assert {"wrong_length", "unknown_graph", "missing_graph"} == {problem["code"] for problem in found.problems}
    assert str(tmp_path) not in str(found.problems)
    assert str(dataset.release.root.parent) not in str(found.problems)


@pytest.mark.heavy
def test_another_dataset_version_is_rejected(board: Board, dataset: Dataset, tmp_path: Path) -> None:
    files = write_submission(tmp_path / "s", dataset, TRACK, 0.7, dataset_version="sha256:" + "1" * 64)
    submission_id = submit(board, *files)
    score_all(board)
    assert ["wrong_dataset_version"] == [problem["code"] for problem in result(board, submission_id).problems]


@pytest.mark.heavy
@pytest.mark.parametrize("content", [b"\0", b"PAR1", b"PAR1" + b"\0" * 500 + b"PAR1", b"\x80\x04cos\nsystem\n."])
def test_garbage_is_rejected(board: Board, dataset: Dataset, tmp_path: Path, content: bytes) -> None:
    predictions, metadata = write_submission(tmp_path / "s", dataset, TRACK, 0.7)
    predictions.write_bytes(content)
    submission_id = submit(board, predictions, metadata)
    score_all(board)
    found = result(board, submission_id)
    assert "rejected" == found.state
    assert found.problems


@pytest.mark.heavy
def test_one_bad_submission_does_not_stop_the_next(board: Board, dataset: Dataset, tmp_path: Path) -> None:
    predictions, metadata = write_submission(tmp_path / "bad", dataset, TRACK, 0.7)
    predictions.write_bytes(b"PAR1")
    bad = submit(board, predictions, metadata)
    good = submit(board, *write_submission(tmp_path / "good", dataset, TRACK, 0.7))
    assert 2 == score_all(board)
    assert ("rejected", "scored") == (result(board, bad).state, result(board, good).state)


@pytest.mark.heavy
def test_a_file_that_takes_too_much_memory_is_rejected(dataset: Dataset, tmp_path: Path) -> None:
    board = open_test_board(dataset, tmp_path / "board", memory_limit=64 * MEBIBYTE)
    submission_id = submit(board, *write_submission(tmp_path / "s", dataset, TRACK, 0.7))
    score_all(board)
    found = result(board, submission_id)
    assert ["too_expensive"] == [problem["code"] for problem in found.problems]
    assert "64 MiB" in str(found.problems)


@pytest.mark.heavy
def test_a_file_that_takes_too_long_to_check_is_rejected(dataset: Dataset, tmp_path: Path) -> None:
    spoiled = copied(dataset, tmp_path)
    board = open_test_board(spoiled, tmp_path / "board", wall_limit=3)
    submission_id = submit(board, *write_submission(tmp_path / "s", spoiled, TRACK, 0.7))
    test_split = spoiled.release.root / spoiled.release.files[TRACK]["test"]
    test_split.unlink()
    os.mkfifo(test_split)  # reading it never ends
    score_all(board)
    found = result(board, submission_id)
    assert ("rejected", ["too_expensive"]) == (found.state, [problem["code"] for problem in found.problems])


@pytest.mark.heavy
def test_scoring_that_takes_too_long_fails(dataset: Dataset, tmp_path: Path) -> None:
    spoiled = copied(dataset, tmp_path)
    board = open_test_board(spoiled, tmp_path / "board", wall_limit=3)
    submission_id = submit(board, *write_submission(tmp_path / "s", spoiled, TRACK, 0.7))
    (spoiled.answers / f"{TRACK}.parquet").unlink()
    os.mkfifo(spoiled.answers / f"{TRACK}.parquet")
    score_all(board)
    found = result(board, submission_id)
    assert ("failed", "Scoring took more than the board allows (3 seconds).") == (found.state, found.reason)


@pytest.mark.heavy
def test_missing_or_foreign_answers_fail_without_showing_their_folder(dataset: Dataset, tmp_path: Path) -> None:
    spoiled = copied(dataset, tmp_path)
    board = open_test_board(spoiled, tmp_path / "board")
    manifest = spoiled.answers / "manifest.json"
    manifest.write_text(manifest.read_text().replace(spoiled.release.content_hash, "sha256:" + "0" * 64))
    foreign = submit(board, *write_submission(tmp_path / "1", spoiled, TRACK, 0.7))
    score_all(board)
    shutil.rmtree(spoiled.answers)
    missing = submit(board, *write_submission(tmp_path / "2", spoiled, TRACK, 0.7))
    score_all(board)
    for found, words in ((result(board, foreign), "another version"), (result(board, missing), "error of its own")):
        assert "failed" == found.state
        assert words in found.reason
        assert str(tmp_path) not in found.reason


@pytest.mark.heavy
def test_answers_are_not_opened_for_a_file_that_is_rejected(dataset: Dataset, tmp_path: Path) -> None:
    spoiled = copied(dataset, tmp_path)
    board = open_test_board(spoiled, tmp_path / "board")
    shutil.rmtree(spoiled.answers)  # opening them would fail the submission
    predictions, metadata = write_submission(tmp_path / "s", spoiled, TRACK, 0.7)
    predictions.write_bytes(b"PAR1")
    submission_id = submit(board, predictions, metadata)
    score_all(board)
    assert "rejected" == result(board, submission_id).state


@pytest.mark.heavy
def test_a_dataset_that_was_changed_under_the_board_fails_and_scores_nothing(dataset: Dataset, tmp_path: Path) -> None:
    spoiled = copied(dataset, tmp_path)
    board = open_test_board(spoiled, tmp_path / "board")
    submission_id = submit(board, *write_submission(tmp_path / "s", spoiled, TRACK, 0.7))
    manifest = spoiled.release.root / "manifest.json"
    manifest.write_text(manifest.read_text().replace(spoiled.release.content_hash, "sha256:" + "0" * 64))
    score_all(board)
    found = result(board, submission_id)
    assert "failed" == found.state
    assert "restart" in found.reason


def test_an_upload_that_was_lost_fails(board: Board, dataset: Dataset, tmp_path: Path) -> None:
    submission_id = submit(board, *write_submission(tmp_path / "s", dataset, TRACK, 0.7))
    shutil.rmtree(board.settings.uploads / submission_id)
    score_all(board)
    assert "lost" in result(board, submission_id).reason


def start_worker(board: Board, *arguments: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, **board.settings.to_environment()}
    return subprocess.Popen(
        [sys.executable, "-m", "leaderboard.scoring.worker", *arguments], env=environment, stderr=subprocess.DEVNULL
    )


@pytest.mark.heavy
def test_the_submission_of_a_killed_worker_is_scored_once_by_the_next(
    board: Board, dataset: Dataset, tmp_path: Path
) -> None:
    submission_id = submit(board, *write_submission(tmp_path / "s", dataset, TRACK, 0.7))
    worker = start_worker(board)
    try:
        wait_for(lambda: result(board, submission_id).state == "scoring")
    finally:
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
    assert "scoring" == result(board, submission_id).state
    next_worker = start_worker(board)
    try:
        wait_for(lambda: result(board, submission_id).state == "scored")
    finally:
        next_worker.terminate()
        assert 0 == next_worker.wait(10)
    assert ["received", "scoring", "received", "scoring", "scored"] == [
        event.after for event in board.store.events(submission_id)
    ]
    assert 4 == len(result(board, submission_id).metrics)


@pytest.mark.heavy
def test_a_second_worker_waits_and_takes_over_when_the_first_ends(
    board: Board, dataset: Dataset, tmp_path: Path
) -> None:
    first = start_worker(board)
    lock = board.settings.board / "worker.lock"
    wait_for(lock.exists)
    warm_up = submit(board, *write_submission(tmp_path / "1", dataset, TRACK, 0.7))
    wait_for(lambda: result(board, warm_up).state == "scored")
    second = start_worker(board)
    try:
        first.terminate()
        first.wait(10)
        submission_id = submit(board, *write_submission(tmp_path / "2", dataset, TRACK, 0.7))
        wait_for(lambda: result(board, submission_id).state == "scored")
    finally:
        second.terminate()
        assert 0 == second.wait(10)


@pytest.mark.heavy
def test_a_worker_whose_server_is_gone_ends(board: Board) -> None:
    worker = start_worker(board, "--parent", "1")
    try:
        assert 0 == worker.wait(20)
    finally:
        worker.kill()


@pytest.mark.heavy
def test_a_worker_can_score_the_queue_and_end(board: Board, dataset: Dataset, tmp_path: Path) -> None:
    submission_id = submit(board, *write_submission(tmp_path / "s", dataset, TRACK, 0.7))
    assert 0 == start_worker(board, "--once").wait(30)
    assert "scored" == result(board, submission_id).state
