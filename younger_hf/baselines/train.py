"""Training of a baseline: Adam, best checkpoint by validation, resumable after an interruption."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

from younger_hf.baselines.config import TrainConfig
from younger_hf.baselines.inference import forward, infer, make_model, resolve_device
from younger_hf.baselines.objectives import OBJECTIVES
from younger_hf.baselines.run_folder import Epoch, claim_folder, mean_metric, resume, save_epoch, write_run
from younger_hf.dataset.read.pyg import to_pyg
from younger_hf.dataset.read.pyg_rows import GraphRows
from younger_hf.dataset.read.release import Release
from younger_hf.dataset.schema import signature_of
from younger_hf.errors import BaselineError
from younger_hf.metrics.load import load_metric


def train(
    release: Release,
    config: TrainConfig,
    folder: Path,
    *,
    device: str = "auto",
    on_epoch: Callable[[Epoch], None] | None = None,
) -> list[Epoch]:
    """Train a baseline and keep the weights with the best mean of the validation metrics.

    After each epoch, everything needed to go on is in `folder`: an interrupted run that is called
    again with the same configuration continues, and a finished one returns at once.

    Args:
        release: The dataset.
        config: The configuration.
        folder: The run folder, created if it is missing. Holds `config.json`, `model.safetensors`,
            `history.jsonl` and `run.json`.
        device: `auto`, `cpu` or `cuda`.
        on_epoch: Called after each epoch.

    Returns:
        Every epoch of the run, including those before an interruption.

    Raises:
        BaselineError: If the folder holds another run or one on another dataset, or the loss is not
            finite.
        DatasetError: If the dataset does not have the config.
    """
    target = resolve_device(device)
    claim_folder(folder, config, release)
    torch.manual_seed(config.seed)
    model = make_model(count_classes(release, config.track), config).to(target)
    optimizer = torch.optim.Adam(model.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay)
    history = resume(folder, model, optimizer, target)
    train_rows, validation_rows = (to_pyg(release.table(config.track, split)) for split in ("train", "validation"))
    for number in range(len(history) + 1, config.epochs + 1):
        started = time.perf_counter()
        torch.manual_seed(config.seed + number)  # the same whether or not the run was interrupted before this epoch
        loss = _train_epoch(model, train_rows, optimizer, config, target)
        metrics = evaluate(model, validation_rows, config, target)
        best = mean_metric(metrics) > max((mean_metric(epoch.validation) for epoch in history), default=-math.inf)
        history.append(Epoch(number, loss, metrics, time.perf_counter() - started, best))
        save_epoch(folder, model, optimizer, history)
        if on_epoch is not None:
            on_epoch(history[-1])
    write_run(folder, release.content_hash, model, target, history)
    return history


def evaluate(model: nn.Module, rows: GraphRows, config: TrainConfig, device: torch.device) -> dict[str, float]:
    """Compute the metrics of the task over rows whose answers are known."""
    answers = torch.cat([data.y for data in rows]).numpy()
    return load_metric(config.task.name).compute(references=answers, predictions=infer(model, rows, config, device))


def count_classes(release: Release, track: str) -> int:
    """Return the size of a track's vocabulary, UNK and MASK included."""
    return int(release.table(f"vocabulary_{signature_of(track)}", "train", ["id"]).num_rows)


def _train_epoch(
    model: nn.Module, rows: GraphRows, optimizer: torch.optim.Optimizer, config: TrainConfig, device: torch.device
) -> float:
    """Train for one epoch and return the mean loss over targets."""
    model.train()
    total = targets = 0.0
    for batch in rows.batches(config.batch_size, shuffle=True, seed=None):
        batch = batch.to(device)
        loss = OBJECTIVES[config.task.predicts].loss(forward(model, batch, config), batch.y)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch has no types for it
        optimizer.step()
        total += float(loss.detach()) * len(batch.y)
        targets += len(batch.y)
    if not total < math.inf:
        raise BaselineError(
            f"The training loss is {total / targets}, expected a finite number.", "Lower --learning-rate."
        )
    return total / targets
