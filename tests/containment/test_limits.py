"""A process that limited itself is ended or refused when it exceeds a limit."""

from __future__ import annotations

import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = """
import resource, sys
from younger_hf.containment.limits import limit_process
limit_process({limits})
{action}
"""


def run(limits: str, action: str) -> subprocess.CompletedProcess[str]:
    code = SCRIPT.format(limits=limits, action=action)
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False)


def test_too_much_memory_is_an_error_of_python() -> None:
    assert "MemoryError" in run("address_space=1 << 30", "bytearray(2 << 30)").stderr


@pytest.mark.heavy
def test_too_much_processor_time_ends_it_by_a_signal_of_its_own() -> None:
    assert -signal.SIGXCPU == run("cpu_seconds=1", "while True: pass").returncode


@pytest.mark.parametrize(("allowed", "refused"), [(0, True), (1000, False)])
def test_a_file_that_is_too_large_is_refused(allowed: int, refused: bool, tmp_path: Path) -> None:
    done = run(f"file_bytes={allowed}", f"open({str(tmp_path / 'x')!r}, 'wb', 0).write(bytes(1000))")
    assert refused == ("File too large" in done.stderr)


def test_a_crash_writes_no_core_dump_and_what_is_not_limited_stays() -> None:
    before = resource.getrlimit(resource.RLIMIT_AS)
    done = run("", "print(resource.getrlimit(resource.RLIMIT_CORE), resource.getrlimit(resource.RLIMIT_AS))")
    assert f"(0, 0) {before}" == done.stdout.strip()
