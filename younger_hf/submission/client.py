"""A board over HTTP: sending a submission, waiting for its result, reading the ranking."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from younger_hf.errors import LeaderboardError

FINAL_STATES = ("scored", "rejected", "failed")
TIMEOUT_SECONDS = 60.0
POLL_SECONDS = 0.5


class BoardClient:
    """A leaderboard's JSON API.

    Args:
        url: Address of the board, as `http://127.0.0.1:8501`.

    Raises:
        LeaderboardError: If the address does not start with http:// or https://.
    """

    def __init__(self, url: str) -> None:
        if not url.startswith(("http://", "https://")):
            raise LeaderboardError(f"{url!r}: expected the board's address with http:// or https:// in front.")
        self.url = url.rstrip("/")

    def submit(self, predictions: Path, metadata: Path) -> str:
        """Send a submission.

        Returns:
            Its identifier; the result is awaited with `wait`.

        Raises:
            LeaderboardError: If the board cannot be reached or refuses it.
        """
        with predictions.open("rb") as file, metadata.open("rb") as declared:
            files = {"predictions": (predictions.name, file), "metadata": (metadata.name, declared)}
            return str(self._request("POST", "/submissions", files=files)["id"])

    def submission(self, submission_id: str) -> dict[str, Any]:
        """The state of a submission: `state`, `metrics`, `rank`, `problems`."""
        return self._request("GET", f"/submissions/{submission_id}")

    def wait(
        self, submission_id: str, *, timeout: float = 600, on_state: Callable[[str], None] | None = None
    ) -> dict[str, Any]:
        """Wait until a submission is scored, rejected or failed.

        Args:
            submission_id: What `submit` returned.
            timeout: Longest wait in seconds.
            on_state: Called with the state each time it is fetched.

        Raises:
            LeaderboardError: If it takes longer.
        """
        deadline = time.monotonic() + timeout
        while True:
            found = self.submission(submission_id)
            if on_state is not None:
                on_state(found["state"])
            if found["state"] in FINAL_STATES:
                return found
            if time.monotonic() > deadline:
                raise LeaderboardError(
                    f"{self.url}: the submission {submission_id} is still {found['state']!r} after {timeout:.0f} seconds.",
                    f"Look later: {self.url}/api/v1/submissions/{submission_id}",
                )
            time.sleep(POLL_SECONDS)

    def leaderboard(self, track: str) -> dict[str, Any]:
        """The ranking of one track: `primary`, `direction` and `rows`."""
        return self._request("GET", "/leaderboard", params={"track": track})

    def health(self) -> dict[str, Any]:
        """Whether the board works, and the content hash of its dataset."""
        return self._request("GET", "/health")

    def _request(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        url = f"{self.url}/api/v1{path}"
        try:
            response = httpx.request(method, url, timeout=TIMEOUT_SECONDS, **arguments)
            answer = response.json()
        except httpx.HTTPError as error:
            hint = "Is the board running? Start one with `younger-hf leaderboard`."
            raise LeaderboardError(f"{url}: the board cannot be reached ({error}).", hint) from error
        except ValueError as error:
            raise LeaderboardError(f"{url}: expected JSON, got something else; is this a younger-hf board?") from error
        if response.is_error or not isinstance(answer, dict):
            refusal = answer.get("error", {}) if isinstance(answer, dict) else {}
            listed = "".join(f"\n  {problem['message']}" for problem in refusal.get("problems", []))
            message = refusal.get("message", f"the board answered {response.status_code}")
            raise LeaderboardError(f"{self.url}: {message}{listed}", refusal.get("hint", ""))
        return answer
