"""A child process answers in messages, and the parent continues in time whatever it does."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from younger_hf.containment import limited_child
from younger_hf.containment.limited_child import ChildRun, run_child


def run(action: str, folder: Path, seconds: float = 20) -> ChildRun:
    environment = {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")])}
    job = {"action": action}
    return run_child("tests.containment.echo_child", job, seconds=seconds, folder=folder, environment=environment)


def test_a_child_gets_its_job_and_nothing_else(tmp_path: Path) -> None:
    found = run("return", tmp_path)
    assert (0, False, 1) == (found.exit_code, found.timed_out, len(found.messages))
    assert {"action": "return"} == found.messages[0]["received"]
    assert str(tmp_path) == found.messages[0]["folder"]
    assert {"PYTHONPATH"} == set(found.messages[0]["variables"]) - {"LC_CTYPE"}  # which Python sets


@pytest.mark.heavy
@pytest.mark.parametrize("action", ["sleep", "sleep_silently"])
def test_a_slow_child_is_killed_and_its_messages_remain(action: str, tmp_path: Path) -> None:
    found = run(action, tmp_path, seconds=2)
    assert (-signal.SIGKILL, True, 1) == (found.exit_code, found.timed_out, len(found.messages))


def test_an_incomplete_message_is_ignored(tmp_path: Path) -> None:
    found = run("die", tmp_path)
    assert (-signal.SIGABRT, False, 1) == (found.exit_code, found.timed_out, len(found.messages))


def test_a_child_that_sends_too_much_is_killed_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limited_child, "MOST_BYTES", 1_000_000)
    started = time.monotonic()
    found = run("flood", tmp_path)
    assert (-signal.SIGKILL, False) == (found.exit_code, found.timed_out)
    assert 5 < len(found.messages) <= 12
    assert time.monotonic() - started < 10
