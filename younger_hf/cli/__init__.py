"""`younger-hf ...`: one thin command a stage."""

from __future__ import annotations

import sys

from younger_hf.cli import audit, board, console, models, official, release, research, sources  # noqa: F401 - they register their commands, in this order
from younger_hf.cli.options import app


def main() -> None:
    """Entry point of the console script."""
    sys.exit(console.run(app))
