"""A small dataset, settings that train in seconds, and one finished run a task."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from tests.dataset.built import Built, build_small
from younger_hf.baselines.config import TrainConfig, make_config
from younger_hf.baselines.run_folder import Epoch
from younger_hf.baselines.train import train

SMALL = {
    "operator": {
        "node_dim": 32,
        "hidden_dim": 32,
        "learning_rate": 0.01,
        "batch_size": 16,
        "dropout": 0.2,
        "epochs": 12,
    },
    "dataflow": {
        "node_dim": 64,
        "hidden_dim": 64,
        "output_dim": 32,
        "learning_rate": 0.003,
        "batch_size": 4,
        "epochs": 14,
    },
}


@pytest.fixture(scope="session", autouse=True)
def _one_thread() -> None:
    """Tensors are tiny here: threads that wait for each other would take most of the time."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    return build_small(tmp_path_factory.mktemp("built"))


@pytest.fixture(scope="session")
def small() -> Callable[..., TrainConfig]:
    """A small configuration of a task; settings can be changed by name."""

    def make(task: str, **settings: object) -> TrainConfig:
        return make_config(f"{task}_w_attrs", {**SMALL[task], **settings})

    return make


@pytest.fixture(scope="session")
def run_of(
    built: Built, small: Callable[..., TrainConfig], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], tuple[Path, list[Epoch]]]:
    """The finished run of a task and its epochs: nothing writes into it."""
    runs: dict[str, tuple[Path, list[Epoch]]] = {}

    def get(task: str) -> tuple[Path, list[Epoch]]:
        if task not in runs:
            folder = tmp_path_factory.mktemp("runs") / task
            runs[task] = folder, train(built.release, small(task), folder, device="cpu")
        return runs[task]

    return get
