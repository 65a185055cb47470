"""The refusal of a request: an error with a stable code, shared by the API and the pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from younger_hf.errors import LeaderboardError
from younger_hf.submission import Problem


class RefusalError(LeaderboardError):
    """A request that the board refuses.

    Args:
        status: HTTP status, 4xx or 503.
        code: Stable name of the mistake, as `file_too_large`.
        message: The mistake: what was expected and what was found.
        hint: The next step; may be empty.
        problems: One entry per problem, if there are several.
    """

    def __init__(
        self, status: int, code: str, message: str, hint: str = "", problems: Sequence[dict[str, Any]] = ()
    ) -> None:
        super().__init__(message, hint)
        self.status = status
        self.code = code
        self.problems = tuple(problems)

    def to_json(self) -> dict[str, Any]:
        """Return the body of the response."""
        return {
            "error": {
                "code": self.code,
                "message": self.message,
                "hint": self.hint,
                "problems": [dict(problem) for problem in self.problems],
            }
        }


def problem_json(problem: Problem, limit: int = 1000) -> dict[str, Any]:
    """Return a validation problem as JSON values, with each text cut to `limit` characters."""
    return {
        "code": problem.code,
        "row": problem.row,
        "message": problem.message[:limit],
        "expected": problem.expected[:limit],
        "got": problem.got[:limit],
        "hint": problem.hint[:limit],
    }
