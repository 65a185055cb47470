"""The channels of the audit, in the order of the report."""

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
    order,
    other_signature,
    whole_rows,
)
from younger_hf.dataset.audit.guesses import Guesses
from younger_hf.dataset.audit.public_view import Public

Kind = Literal["exact", "embedded", "statistical", "context"]
"""exact: any guess is a leak. embedded: so it is, but a common block in an unrelated architecture may have caused it.
statistical: a leak if it is right more often than the baseline by more than chance. context: what every solver sees; reported only."""


@dataclass(frozen=True)
class Attack:
    """One way to an answer that is not solving the task.

    Attributes:
        name: Its name in the report.
        kind: What counts as a leak.
        tasks: Tasks that it is tried on.
        guess: Release and track -> guesses; its docstring says why an answer through it would be a leak.
    """

    name: str
    kind: Kind
    tasks: tuple[str, ...]
    guess: Callable[[Public, str], Guesses]


_OPERATOR, _DATAFLOW = ("operator",), ("dataflow",)
_BOTH = _OPERATOR + _DATAFLOW

CHANNELS: tuple[Attack, ...] = (
    Attack("labels", "exact", _BOTH, displayed.labels),
    Attack("held-out edges", "exact", _DATAFLOW, displayed.held_out_edges),
    Attack("names", "exact", _BOTH, displayed.names),
    Attack("footers", "exact", _BOTH, file_metadata.footers),
    Attack("strange files", "exact", _BOTH, file_metadata.strangers),
    Attack("isomorphic rows", "exact", _BOTH, whole_rows.isomorphic_rows),
    Attack("other signature", "exact", _BOTH, other_signature.other_attributes),
    Attack("in data-flow rows", "exact", _OPERATOR, crossing.operators_in_dataflow_rows),
    Attack("in operator rows", "exact", _DATAFLOW, crossing.pairs_in_operator_rows),
    Attack("each other", "exact", _OPERATOR, embedded.each_other),
    Attack("in architectures", "embedded", _OPERATOR, embedded.whole_rows),
    Attack("targets in architectures", "embedded", _OPERATOR, embedded.single_targets),
    Attack("row order", "statistical", _OPERATOR, order.row_order),
    Attack("graph_id", "statistical", _OPERATOR, order.graph_id),
    Attack("target order", "statistical", _OPERATOR, order.target_order),
    Attack("row group sizes", "statistical", _OPERATOR, file_metadata.row_group_sizes),
    Attack("vocabulary counts", "statistical", _OPERATOR, counts.vocabulary_counts),
    Attack("pair order", "statistical", _DATAFLOW, order.pair_order),
    Attack("node numbers", "statistical", _DATAFLOW, order.node_numbers),
    Attack("node position", "context", _OPERATOR, order.node_position),
    Attack("depth", "context", _OPERATOR, order.depth),
    Attack("row size", "context", _OPERATOR, order.row_size),
    Attack("endpoint counts", "context", _DATAFLOW, counts.endpoint_counts),
)
