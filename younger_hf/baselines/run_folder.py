"""The folder of a training run: written after each epoch, read to resume or to predict."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from pickle import UnpicklingError  # only to catch it: torch loads tensors and plain values, nothing else
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import nn

from younger_hf.baselines.config import TrainConfig, read_config, write_config
from younger_hf.dataset.read.release import Release
from younger_hf.errors import BaselineError
from younger_hf.files import replacing, write_json

CONFIG, WEIGHTS, STATE, HISTORY, RUN = "config.json", "model.safetensors", "state.pt", "history.jsonl", "run.json"
_NEW_FOLDER = "Train again into a new folder."
_OTHER_FOLDER = "Choose another --out, or delete the folder."
_RECORD = {"parameters": int, "hardware": str, "train_hours": float}
"""Entries of `run.json` that must be there, and their types."""


@dataclass(frozen=True)
class Epoch:
    """The result of one epoch.

    Attributes:
        epoch: Number from 1.
        loss: Mean training loss over targets.
        validation: Metrics of the task on the validation rows.
        seconds: Wall time of the epoch.
        best: Whether its mean validation metric is the best so far.
    """

    epoch: int
    loss: float
    validation: dict[str, float]
    seconds: float
    best: bool


def mean_metric(metrics: Mapping[str, float]) -> float:
    """Return the mean of an epoch's validation metrics, by which epochs are compared."""
    return sum(metrics.values()) / len(metrics)


def claim_folder(folder: Path, config: TrainConfig, release: Release) -> None:
    """Create a run folder, or check that it holds the same run.

    Raises:
        BaselineError: If it holds another run, or one on another dataset.
    """
    path = folder / CONFIG
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        write_config(path, config, release.content_hash)
        return
    known, dataset_version = read_config(path)
    if known != config:
        ours, theirs = asdict(config), asdict(known)
        differ = ", ".join(
            f"{name} {theirs[name]!r}, not {ours[name]!r}" for name in ours if ours[name] != theirs[name]
        )
        raise BaselineError(f"{folder}: this folder holds a run with another configuration: {differ}.", _OTHER_FOLDER)
    check_dataset(folder, dataset_version, release, _OTHER_FOLDER)


def check_dataset(folder: Path, dataset_version: str, release: Release, hint: str) -> None:
    """Raise BaselineError if a run was trained on another dataset than `release`."""
    if dataset_version != release.content_hash:
        raise BaselineError(
            f"{folder}: trained on the dataset {dataset_version}, but {release.root} is {release.content_hash}.", hint
        )


def resume(folder: Path, model: nn.Module, optimizer: torch.optim.Optimizer, device: torch.device) -> list[Epoch]:
    """Restore model and optimizer to where the run stopped, and return the epochs so far.

    Raises:
        BaselineError: If the state of the run is damaged.
    """
    path = folder / STATE
    if not path.exists():
        return []
    try:
        state = torch.load(path, map_location=device, weights_only=True)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        return [Epoch(**epoch) for epoch in state["history"]]
    except (OSError, RuntimeError, ValueError, TypeError, KeyError, EOFError, UnpicklingError) as error:
        raise BaselineError(
            f"{path}: the state of this run cannot be read ({error}).", "Delete the run folder and train again."
        ) from error


def save_epoch(folder: Path, model: nn.Module, optimizer: torch.optim.Optimizer, history: Sequence[Epoch]) -> None:
    """Write the results of an epoch; a run resumes from `STATE` alone, so dying in here is safe."""
    if history[-1].best:
        with replacing(folder / WEIGHTS) as partial:
            save_file(
                {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}, partial
            )
    epochs = [asdict(epoch) for epoch in history]
    with replacing(folder / STATE) as partial:
        torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "history": epochs}, partial)
    (folder / HISTORY).write_text("".join(json.dumps(epoch) + "\n" for epoch in epochs), encoding="utf-8")


def load_weights(folder: Path, model: nn.Module) -> None:
    """Load the best weights of a run into a model.

    Raises:
        BaselineError: If they are missing or damaged, or belong to another model.
    """
    try:
        model.load_state_dict(load_file(folder / WEIGHTS))
    except (OSError, SafetensorError, RuntimeError) as error:
        raise BaselineError(f"{folder / WEIGHTS}: not the weights of this model ({error}).", _NEW_FOLDER) from error


def write_run(folder: Path, dataset_version: str, model: nn.Module, device: torch.device, history: list[Epoch]) -> None:
    """Write the record of a finished run."""
    best = max(history, key=lambda epoch: mean_metric(epoch.validation))
    record = {
        "dataset_version": dataset_version,
        "parameters": count_parameters(model),
        "hardware": torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu",
        "torch": torch.__version__,
        "train_hours": sum(epoch.seconds for epoch in history) / 3600,
        "best_epoch": best.epoch,
        "validation": best.validation,
    }
    write_json(folder / RUN, record)


def count_parameters(model: nn.Module) -> int:
    """Return the number of trainable parameters."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)


def read_run(folder: Path) -> dict[str, Any]:
    """Return a finished run's record: dataset, parameters, hardware, hours, best epoch, metrics.

    Raises:
        BaselineError: If the run is not finished or its record is damaged.
    """
    path = folder / RUN
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BaselineError(
            f"{folder}: the run is not finished: it has no {RUN}.",
            "Call `younger-hf train` again: it goes on where it stopped.",
        ) from error
    except (OSError, ValueError) as error:
        raise BaselineError(f"{path}: cannot be read as JSON ({error}).", _NEW_FOLDER) from error
    values: dict[str, Any] = record if isinstance(record, dict) else {}
    wrong = [name for name, kind in _RECORD.items() if type(values.get(name)) is not kind]
    if wrong:
        raise BaselineError(
            f"{path}: expected the record of a run; missing or of another type: {', '.join(wrong)}.", _NEW_FOLDER
        )
    return values
