"""Training a reference baseline: Adam, the best checkpoint by validation, resumable after an interruption."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F  # noqa: N812 - the field's own name
from safetensors.torch import save_file
from torch import Tensor, nn
from torch_geometric.data import Data
from torch_geometric.loader import DataLoader
from torch_geometric.utils import to_undirected

from younger_hf.baselines.config import TrainConfig, read_config
from younger_hf.baselines.encoders import count_parameters, make_model, seed_everything
from younger_hf.dataset.pyg import GraphRows
from younger_hf.dataset.release import Release
from younger_hf.errors import BaselineError
from younger_hf.metrics.load import load_metric

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
        BaselineError: If the folder holds another run, or the loss is not finite.
        DatasetError: If the dataset lacks the config.
    """
    place = resolve_device(device)
    _claim(folder, config)
    history = _read_history(folder)
    seed_everything(config.seed)
    model = make_model(count_classes(release, config.signature), config).to(place)
    optimizer = torch.optim.Adam(model.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay)
    if history:
        state = torch.load(folder / STATE, map_location=place, weights_only=True)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
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


@torch.no_grad()
def evaluate(model: nn.Module, rows: GraphRows, config: TrainConfig, device: torch.device) -> dict[str, float]:
    """The task's metrics over rows whose answers are known."""
    outputs = torch.cat([output for output, _ in forward(model, rows, config, device)])
    answers = torch.cat([data.y for data in rows]).numpy()
    guesses = outputs.argmax(dim=-1) if config.task == "operator" else outputs.sigmoid()
    return load_metric(config.task).compute(references=answers, predictions=guesses.numpy())


@torch.no_grad()
def forward(model: nn.Module, rows: GraphRows, config: TrainConfig, device: torch.device) -> list[tuple[Tensor, Data]]:
    """The model's outputs on the CPU, batch by batch in the order of the rows, with each batch."""
    model.eval()
    batches = DataLoader(rows, batch_size=config.batch_size)
    return [(_apply(model, batch.to(device), config).float().cpu(), batch) for batch in batches]


def count_classes(release: Release, signature: str) -> int:
    """Number of classes of a signature, UNK and MASK among them."""
    return int(release.table(f"vocabulary_{signature}", "train", ["id"]).num_rows)


def resolve_device(name: str) -> torch.device:
    """`auto` is CUDA where there is one, else the CPU.

    Raises:
        BaselineError: If CUDA is asked for and there is none, or the name is unknown.
    """
    if name not in ("auto", "cpu", "cuda"):
        raise BaselineError(f"There is no device {name!r}; expected auto, cpu or cuda.")
    if name == "cuda" and not torch.cuda.is_available():
        raise BaselineError("No CUDA device is available here.", "Use --device cpu.")
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")


def _train_epoch(
    model: nn.Module, rows: GraphRows, optimizer: torch.optim.Optimizer, config: TrainConfig, device: torch.device
) -> float:
    model.train()
    total = targets = 0.0
    for batch in DataLoader(rows, batch_size=config.batch_size, shuffle=True):
        batch = batch.to(device)
        output = _apply(model, batch, config)
        loss = (
            F.nll_loss(output, batch.y)
            if config.task == "operator"
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


def _apply(model: nn.Module, batch: Data, config: TrainConfig) -> Tensor:
    edges = to_undirected(batch.edge_index, num_nodes=batch.num_nodes) if config.undirected else batch.edge_index
    output: Tensor = model(batch.x, edges, batch.mask_index if config.task == "operator" else batch.pair_index)
    return output


def _mean(metrics: dict[str, float]) -> float:
    return sum(metrics.values()) / len(metrics)


def _claim(folder: Path, config: TrainConfig) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / CONFIG
    if path.exists() and read_config(path) != config:
        raise BaselineError(
            f"{folder}: this folder holds a run with another configuration.",
            "Choose another --out, or delete the folder.",
        )
    path.write_text(config.to_json(), encoding="utf-8")


def _read_history(folder: Path) -> list[Epoch]:
    if not (folder / STATE).exists() or not (folder / HISTORY).exists():
        return []
    try:
        return [Epoch(**json.loads(line)) for line in (folder / HISTORY).read_text(encoding="utf-8").splitlines()]
    except (ValueError, TypeError) as error:
        raise BaselineError(
            f"{folder / HISTORY}: no readable history ({error}).", "Delete the run folder and train again."
        ) from error


def _keep(folder: Path, model: nn.Module, optimizer: torch.optim.Optimizer, history: list[Epoch]) -> None:
    """Write the epoch; the history, which resumption reads first, comes last, so that a cut-off run stays whole."""
    if history[-1].best:
        partial = folder / f"{WEIGHTS}.partial"
        save_file({name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}, partial)
        partial.replace(folder / WEIGHTS)
    partial = folder / f"{STATE}.partial"
    torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, partial)
    partial.replace(folder / STATE)
    partial = folder / f"{HISTORY}.partial"
    partial.write_text("".join(json.dumps(vars(epoch)) + "\n" for epoch in history), encoding="utf-8")
    partial.replace(folder / HISTORY)


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
    (folder / RUN).write_text(json.dumps(run, indent=2) + "\n", encoding="utf-8")
