"""Folders and limits of one board, read from environment variables, which its processes share.

The web process, its worker and each scoring process are separate processes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import PositiveInt, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from younger_hf.errors import LeaderboardError

PREFIX = "YOUNGER_HF_BOARD_"
"""Prefix of all environment variables; the rest is the name of the field in capitals."""

MEBIBYTE = 1024 * 1024


class Settings(BaseSettings):
    """One board.

    Attributes:
        dataset: Folder of the dataset repo whose test rows are predicted.
        answers: Folder of the hidden answers; only scoring processes read them after the start.
        board: Folder for the state of the board: `board.sqlite` and `uploads/`.
        database_url: SQLAlchemy URL of the store; empty for SQLite in `board`.
        host: Address to listen on.
        port: Port to listen on.
        upload_limit: Largest upload in bytes.
        uploads_at_once: Uploads that one address may send at the same time.
        idle_limit: Seconds that an upload may pause.
        pending_limit: Submissions that may wait to be scored; together they may take `upload_limit`
            times as many bytes of disk.
        team_pending_limit: The same per team, so that one team does not make all others wait.
        memory_limit: Address space of a scoring process in bytes.
        cpu_limit: Processor time of a scoring process in seconds.
        wall_limit: Wall time of a scoring process in seconds.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True)

    dataset: Path
    answers: Path
    board: Path
    database_url: str = ""
    host: str = "127.0.0.1"
    port: PositiveInt = 8501
    upload_limit: PositiveInt = 64 * MEBIBYTE
    uploads_at_once: PositiveInt = 4
    idle_limit: PositiveInt = 30
    pending_limit: PositiveInt = 100
    team_pending_limit: PositiveInt = 10
    memory_limit: PositiveInt = 4096 * MEBIBYTE
    cpu_limit: PositiveInt = 120
    wall_limit: PositiveInt = 180

    @property
    def store_url(self) -> str:
        """SQLAlchemy URL of the store."""
        return self.database_url or f"sqlite:///{(self.board / 'board.sqlite').absolute()}"

    @property
    def uploads(self) -> Path:
        """Folder with one folder per submission, named by its id."""
        return self.board / "uploads"

    def to_environment(self) -> dict[str, str]:
        """Return the environment variables from which `read_settings` returns the same settings.

        Folders are made absolute, so that a process that runs elsewhere finds them.
        """
        return {
            PREFIX + name.upper(): str(value.absolute() if isinstance(value, Path) else value) for name, value in self
        }


def read_settings(**values: Any) -> Settings:
    """Read the settings from the environment; only the three folders have no default.

    Args:
        values: Settings that take precedence over the environment.

    Raises:
        LeaderboardError: If a folder is missing, or a number is not a whole number above 0.
    """
    try:
        return Settings(**values)
    except ValidationError as error:
        problem = error.errors()[0]
        field = str(problem["loc"][0])
        name = PREFIX + field.upper()
        if problem["type"] == "missing":
            raise LeaderboardError(
                f"The environment variable {name} is not set; expected the board's {field} folder.",
                "Start the board with `younger-hf leaderboard`, which sets it.",
            ) from error
        raise LeaderboardError(f"{name}: expected a whole number above 0, found {problem['input']!r}.") from error
