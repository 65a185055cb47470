"""What a training run is told: one frozen value, written beside everything the run makes."""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from younger_hf.errors import BaselineError
from younger_hf.task_types import SIGNATURES
from younger_hf.tasks import TASKS

MODELS = ("gcn",)

PAPER: dict[str, dict[str, Any]] = {
    "operator": {"learning_rate": 1e-3, "batch_size": 512},
    "dataflow": {"learning_rate": 1e-4, "batch_size": 1},
}
"""Settings of the Younger paper that differ by task (Adam, weight decay 5e-5 and seed 12345 hold for both)."""


@dataclass(frozen=True)
class TrainConfig:
    """Configuration of one training run.

    Attributes:
        task: `operator` or `dataflow`.
        signature: `w_attrs` or `wo_attrs`.
        model: Name of the encoder, one of `MODELS`.
        node_dim: Size of the class embedding.
        hidden_dim: Size of the hidden layer.
        output_dim: Size of a node's embedding in the data-flow task.
        dropout: Probability that an element is dropped in training, in [0, 1).
        undirected: Whether messages pass along data flows in both directions; the paper does not say.
        learning_rate: Of Adam.
        weight_decay: Of Adam.
        batch_size: Graphs in a batch.
        epochs: Passes over the training rows.
        seed: Seed of weights, order and dropout.
    """

    task: str
    signature: str = "w_attrs"
    model: str = "gcn"
    node_dim: int = 1024
    hidden_dim: int = 512
    output_dim: int = 256
    dropout: float = 0.5
    undirected: bool = True
    learning_rate: float = 1e-3
    weight_decay: float = 5e-5
    batch_size: int = 512
    epochs: int = 50
    seed: int = 12345

    def __post_init__(self) -> None:
        for name, value, known in (
            ("task", self.task, tuple(task.name for task in TASKS.values() if task.is_hidden)),
            ("signature", self.signature, SIGNATURES),
            ("model", self.model, MODELS),
        ):
            if value not in known:
                raise BaselineError(f"There is no {name} {value!r}; expected one of: {', '.join(known)}.")
        for field in fields(self)[3:]:
            kind, value = type(field.default), getattr(self, field.name)
            if type(value) is not kind and not (kind is float and type(value) is int):
                raise BaselineError(f"{field.name} must be of type {kind.__name__}, got {value!r}.")
        for name in ("node_dim", "hidden_dim", "output_dim", "learning_rate", "batch_size", "epochs"):
            if not 0 < getattr(self, name) < math.inf:
                raise BaselineError(f"{name} must be positive and finite, got {getattr(self, name)}.")
        if not 0 <= self.dropout < 1:
            raise BaselineError(f"dropout must be in [0, 1), got {self.dropout}.")
        if not 0 <= self.weight_decay < math.inf:
            raise BaselineError(f"weight_decay must be at least 0 and finite, got {self.weight_decay}.")
        if not 0 <= self.seed < 2**32:
            raise BaselineError(f"seed must be in [0, 2**32), got {self.seed}.")

    @property
    def track(self) -> str:
        """Name of the dataset config, as `operator_w_attrs`."""
        return f"{self.task}_{self.signature}"


def make_config(task: str, overrides: Mapping[str, Any], file: Path | None = None) -> TrainConfig:
    """The paper's settings for a task, overridden first by a TOML file, then by `overrides` that are not None.

    Raises:
        BaselineError: If a setting is unknown or out of range, or the file cannot be read.
    """
    settings = {**PAPER.get(task, {}), **(_read_toml(file) if file is not None else {})}
    settings.update((name, value) for name, value in overrides.items() if value is not None)
    unknown = sorted(set(settings) - {field.name for field in fields(TrainConfig)})
    if unknown:
        raise BaselineError(
            f"Unknown settings: {', '.join(unknown)}; expected some of: {', '.join(field.name for field in fields(TrainConfig))}."
        )
    if settings.get("task", task) != task:
        raise BaselineError(
            f"{file}: the settings are for the task {settings['task']!r}, expected {task!r}.",
            "Leave `task` out of the file.",
        )
    return replace(TrainConfig(task), **settings)


def write_config(path: Path, config: TrainConfig, dataset_version: str) -> None:
    """Write what a run is told: its configuration, and the content hash of the dataset it is trained on."""
    text = json.dumps({"dataset_version": dataset_version, **asdict(config)}, indent=2) + "\n"
    partial = path.with_suffix(".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def read_config(path: Path) -> tuple[TrainConfig, str]:
    """The configuration of a run folder, and the content hash of the dataset it is trained on.

    Raises:
        BaselineError: If it is missing or damaged.
    """
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
        dataset_version = settings.pop("dataset_version")
        return TrainConfig(**settings), dataset_version
    except FileNotFoundError as error:
        raise BaselineError(
            f"{path.parent}: this is no run folder: it has no {path.name}.", "Train first: younger-hf train --help"
        ) from error
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise BaselineError(
            f"{path}: no readable run configuration ({error}).", "Train again into a new folder."
        ) from error


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BaselineError(f"{path}: no readable TOML ({error}).") from error
