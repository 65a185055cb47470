"""Settings pass through the environment unchanged."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.settings import Settings
from younger_hf.errors import LeaderboardError

FOLDERS = {"YOUNGER_HF_BOARD_DATASET": "/d", "YOUNGER_HF_BOARD_ANSWERS": "/a", "YOUNGER_HF_BOARD_BOARD": "/b"}


@given(st.integers(1, 65535), st.integers(1, 2**40), st.sampled_from(["", "postgresql+psycopg://host/board"]))
def test_settings_that_were_written_are_read_the_same(port: int, limit: int, url: str) -> None:
    settings = Settings(Path("/d"), Path("/a"), Path("/b"), url, "::1", port, limit)
    assert settings == Settings.from_environment(settings.to_environment())


def test_relative_folders_are_written_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    written = Settings(Path("d"), Path("a"), Path("b")).to_environment()
    assert str(tmp_path / "d") == written["YOUNGER_HF_BOARD_DATASET"]


def test_the_store_is_sqlite_in_the_boards_folder_unless_a_url_is_given() -> None:
    assert "sqlite:////b/board.sqlite" == Settings.from_environment(FOLDERS).store_url
    given_url = {**FOLDERS, "YOUNGER_HF_BOARD_DATABASE_URL": "postgresql://host/board"}
    assert "postgresql://host/board" == Settings.from_environment(given_url).store_url


@pytest.mark.parametrize("missing", sorted(FOLDERS))
def test_a_missing_folder_is_named(missing: str) -> None:
    with pytest.raises(LeaderboardError, match=missing):
        Settings.from_environment({name: value for name, value in FOLDERS.items() if name != missing})


@pytest.mark.parametrize("value", ["0", "-1", "1e3", "many", "\u0663"])
def test_a_limit_that_is_no_number_is_named(value: str) -> None:
    with pytest.raises(LeaderboardError, match="UPLOAD_LIMIT"):
        Settings.from_environment({**FOLDERS, "YOUNGER_HF_BOARD_UPLOAD_LIMIT": value})
