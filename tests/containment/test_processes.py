"""Process trees are found, measured and described."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import psutil
import pytest

from younger_hf.containment.processes import (
    count_oom_kills,
    describe_exit,
    is_running,
    kill,
    peak_memory,
    process_trees,
)

PARENT = """
import subprocess, sys, time
held = bytearray(50_000_000)
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
print("ready", flush=True)
time.sleep(60)
"""


@pytest.mark.heavy
def test_a_tree_holds_the_children_and_their_memory_and_can_be_ended() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        tree = process_trees([process.pid])[process.pid]
        assert process.pid == tree.pids[0]
        assert 2 == len(tree.pids)
        assert tree.memory > 50_000_000
        kill(tree.pids)
    _, alive = psutil.wait_procs([p for p in psutil.process_iter() if p.pid in tree.pids], timeout=10)
    assert all(p.status() == psutil.STATUS_ZOMBIE for p in alive)
    kill(tree.pids)  # they are gone, which is no error


def test_an_id_that_is_reused_is_another_process() -> None:
    pid, started = os.getpid(), psutil.Process().create_time()
    assert is_running(pid, started)
    assert not is_running(pid, started - 10)
    assert is_running(pid, started - 10, or_younger=True)
    assert not is_running(pid, started + 10, or_younger=True)


def test_memory_is_that_of_the_process() -> None:
    before = peak_memory()
    held = bytearray(100_000_000)
    assert peak_memory() >= before
    assert peak_memory() > len(held)
    assert count_oom_kills() >= 0


@pytest.mark.parametrize(
    ("code", "text"), [(0, "exit code 0"), (None, "exit code None"), (-signal.SIGKILL, "SIGKILL"), (-99, "signal 99")]
)
def test_an_exit_code_is_described(code: int | None, text: str) -> None:
    assert text == describe_exit(code)
