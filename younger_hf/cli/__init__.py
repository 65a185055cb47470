"""`younger-hf ...`: one thin command per stage."""

from __future__ import annotations

import sys

from younger_hf.cli import audit, build, console, export, inspect, publish, quickstart, retrieve, score, submit, train  # noqa: F401 - each registers its commands
from younger_hf.cli.app import app, sort_commands

sort_commands()


def main() -> None:
    """Run the command line: the entry point of the console script."""
    sys.exit(console.run(app))
