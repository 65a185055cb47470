"""What training minimises and inference returns, for each kind of prediction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch.nn.functional as F  # noqa: N812 - the field's own name
from torch import Tensor

from younger_hf.graph.vocabulary import FIRST_CLASS


@dataclass(frozen=True)
class Objective:
    """How the output of a model is trained and read.

    Attributes:
        loss: (output, labels int64 [T]) -> mean loss over targets, a scalar.
        answers: output -> predictions, one per target, on the CPU.
    """

    loss: Callable[[Tensor, Tensor], Tensor]
    answers: Callable[[Tensor], Tensor]


def _likeliest_class(log_probabilities: Tensor) -> Tensor:
    """Return the likeliest class of each node other than UNK and MASK: [M, V] -> int32 [M]."""
    return (log_probabilities[:, FIRST_CLASS:].argmax(dim=-1) + FIRST_CLASS).int().cpu()


OBJECTIVES: Mapping[str, Objective] = MappingProxyType(
    {
        "class": Objective(F.nll_loss, _likeliest_class),
        "score": Objective(
            lambda logits, labels: F.binary_cross_entropy_with_logits(logits, labels.to(logits.dtype)),
            lambda logits: logits.sigmoid().float().cpu(),
        ),
    }
)
"""What is predicted -> its objective."""
