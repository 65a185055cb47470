"""A run that is killed at any moment, as by a power cut: its work stays, the next continues."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.collect.models import contents, run
from younger_hf.collect.run import Selection, num_pending, retrieve
from younger_hf.collect.workspace import Workspace
from younger_hf.sources.source import Query

WORKERS = 2


class Counted:
    """Counts the models that report that they are built."""

    def __init__(self) -> None:
        self.built: Counter[str] = Counter()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                caller, _ = self._server.accept()
            except OSError:
                return
            with caller:
                self.built[caller.recv(64).decode()] += 1

    def close(self) -> None:
        self._server.close()


@pytest.fixture
def counted() -> Iterator[Counted]:
    server = Counted()
    yield server
    server.close()


def listed(folder: Path, count: int, port: int, seconds: float = 0.0) -> Workspace:
    workspace = Workspace(folder)
    retrieve(workspace, "counting", Query(options={"count": count, "port": port, "seconds": seconds}))
    return workspace


def started(site: Path, workspace: Path, **options: object) -> subprocess.Popen[bytes]:
    """`younger-hf export` in a process of its own."""
    command = [
        sys.executable,
        "-m",
        "younger_hf.cli",
        "export",
        "--workspace",
        str(workspace),
        "--workers",
        str(WORKERS),
    ]
    root = Path(__file__).parent.parent.parent
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(site), str(root)])}
    return subprocess.Popen(
        command,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        **options,
    )


def left_over(workspace: Workspace) -> list[str]:
    """Processes that still work for a workspace, recognised by their folder in it."""
    found = []
    for process in psutil.process_iter():
        try:
            if Path(process.cwd()).is_relative_to(workspace.running):
                found.append(f"{process.pid} {process.cmdline()}")
        except (psutil.Error, OSError):
            continue
    return found


@pytest.mark.slow
def test_twenty_kills_change_nothing_and_cost_only_what_was_in_flight(
    site: Path, tmp_path: Path, counted: Counted
) -> None:
    """200 models: the manifest and every object equal those of an undisturbed run."""
    calm, disturbed = listed(tmp_path / "calm", 200, counted.port), listed(tmp_path / "disturbed", 200, counted.port)
    run(calm, workers=WORKERS)
    assert {1} == set(counted.built.values())
    counted.built.clear()

    rng, kills = random.Random(0), 0
    while num_pending(disturbed, Selection()):
        process = started(site, disturbed.root)
        before = disturbed.num_results()
        if kills < 20:
            # at least one model further, so that it comes to an end, then at any moment
            while disturbed.num_results() < before + 1 and process.poll() is None:
                time.sleep(0.01)
            time.sleep(rng.uniform(0, 0.4))
            os.kill(process.pid, signal.SIGKILL)
            kills += 1
        process.wait()
    assert 20 == kills
    assert 200 == disturbed.num_results()
    assert contents(calm) == contents(disturbed)
    assert set(map(str, range(200))) == set(counted.built)
    assert counted.built.total() - 200 <= kills * WORKERS
    time.sleep(0.5)
    assert [] == left_over(disturbed)


@pytest.mark.heavy
def test_processes_of_a_killed_run_end_with_it(site: Path, tmp_path: Path, counted: Counted) -> None:
    """The models would have taken an hour."""
    workspace = listed(tmp_path / "workspace", 2, counted.port, seconds=3600)
    process = started(site, workspace.root)
    while counted.built.total() < 2:
        time.sleep(0.05)
    assert left_over(workspace)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    deadline = time.monotonic() + 10
    while left_over(workspace) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert [] == left_over(workspace)


@pytest.mark.heavy
def test_an_interrupt_ends_the_run_and_keeps_what_was_done(site: Path, tmp_path: Path, counted: Counted) -> None:
    """Ctrl-C: the exit status is that of an interrupted command, and less work remains."""
    workspace = listed(tmp_path / "workspace", 40, counted.port, seconds=0.2)
    # a shell that runs the tests in the background makes its children ignore Ctrl-C, which is
    # tested here
    process = started(site, workspace.root, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler))
    while workspace.num_results() < 3:
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGINT)
    assert 130 == process.wait(timeout=30)
    done = workspace.num_results()
    assert 3 <= done < 40
    assert 40 - done == num_pending(workspace, Selection())
    assert 40 - done == len(run(workspace))
