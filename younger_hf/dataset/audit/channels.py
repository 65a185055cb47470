"""The channels of the audit, in the order of the report."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from younger_hf.dataset.audit import counts, crossing, embedded, files, order, rows, shown, signatures
from younger_hf.dataset.audit.guesses import Guesses
from younger_hf.dataset.audit.public import Public
from younger_hf.dataset.schema import SCORED_TASKS

Kind = Literal["exact", "embedded", "statistical", "context"]
"""exact: any guess is a leak. embedded: so it is, but a common block in an unrelated architecture may have caused it.
statistical: a leak if it is right more often than the baseline by more than chance. context: what every solver sees; reported only."""


@dataclass(frozen=True)
class Channel:
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

CHANNELS: tuple[Channel, ...] = (
    Channel("labels", "exact", SCORED_TASKS, shown.labels),
    Channel("held-out edges", "exact", _DATAFLOW, shown.held_out_edges),
    Channel("names", "exact", SCORED_TASKS, shown.names),
    Channel("footers", "exact", SCORED_TASKS, files.footers),
    Channel("strange files", "exact", SCORED_TASKS, files.strangers),
    Channel("isomorphic rows", "exact", SCORED_TASKS, rows.isomorphic_rows),
    Channel("other signature", "exact", SCORED_TASKS, signatures.other_attributes),
    Channel("in data-flow rows", "exact", _OPERATOR, crossing.operators_in_dataflow_rows),
    Channel("in operator rows", "exact", _DATAFLOW, crossing.pairs_in_operator_rows),
    Channel("each other", "exact", _OPERATOR, embedded.each_other),
    Channel("in architectures", "embedded", _OPERATOR, embedded.whole_rows),
    Channel("targets in architectures", "embedded", _OPERATOR, embedded.single_targets),
    Channel("row order", "statistical", _OPERATOR, order.row_order),
    Channel("graph_id", "statistical", _OPERATOR, order.graph_id),
    Channel("target order", "statistical", _OPERATOR, order.target_order),
    Channel("row group sizes", "statistical", _OPERATOR, files.row_group_sizes),
    Channel("vocabulary counts", "statistical", _OPERATOR, counts.vocabulary_counts),
    Channel("pair order", "statistical", _DATAFLOW, order.pair_order),
    Channel("node numbers", "statistical", _DATAFLOW, order.node_numbers),
    Channel("node position", "context", _OPERATOR, order.node_position),
    Channel("depth", "context", _OPERATOR, order.depth),
    Channel("row size", "context", _OPERATOR, order.row_size),
    Channel("endpoint counts", "context", _DATAFLOW, counts.endpoint_counts),
)
