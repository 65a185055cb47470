"""One open board: its settings, its store and the release it scores, opened once a process."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from leaderboard.settings import Settings
from leaderboard.store.store import Store
from younger_hf.dataset.read.release import Release, open_release
from younger_hf.errors import LeaderboardError


@dataclass(frozen=True)
class Board:
    """What routes, pages and the worker work on.

    Attributes:
        settings: Where things are.
        release: The dataset repo whose test rows are predicted; without answers.
        store: Submissions and scores.
    """

    settings: Settings
    release: Release
    store: Store


def current_board() -> Board:
    """The board that the environment names; opened at the first call, the same one after it.

    Raises:
        LeaderboardError: If the settings are incomplete or the database cannot be opened.
        DatasetError: If the dataset folder holds no release.
    """
    return open_board(Settings.from_environment())


@lru_cache(maxsize=8)
def open_board(settings: Settings) -> Board:
    """Open a board; its folder is made if it is missing.

    Raises:
        LeaderboardError: If its folder cannot be written or the database cannot be opened.
        DatasetError: If the dataset folder holds no release.
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
