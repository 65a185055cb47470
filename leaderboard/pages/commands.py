"""The commands that the page tells a submitter to run."""

from __future__ import annotations

from pathlib import Path


def shown_folder(dataset: Path) -> str:
    """Return a dataset folder relative to where the board runs, or just its name."""
    absolute, here = dataset.absolute(), Path.cwd()
    return str(absolute.relative_to(here)) if absolute.is_relative_to(here) else absolute.name


def train(track: str, data: str) -> str:
    """Return the command that trains a baseline for a track."""
    return f"younger-hf train --track {track} --model gcn --data {data} --out runs/gcn"


def predict(data: str) -> str:
    """Return the command that writes the baseline's predictions with their `submission.yaml`."""
    return f"younger-hf predict runs/gcn --data {data} --out runs/gcn/submission"


def submit(board_url: str) -> str:
    """Return the command that sends them to this board."""
    return f"younger-hf submit runs/gcn/submission --board {board_url}"
