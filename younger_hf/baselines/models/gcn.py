"""GCN, the reference encoder of the Younger paper, with exactly its parameter counts."""

from __future__ import annotations

import torch.nn.functional as F  # noqa: N812 - the field's own name
from torch import Tensor, nn
from torch_geometric.nn import GCNConv

from younger_hf.baselines.config import TrainConfig
from younger_hf.baselines.registry import register


class _GCN(nn.Module):
    """Embedding and two graph convolutions."""

    def __init__(self, num_classes: int, config: TrainConfig, output_dim: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(num_classes, config.node_dim)
        self.first = GCNConv(config.node_dim, config.hidden_dim)
        self.second = GCNConv(config.hidden_dim, output_dim)
        self.dropout = config.dropout

    def drop(self, values: Tensor) -> Tensor:
        """Apply dropout in training."""
        return F.dropout(values, self.dropout, self.training)


@register("class")
class OperatorClassifier(_GCN):
    """The paper's network for masked nodes: embedding, two convolutions with dropout, class scores.

    Shapes:
        x: int64 [N], edge_index: int64 [2, E], index: int64 [M] -> float32 [M, V]
            log-probabilities.
    """

    def __init__(self, num_classes: int, config: TrainConfig) -> None:
        super().__init__(num_classes, config, num_classes)

    def forward(self, x: Tensor, edge_index: Tensor, index: Tensor) -> Tensor:
        """Return the log-probability of every class at each masked node."""
        hidden = self.drop(self.first(self.drop(self.embedding(x)), edge_index).relu())
        return F.log_softmax(self.second(hidden, edge_index)[index], dim=-1)


@register("score")
class DataflowScorer(_GCN):
    """The paper's network for pairs: embedding, two convolutions, dot product of the two nodes.

    Shapes:
        x: int64 [N], edge_index: int64 [2, E], index: int64 [2, P] -> float32 [P] logits.
    """

    def __init__(self, num_classes: int, config: TrainConfig) -> None:
        super().__init__(num_classes, config, config.output_dim)

    def forward(self, x: Tensor, edge_index: Tensor, index: Tensor) -> Tensor:
        """Return the logit of a data flow from each pair's first to its second node."""
        hidden = self.drop(self.first(self.embedding(x), edge_index).relu())
        nodes = self.second(hidden, edge_index)
        logits: Tensor = (nodes[index[0]] * nodes[index[1]]).sum(dim=-1)
        return logits
