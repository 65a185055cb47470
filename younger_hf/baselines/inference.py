"""Running a model over the rows of a split, batch by batch."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch_geometric.data import Data
from torch_geometric.utils import to_undirected

from younger_hf.baselines.config import TrainConfig
from younger_hf.baselines.objectives import OBJECTIVES
from younger_hf.baselines.registry import find_model
from younger_hf.dataset.read.pyg_rows import GraphRows
from younger_hf.errors import BaselineError


def make_model(num_classes: int, config: TrainConfig) -> nn.Module:
    """Return the untrained model of a configuration.

    Args:
        num_classes: Size of the vocabulary, UNK and MASK included.
        config: The configuration of the run.
    """
    return find_model(config.model, config.task.predicts)(num_classes, config)


def forward(model: nn.Module, batch: Data, config: TrainConfig) -> Tensor:
    """Return the output at a batch's targets: log-probabilities [M, V] or logits [P]."""
    edges = to_undirected(batch.edge_index, num_nodes=batch.num_nodes) if config.undirected else batch.edge_index
    output: Tensor = model(batch.x, edges, batch[config.task.targets])
    return output


@torch.no_grad()
def infer(model: nn.Module, rows: GraphRows, config: TrainConfig, device: torch.device) -> npt.NDArray[Any]:
    """Predict all targets, in the order of the rows.

    Args:
        model: The model, on `device`; left in evaluation mode.
        rows: The rows.
        config: The configuration of the run.
        device: Where to compute.

    Returns:
        The likeliest class of each masked node, int32 [sum of M], never UNK or MASK; or the score
        of each pair, float32 [sum of P], in [0, 1].
    """
    model.eval()
    answers = OBJECTIVES[config.task.predicts].answers  # scores of thousands of classes are not kept: only the best is
    parts = [answers(forward(model, batch.to(device), config)) for batch in rows.batches(config.batch_size)]
    return np.concatenate([part.numpy() for part in parts])


def resolve_device(name: str) -> torch.device:
    """Return the device of a name: `auto` is CUDA if it is available, otherwise the CPU.

    Raises:
        BaselineError: If CUDA is requested but not available, or the name is unknown.
    """
    if name not in ("auto", "cpu", "cuda"):
        raise BaselineError(f"Unknown device {name!r}; expected auto, cpu or cuda.", "Use --device auto.")
    if name == "cuda" and not torch.cuda.is_available():
        raise BaselineError("No CUDA device is available here.", "Use --device cpu.")
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")
