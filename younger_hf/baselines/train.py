"""Training a reference baseline: Adam, the best checkpoint by validation, resumable after an interruption."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from pickle import UnpicklingError  # only to catch it: torch loads tensors and plain values, nothing else

import torch
import torch.nn.functional as F  # noqa: N812 - the field's own name
from safetensors.torch import save_file
from torch import nn
from torch_geometric.loader import DataLoader

from younger_hf.baselines.config import TrainConfig, read_config, write_config
from younger_hf.baselines.inference import apply, decide, resolve_device
from younger_hf.baselines.models.gcn import count_parameters, make_model, seed_everything
from younger_hf.dataset.read.pyg import GraphRows
from younger_hf.dataset.read.release import Release
from younger_hf.errors import BaselineError
from younger_hf.metrics.load import load_metric
from younger_hf.tasks import TASKS

CONFIG, WEIGHTS, STATE, HISTORY, RUN = "config.json", "model.safetensors", "state.pt", "history.jsonl", "run.json"


@dataclass(frozen=True)
class Epoch:
    """One epoch's result.

    Attributes:
        epoch: Number from 1.
        loss: Mean training loss over targets.
        validation: The task's metrics on the validation rows.
        seconds: Wall time of the epoch.
        best: Whether its mean validation metric is the best so far.
    """

    epoch: int
    loss: float
    validation: dict[str, float]
    seconds: float
    best: bool


def train(
    release: Release,
    config: TrainConfig,
    folder: Path,
    *,
    device: str = "auto",
    on_epoch: Callable[[Epoch], None] | None = None,
) -> list[Epoch]:
    """Train a baseline; the weights with the best mean of the validation metrics are kept.

    After each epoch everything needed to go on is in `folder`: an interrupted run called again with the same
    configuration continues, and a finished one returns at once.

    Args:
        release: The dataset.
        config: What to train.
        folder: The run folder; made if it is missing. Holds `config.json`, `model.safetensors`, `history.jsonl` and
            `run.json`.
        device: `auto`, `cpu` or `cuda`.
        on_epoch: Called after each epoch.

    Returns:
        Every epoch of the run, those before an interruption too.

    Raises:
        BaselineError: If the folder holds another run, or one on another dataset, or the loss is not finite.
        DatasetError: If the dataset lacks the config.
    """
    place = resolve_device(device)
    _claim(folder, config, release)
    seed_everything(config.seed)
    model = make_model(count_classes(release, config.signature), config).to(place)
    optimizer = torch.optim.Adam(model.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay)
    history = _resume(folder, model, optimizer, place)
    rows = {split: GraphRows(release.table(config.track, split)) for split in ("train", "validation")}
    for number in range(len(history) + 1, config.epochs + 1):
        started = time.perf_counter()
        seed_everything(config.seed + number)  # the same whether or not the run was interrupted before this epoch
        loss = _train_epoch(model, rows["train"], optimizer, config, place)
        metrics = evaluate(model, rows["validation"], config, place)
        best = _mean(metrics) > max((_mean(epoch.validation) for epoch in history), default=float("-inf"))
        history.append(Epoch(number, loss, metrics, time.perf_counter() - started, best))
        _keep(folder, model, optimizer, history)
        if on_epoch is not None:
            on_epoch(history[-1])
    _write_run(folder, release, config, count_parameters(model), place, history)
    return history


def evaluate(model: nn.Module, rows: GraphRows, config: TrainConfig, device: torch.device) -> dict[str, float]:
    """The task's metrics over rows whose answers are known."""
    answers = torch.cat([data.y for data in rows]).numpy()
    return load_metric(config.task).compute(references=answers, predictions=decide(model, rows, config, device))


def count_classes(release: Release, signature: str) -> int:
    """Number of classes of a signature, UNK and MASK among them."""
    return int(release.table(f"vocabulary_{signature}", "train", ["id"]).num_rows)


def _train_epoch(
    model: nn.Module, rows: GraphRows, optimizer: torch.optim.Optimizer, config: TrainConfig, device: torch.device
) -> float:
    model.train()
    total = targets = 0.0
    for batch in DataLoader(rows, batch_size=config.batch_size, shuffle=True):
        batch = batch.to(device)
        output = apply(model, batch, config)
        loss = (
            F.nll_loss(output, batch.y)
            if TASKS[config.task].predicts == "class"
            else F.binary_cross_entropy_with_logits(output, batch.y.to(output.dtype))
        )
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch has no types for it
        optimizer.step()
        total += float(loss.detach()) * len(batch.y)
        targets += len(batch.y)
    if not total < float("inf"):
        raise BaselineError(
            f"The training loss is {total / targets}, expected a finite number.", "Lower --learning-rate."
        )
    return total / targets


def _mean(metrics: dict[str, float]) -> float:
    return sum(metrics.values()) / len(metrics)


def _claim(folder: Path, config: TrainConfig, release: Release) -> None:
    """Make the run folder, or see that it holds the same run."""
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
        raise BaselineError(
            f"{folder}: this folder holds a run with another configuration: {differ}.",
            "Choose another --out, or delete the folder.",
        )
    if dataset_version != release.content_hash:
        raise BaselineError(
            f"{folder}: this folder holds a run on the dataset {dataset_version}, but {release.root} is {release.content_hash}.",
            "Choose another --out, or delete the folder.",
        )


def _resume(folder: Path, model: nn.Module, optimizer: torch.optim.Optimizer, device: torch.device) -> list[Epoch]:
    """Put model and optimizer where the run stopped; the epochs so far, none if it has not begun."""
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
            f"{path}: no readable state of this run ({error}).", "Delete the run folder and train again."
        ) from error


def _keep(folder: Path, model: nn.Module, optimizer: torch.optim.Optimizer, history: list[Epoch]) -> None:
    """Write the epoch. A run goes on from `STATE` alone, one file, so that one cut off in here stays whole."""
    if history[-1].best:
        partial = folder / f"{WEIGHTS}.partial"
        save_file({name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}, partial)
        partial.replace(folder / WEIGHTS)
    epochs = [asdict(epoch) for epoch in history]
    partial = folder / f"{STATE}.partial"
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "history": epochs}, partial)
    partial.replace(folder / STATE)
    (folder / HISTORY).write_text("".join(json.dumps(epoch) + "\n" for epoch in epochs), encoding="utf-8")


def _write_run(
    folder: Path, release: Release, config: TrainConfig, parameters: int, device: torch.device, history: list[Epoch]
) -> None:
    best = max(history, key=lambda epoch: _mean(epoch.validation))
    hardware = torch.cuda.get_device_name(device) if device.type == "cuda" else "cpu"
    run = {
        "dataset_version": release.content_hash,
        "parameters": parameters,
        "hardware": hardware,
        "torch": torch.__version__,
        "train_hours": sum(epoch.seconds for epoch in history) / 3600,
        "best_epoch": best.epoch,
        "validation": best.validation,
    }
    partial = folder / f"{RUN}.partial"
    partial.write_text(json.dumps(run, indent=2) + "\n", encoding="utf-8")
    partial.replace(folder / RUN)
