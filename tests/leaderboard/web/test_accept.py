"""Taking a submission in: whole or not at all."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pytest

from leaderboard.board import Board
from leaderboard.refusal import RefusalError
from leaderboard.web.accept import METADATA_LIMIT, accept
from tests.leaderboard.files import Dataset, open_test_board, write_submission

TRACK = "operator_w_attrs"


@pytest.fixture
def files(dataset: Dataset, tmp_path: Path) -> tuple[Path, Path]:
    return write_submission(tmp_path / "submission", dataset, TRACK, 0.5, system="Grüße 网络")


def refusal(board: Board, predictions: bytes, name: str, metadata: bytes) -> RefusalError:
    with pytest.raises(RefusalError) as caught:
        accept(board, io.BytesIO(predictions), name, metadata)
    assert [] == list(board.settings.uploads.iterdir()), "something of a refused submission was left behind"
    assert {} == board.store.counts()
    return caught.value


def test_files_and_metadata_are_stored(board: Board, files: tuple[Path, Path]) -> None:
    predictions, metadata = files
    with predictions.open("rb") as file:
        taken = accept(board, file, "../../My File.PARQUET", metadata.read_bytes())
    stored = board.settings.uploads / taken.file_path
    assert predictions.read_bytes() == stored.read_bytes()
    assert metadata.read_bytes() == (stored.parent / "submission.yaml").read_bytes()
    assert f"{taken.id}/predictions.parquet" == taken.file_path
    assert hashlib.sha256(predictions.read_bytes()).hexdigest() == taken.file_sha256
    assert ("received", TRACK, "Grüße 网络", "Test team") == (taken.state, taken.track, taken.system, taken.team)
    assert "test@example.org" == taken.details["contact"]
    assert taken == board.store.get(taken.id)


@pytest.mark.parametrize("name", ["predictions.pkl", "predictions.pt", "predictions.npy", "x.zip", "predictions", ""])
def test_a_file_of_another_kind_is_refused(board: Board, files: tuple[Path, Path], name: str) -> None:
    error = refusal(board, files[0].read_bytes(), name, files[1].read_bytes())
    assert (400, "wrong_extension") == (error.status, error.code)
    assert ".parquet" in error.message


def test_an_empty_file_is_refused(board: Board, files: tuple[Path, Path]) -> None:
    assert "file_empty" == refusal(board, b"", "p.parquet", files[1].read_bytes()).code


def test_a_file_above_the_limit_is_refused_even_if_the_form_let_it_through(
    dataset: Dataset, tmp_path: Path, files: tuple[Path, Path]
) -> None:
    board = open_test_board(dataset, tmp_path / "small", upload_limit=1000)
    error = refusal(board, b"x" * 1001, "p.parquet", files[1].read_bytes())
    assert (413, "file_too_large") == (error.status, error.code)
    assert "1,000" in error.message


def test_metadata_above_the_limit_is_refused(board: Board) -> None:
    assert 413 == refusal(board, b"x", "p.parquet", b"#" * (METADATA_LIMIT + 1)).status


@pytest.mark.parametrize(
    ("metadata", "code"),
    [
        (b"", "metadata_unreadable"),
        (b"\xff\xfe", "metadata_unreadable"),
        (b"a: [", "metadata_unreadable"),
        (b"!!python/object/apply:os.system [id]", "metadata_unreadable"),
        (b"a: &a [x]\nb: *a\n", "metadata_unreadable"),
        (b"track: operator_w_attrs", "metadata_missing_field"),
        (b"track: operator_w_attrs\nowner: admin\nscore: 1.0", "metadata_unknown_field"),
        (b"track: generation_w_attrs", "wrong_track"),
    ],
)
def test_metadata_that_is_wrong_is_refused_with_every_problem(board: Board, metadata: bytes, code: str) -> None:
    error = refusal(board, b"x", "p.parquet", metadata)
    assert (422, "invalid_metadata") == (error.status, error.code)
    assert code in [problem["code"] for problem in error.problems]
    assert not any(problem["message"] in error.message for problem in error.problems)  # each is listed once
    assert str(board.settings.board) not in str(error.to_json())


def test_an_unwritable_folder_is_a_refusal(board: Board, files: tuple[Path, Path], tmp_path: Path) -> None:
    uploads = board.settings.uploads
    uploads.rmdir()
    uploads.write_text("a file where a folder should be")
    with files[0].open("rb") as file, pytest.raises(RefusalError) as caught:
        accept(board, file, "p.parquet", files[1].read_bytes())
    assert (503, "storage") == (caught.value.status, caught.value.code)
    assert str(tmp_path) not in str(caught.value)
