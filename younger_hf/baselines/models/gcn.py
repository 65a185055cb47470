"""The reference encoders of the Younger paper, with exactly its parameter counts."""

from __future__ import annotations

import torch
import torch.nn.functional as F  # noqa: N812 - the field's own name
from torch import Tensor, nn
from torch_geometric.nn import GCNConv

from younger_hf.baselines.config import TrainConfig
from younger_hf.tasks import TASKS


class OperatorClassifier(nn.Module):
    """Embedding -> dropout -> convolution -> ReLU -> dropout -> convolution -> class scores at the masked nodes.

    Shapes:
        x: int64 [N], edge_index: int64 [2, E], index: int64 [M] -> float32 [M, V] log-probabilities.
    """

    def __init__(self, num_classes: int, config: TrainConfig) -> None:
        super().__init__()
        self.embedding = nn.Embedding(num_classes, config.node_dim)
        self.first = GCNConv(config.node_dim, config.hidden_dim)
        self.second = GCNConv(config.hidden_dim, num_classes)
        self.dropout = config.dropout

    def forward(self, x: Tensor, edge_index: Tensor, index: Tensor) -> Tensor:
        """Log-probabilities of every class at each masked node."""
        hidden = F.dropout(self.embedding(x), self.dropout, self.training)
        hidden = F.dropout(self.first(hidden, edge_index).relu(), self.dropout, self.training)
        scores: Tensor = self.second(hidden, edge_index)[index]
        return F.log_softmax(scores, dim=-1)


class DataflowScorer(nn.Module):
    """Embedding -> convolution -> ReLU -> dropout -> convolution -> dot product of the two nodes of a pair.

    Shapes:
        x: int64 [N], edge_index: int64 [2, E], index: int64 [2, P] -> float32 [P] logits.
    """

    def __init__(self, num_classes: int, config: TrainConfig) -> None:
        super().__init__()
        self.embedding = nn.Embedding(num_classes, config.node_dim)
        self.first = GCNConv(config.node_dim, config.hidden_dim)
        self.second = GCNConv(config.hidden_dim, config.output_dim)
        self.dropout = config.dropout

    def forward(self, x: Tensor, edge_index: Tensor, index: Tensor) -> Tensor:
        """The logit of a data flow from each pair's first to its second node."""
        hidden = F.dropout(self.first(self.embedding(x), edge_index).relu(), self.dropout, self.training)
        nodes = self.second(hidden, edge_index)
        logits: Tensor = (nodes[index[0]] * nodes[index[1]]).sum(dim=-1)
        return logits


def make_model(num_classes: int, config: TrainConfig) -> nn.Module:
    """The model of a task for a vocabulary of that many classes (UNK and MASK among them)."""
    kind = OperatorClassifier if TASKS[config.task].predicts == "class" else DataflowScorer
    return kind(num_classes, config)


def count_parameters(model: nn.Module) -> int:
    """Number of trainable parameter elements."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)


def seed_everything(seed: int) -> None:
    """Seed torch's generators on every device."""
    torch.manual_seed(seed)
