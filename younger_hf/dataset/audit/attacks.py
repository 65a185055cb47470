"""The attacks of the audit, in the order of the report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from younger_hf.dataset.audit import (
    counts,
    crossing,
    displayed,
    embedded,
    file_metadata,
    isomorphic_rows,
    order,
    other_signature,
)
from younger_hf.dataset.audit.guesses import Guesses
from younger_hf.dataset.audit.public_view import Public
from younger_hf.task_types import Predicted

Kind = Literal["exact", "embedded", "statistical", "context"]
"""When an attack counts as a leak.

`exact`: any guess is a leak. `embedded`: any guess is a leak, but a common block in an unrelated
architecture may have caused it. `statistical`: a leak if it is right more often than the baseline
by more than chance. `context`: what every solver sees, which is only reported.
"""


@dataclass(frozen=True)
class Attack:
    """One way to an answer other than solving the task.

    Attributes:
        name: Its name in the report.
        kind: The condition for a leak.
        predicts: Tried on tasks that predict these.
        guess: Function from release and track to guesses; its docstring explains why an answer
            obtained this way would be a leak.
    """

    name: str
    kind: Kind
    predicts: tuple[Predicted, ...]
    guess: Callable[[Public, str], Guesses]


_CLASS: tuple[Predicted, ...] = ("class",)
_SCORE: tuple[Predicted, ...] = ("score",)
_BOTH = _CLASS + _SCORE

ATTACKS: tuple[Attack, ...] = (
    Attack("labels", "exact", _BOTH, displayed.labels),
    Attack("held-out edges", "exact", _SCORE, displayed.held_out_edges),
    Attack("names", "exact", _BOTH, displayed.names),
    Attack("footers", "exact", _BOTH, file_metadata.footers),
    Attack("strange files", "exact", _BOTH, file_metadata.strange_files),
    Attack("isomorphic rows", "exact", _BOTH, isomorphic_rows.isomorphic_rows),
    Attack("other signature", "exact", _BOTH, other_signature.other_attributes),
    Attack("in data-flow rows", "exact", _CLASS, crossing.operators_in_dataflow_rows),
    Attack("in operator rows", "exact", _SCORE, crossing.pairs_in_operator_rows),
    Attack("each other", "exact", _CLASS, embedded.each_other),
    Attack("in architectures", "embedded", _CLASS, embedded.whole_rows),
    Attack("targets in architectures", "embedded", _CLASS, embedded.single_targets),
    Attack("row order", "statistical", _CLASS, order.row_order),
    Attack("graph_id", "statistical", _CLASS, order.graph_id),
    Attack("target order", "statistical", _CLASS, order.target_order),
    Attack("row group sizes", "statistical", _CLASS, file_metadata.row_group_sizes),
    Attack("vocabulary counts", "statistical", _CLASS, counts.vocabulary_counts),
    Attack("pair order", "statistical", _SCORE, order.pair_order),
    Attack("node numbers", "statistical", _SCORE, order.node_numbers),
    Attack("node position", "context", _CLASS, order.node_position),
    Attack("depth", "context", _CLASS, order.depth),
    Attack("row size", "context", _CLASS, order.row_size),
    Attack("endpoint counts", "context", _SCORE, counts.endpoint_counts),
)
