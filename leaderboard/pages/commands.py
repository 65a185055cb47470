"""The commands that the page tells a submitter to run."""

from __future__ import annotations

from younger_hf.dataset.schema import signature_of
from younger_hf.tasks import task_of


def train(track: str) -> str:
    """Train a baseline for a track."""
    return f"younger-hf train --task {task_of(track).name} --signature {signature_of(track)} --model gcn --out runs/gcn"


def predict() -> str:
    """Write the baseline's predictions and a `submission.yaml` beside them."""
    return "younger-hf predict runs/gcn --out runs/gcn/submission"


def submit(board_url: str) -> str:
    """Send them to this board."""
    return f"younger-hf submit runs/gcn/submission --board {board_url}"
