"""The one form in which the board says no: an error with a stable code, for the API's JSON and the page alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from younger_hf.errors import LeaderboardError
from younger_hf.submission import Problem


class RefusalError(LeaderboardError):
    """A request that the board does not take.

    Args:
        status: HTTP status, 4xx or 503.
        code: Stable name of the kind of mistake, as `file_too_large`.
        message: What is wrong: expected and found.
        hint: The next step; empty if there is none.
        problems: One entry a problem, where there are several.
    """

    def __init__(
        self, status: int, code: str, message: str, hint: str = "", problems: Sequence[dict[str, Any]] = ()
    ) -> None:
        super().__init__(message, hint)
        self.status = status
        self.code = code
        self.problems = tuple(problems)

    def to_json(self) -> dict[str, Any]:
        """The body of the response."""
        return {
            "error": {
                "code": self.code,
                "message": self.message,
                "hint": self.hint,
                "problems": [dict(problem) for problem in self.problems],
            }
        }


def problem_json(problem: Problem, limit: int = 1000) -> dict[str, Any]:
    """A validation problem as JSON values, each text cut to `limit` characters."""
    return {
        "code": problem.code,
        "row": problem.row,
        "message": problem.message[:limit],
        "expected": problem.expected[:limit],
        "got": problem.got[:limit],
        "hint": problem.hint[:limit],
    }
