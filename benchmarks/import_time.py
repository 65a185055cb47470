"""Importing `younger_hf`, against starting a bare Python."""

from __future__ import annotations

import subprocess
import sys

from benchmarks.measure import Ratio, compare


def run() -> list[Ratio]:
    """Measure a fresh process that imports the package, and one that imports nothing."""
    return [
        compare("import younger_hf", "bare Python", lambda: _run("import younger_hf"), lambda: _run("pass"), rounds=15)
    ]


def _run(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], check=True)
