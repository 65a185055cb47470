"""Where one board keeps its things and how much a submission may cost: read from the environment, handed on by it.

The web process, its worker and each scoring process are separate processes; the environment is how they agree.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from younger_hf.errors import LeaderboardError

PREFIX = "YOUNGER_HF_BOARD_"
"""What the names of all environment variables begin with; the rest is the field's name in capitals."""

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True)
class Settings:
    """One board.

    Attributes:
        dataset: Folder of the dataset repo whose test rows are predicted.
        answers: Folder with the hidden answers; only scoring processes open it.
        board: Folder of the board's own state: `board.sqlite` and `uploads/`.
        database_url: SQLAlchemy URL of the store; empty for SQLite in `board`.
        host: Address to listen on.
        port: Port to listen on.
        upload_limit: Most bytes of one request that submits.
        uploads_at_once: Most requests that submit and that one address may be sending at the same time.
        idle_limit: Most seconds that a request that submits may stand still.
        pending_limit: Most submissions that may wait for their scoring; together they may fill `upload_limit` times as many bytes of disk.
        team_pending_limit: Most submissions of one team that may wait for their scoring, so that one team does not make all others wait.
        memory_limit: Most bytes of address space of one scoring process.
        cpu_limit: Most seconds of processor time of one scoring process.
        wall_limit: Most seconds that one scoring process may take.
    """

    dataset: Path
    answers: Path
    board: Path
    database_url: str = ""
    host: str = "127.0.0.1"
    port: int = 8501
    upload_limit: int = 64 * MEBIBYTE
    uploads_at_once: int = 4
    idle_limit: int = 30
    pending_limit: int = 100
    team_pending_limit: int = 10
    memory_limit: int = 4096 * MEBIBYTE
    cpu_limit: int = 120
    wall_limit: int = 180

    @property
    def store_url(self) -> str:
        """SQLAlchemy URL of the store."""
        return self.database_url or f"sqlite:///{(self.board / 'board.sqlite').absolute()}"

    @property
    def uploads(self) -> Path:
        """Folder with one folder a submission, named by its id."""
        return self.board / "uploads"

    def to_environment(self) -> dict[str, str]:
        """These settings as environment variables; folders are made absolute, so that a process elsewhere finds them.

        Returns:
            variable -> value, such that `Settings.from_environment` gives the same settings.
        """
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {
            PREFIX + name.upper(): str(value.absolute() if isinstance(value, Path) else value)
            for name, value in values.items()
        }

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Read the settings that `to_environment` wrote; every field but the three folders has a default.

        Args:
            environment: Variables to read instead of the process's own.

        Raises:
            LeaderboardError: If a folder is not given, or a number is none.
        """
        variables = os.environ if environment is None else environment
        given: dict[str, str | int | Path] = {}
        for field in fields(cls):
            name = PREFIX + field.name.upper()
            value = variables.get(name)
            if not value:
                if field.name in ("dataset", "answers", "board"):
                    raise LeaderboardError(
                        f"The environment variable {name} is not set; expected the board's {field.name} folder.",
                        "Start the board with `younger-hf leaderboard`, which sets it.",
                    )
            elif field.type == "int":
                given[field.name] = _positive(name, value)
            elif field.type == "Path":
                given[field.name] = Path(value)
            else:
                given[field.name] = value
        return cls(**given)  # type: ignore[arg-type]  # each value was converted to its field's type above


def _positive(name: str, value: str) -> int:
    if not value.isascii() or not value.isdigit() or int(value) == 0:
        raise LeaderboardError(f"{name}: expected a whole number above 0, found {value!r}.")
    return int(value)
