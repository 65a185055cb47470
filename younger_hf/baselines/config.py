"""The configuration of a training run: a frozen value, written into the folder of the run."""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from younger_hf.baselines.registry import check_name
from younger_hf.errors import BaselineError
from younger_hf.files import write_json
from younger_hf.task_types import Task
from younger_hf.tasks import TRACKS, task_of

PAPER: dict[str, dict[str, Any]] = {
    "operator": {"learning_rate": 1e-3, "batch_size": 512},
    "dataflow": {"learning_rate": 1e-4, "batch_size": 1},
}
"""Settings of the Younger paper that differ by task; the other defaults hold for both."""


@dataclass(frozen=True)
class TrainConfig:
    """Configuration of one training run.

    Attributes:
        track: Name of the dataset config, as `operator_w_attrs`.
        model: Name of the model, one of `registry.model_names()`.
        node_dim: Size of the class embedding.
        hidden_dim: Size of the hidden layer.
        output_dim: Size of a node's embedding where pairs of nodes are scored.
        dropout: Probability that an element is dropped in training, in [0, 1).
        undirected: Whether messages pass along data flows in both directions; the paper does not
            specify it.
        learning_rate: Learning rate of Adam.
        weight_decay: Weight decay of Adam.
        batch_size: Graphs per batch.
        epochs: Passes over the training rows.
        seed: Seed of weights, order and dropout.
    """

    track: str
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
        if self.track not in TRACKS:
            raise BaselineError(f"Unknown track {self.track!r}; expected one of: {', '.join(TRACKS)}.")
        check_name(self.model)
        for field in fields(self)[2:]:
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
    def task(self) -> Task:
        """The task of the track."""
        return task_of(self.track)


def make_config(track: str, overrides: Mapping[str, Any], file: Path | None = None) -> TrainConfig:
    """Return the paper's settings, overridden by a TOML file, then by `overrides` other than None.

    Raises:
        BaselineError: If a setting is unknown or out of range, or the file cannot be read.
    """
    settings = {"track": track, **PAPER.get(track.split("_")[0], {}), **(_read_toml(file) if file is not None else {})}
    settings.update((name, value) for name, value in overrides.items() if value is not None)
    names = [field.name for field in fields(TrainConfig)]
    unknown = sorted(set(settings) - set(names))
    if unknown:
        raise BaselineError(f"Unknown settings: {', '.join(unknown)}; expected some of: {', '.join(names)}.")
    if settings["track"] != track:
        raise BaselineError(
            f"{file}: the settings are for the track {settings['track']!r}, expected {track!r}.",
            "Leave `track` out of the file.",
        )
    return TrainConfig(**settings)


def write_config(path: Path, config: TrainConfig, dataset_version: str) -> None:
    """Write the configuration of a run, and the content hash of the dataset it is trained on."""
    write_json(path, {"dataset_version": dataset_version, **asdict(config)})


def read_config(path: Path) -> tuple[TrainConfig, str]:
    """Return the configuration of a run, and the content hash of the dataset it is trained on.

    Raises:
        BaselineError: If the file is missing or damaged.
    """
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
        dataset_version = settings.pop("dataset_version")
        return TrainConfig(**settings), dataset_version
    except FileNotFoundError as error:
        raise BaselineError(
            f"{path.parent}: this is not a run folder: it has no {path.name}.", "Train first: younger-hf train --help"
        ) from error
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise BaselineError(
            f"{path}: the run configuration cannot be read ({error}).", "Train again into a new folder."
        ) from error


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BaselineError(f"{path}: cannot be read as TOML ({error}).") from error
