"""What a model says of the rows of a split, batch by batch."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch_geometric.data import Data
from torch_geometric.loader import DataLoader
from torch_geometric.utils import to_undirected

from younger_hf.baselines.config import TrainConfig
from younger_hf.dataset.read.pyg import GraphRows
from younger_hf.errors import BaselineError
from younger_hf.graph.vocabulary import FIRST_CLASS
from younger_hf.tasks import TASKS


def apply(model: nn.Module, batch: Data, config: TrainConfig) -> Tensor:
    """The model's output at a batch's targets, on the batch's device: log-probabilities [M, V] or logits [P]."""
    edges = to_undirected(batch.edge_index, num_nodes=batch.num_nodes) if config.undirected else batch.edge_index
    output: Tensor = model(batch.x, edges, batch[TASKS[config.task].targets])
    return output


@torch.no_grad()
def decide(model: nn.Module, rows: GraphRows, config: TrainConfig, device: torch.device) -> npt.NDArray[Any]:
    """The model's answers at all targets, in the order of the rows.

    Args:
        model: The model, on `device`; left in evaluation mode.
        rows: The rows.
        config: The run's configuration.
        device: Where to compute.

    Returns:
        operator: the likeliest class of each masked node, int32 [sum of M], never UNK or MASK, which are never right.
        dataflow: the score of each pair, float32 [sum of P], in [0, 1].
    """
    model.eval()
    answers: list[Tensor] = []
    for batch in DataLoader(rows, batch_size=config.batch_size):
        output = apply(model, batch.to(device), config)
        if (
            TASKS[config.task].predicts == "class"
        ):  # scores of thousands of classes are not kept: only the best of each node is
            answers.append((output[:, FIRST_CLASS:].argmax(dim=-1) + FIRST_CLASS).int().cpu())
        else:
            answers.append(output.sigmoid().float().cpu())
    result: npt.NDArray[Any] = np.concatenate([answer.numpy() for answer in answers])
    return result


def resolve_device(name: str) -> torch.device:
    """`auto` is CUDA where there is one, else the CPU.

    Raises:
        BaselineError: If CUDA is asked for and there is none, or the name is unknown.
    """
    if name not in ("auto", "cpu", "cuda"):
        raise BaselineError(f"There is no device {name!r}; expected auto, cpu or cuda.", "Use --device auto.")
    if name == "cuda" and not torch.cuda.is_available():
        raise BaselineError("No CUDA device is available here.", "Use --device cpu.")
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")
