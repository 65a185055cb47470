"""Settings pass through the environment unchanged."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.settings import Settings, read_settings
from younger_hf.errors import LeaderboardError

FOLDERS = {"YOUNGER_HF_BOARD_DATASET": "/d", "YOUNGER_HF_BOARD_ANSWERS": "/a", "YOUNGER_HF_BOARD_BOARD": "/b"}


def read(environment: Mapping[str, str]) -> Settings:
    """The settings of these variables alone."""
    with mock.patch.dict(os.environ, environment, clear=True):
        return read_settings()


@given(st.integers(1, 65535), st.integers(1, 2**40), st.sampled_from(["", "postgresql+psycopg://host/board"]))
def test_settings_that_were_written_are_read_the_same(port: int, limit: int, url: str) -> None:
    settings = Settings(
        dataset=Path("/d"),
        answers=Path("/a"),
        board=Path("/b"),
        database_url=url,
        host="::1",
        port=port,
        upload_limit=limit,
    )
    assert settings == read(settings.to_environment())


def test_relative_folders_are_written_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    written = Settings(dataset=Path("d"), answers=Path("a"), board=Path("b")).to_environment()
    assert str(tmp_path / "d") == written["YOUNGER_HF_BOARD_DATASET"]


def test_the_store_is_sqlite_in_the_boards_folder_unless_a_url_is_set() -> None:
    assert "sqlite:////b/board.sqlite" == read(FOLDERS).store_url
    url = {**FOLDERS, "YOUNGER_HF_BOARD_DATABASE_URL": "postgresql://host/board"}
    assert "postgresql://host/board" == read(url).store_url


def test_an_empty_variable_stands_for_the_default() -> None:
    assert read(FOLDERS) == read({**FOLDERS, "YOUNGER_HF_BOARD_UPLOAD_LIMIT": ""})


@pytest.mark.parametrize("missing", sorted(FOLDERS))
@pytest.mark.parametrize("empty", [True, False])
def test_a_missing_folder_is_named(missing: str, empty: bool) -> None:
    others = {name: value for name, value in FOLDERS.items() if name != missing}
    with pytest.raises(LeaderboardError, match=missing):
        read({**others, missing: ""} if empty else others)


@pytest.mark.parametrize("value", ["0", "-1", "1e3", "many", "\u0663"])
def test_a_limit_that_is_not_a_positive_number_is_named(value: str) -> None:
    with pytest.raises(LeaderboardError, match=r"UPLOAD_LIMIT: expected a whole number above 0"):
        read({**FOLDERS, "YOUNGER_HF_BOARD_UPLOAD_LIMIT": value})
