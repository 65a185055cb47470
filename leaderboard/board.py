"""An open board: its settings, its store and the release it scores, opened once per process."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from leaderboard.settings import Settings, read_settings
from leaderboard.store.store import Store
from younger_hf.dataset.read.release import Release, open_release
from younger_hf.errors import LeaderboardError


@dataclass(frozen=True)
class Board:
    """The board that routes, pages and the worker share.

    Attributes:
        settings: Its folders and limits.
        release: The dataset repo whose test rows are predicted, without answers.
        store: Submissions and scores.
    """

    settings: Settings
    release: Release
    store: Store


def current_board() -> Board:
    """Return the board of the environment; the first call opens it.

    Raises:
        LeaderboardError: If the settings are incomplete or the database cannot be opened.
        DatasetError: If the dataset folder does not hold a release.
    """
    return open_board(read_settings())


@lru_cache(maxsize=8)
def open_board(settings: Settings) -> Board:
    """Open a board, and create its folder if it is missing.

    Raises:
        LeaderboardError: If its folder cannot be written or the database cannot be opened.
        DatasetError: If the dataset folder does not hold a release.
    """
    release = open_release(settings.dataset)
    try:
        settings.uploads.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LeaderboardError(
            f"{settings.board}: the board's folder cannot be used ({error.strerror}).",
            "Choose another one with --board.",
        ) from error
    return Board(settings, release, Store(settings.store_url))
