"""What a predictions file of each task holds: its columns, what a number in them is, and what messages say of them."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from younger_hf.dataset.schema import GENERATION_NODES

GRAPH_ID = "graph_id"

GENERATED_GRAPHS = 1000
"""Rows of a generation submission: distances between two sets of graphs depend on how many there are."""

EDGES_PER_NODE = 16
"""Most edges of a generated graph, for each of its nodes. The densest architecture of the first release has 1.7; a graph above the limit
is no architecture, and the time that metrics take grows with its edges."""

MEAN_EDGES_PER_NODE = 4
"""Most edges for each node where all graphs of a file are of the largest size: validation takes memory for all of them together."""


@dataclass(frozen=True)
class Column:
    """One column of a predictions file.

    Attributes:
        name: Its name.
        value_type: Arrow type of its numbers as the project writes them.
        depth: 0 for a number in each row, 1 for a list of them, 2 for a list of such lists.
        value: What a number is, for messages.
        beyond: Code and expectation of the problem that an integer too large for any machine type is.
    """

    name: str
    value_type: pa.DataType
    depth: int
    value: str
    beyond: tuple[str, str]

    @property
    def is_integral(self) -> bool:
        """Whether its numbers are integers."""
        return bool(pa.types.is_integer(self.value_type))

    @property
    def type(self) -> pa.DataType:
        """Arrow type of the column as the project writes it."""
        kind = self.value_type
        for _ in range(self.depth):
            kind = pa.list_(kind)
        return kind

    def expected(self, depth: int = 0) -> str:
        """What stands at a depth of it, for messages: 0 the whole cell, up to `depth` one number."""
        if depth == self.depth:
            return "an integer" if self.is_integral else "a number"
        numbers = "integers" if self.is_integral else "numbers"
        return f"a list of {numbers}" if depth == self.depth - 1 else f"a list of two lists of {numbers}"


@dataclass(frozen=True)
class Format:
    """What a predictions file of a task holds.

    Attributes:
        columns: Its columns beside `graph_id`.
        rows: Its rows, for messages.
        values: How many values it has, for messages.
        csv_hint: How a row is written in CSV, for messages.
        has_ids: Whether it has a column `graph_id`, and each row is about a graph of the test split.
        has_classes: Whether there are class ids in it.
        target: What a list element is predicted for, for messages.
        targets: Column of the test split that a list is aligned with; empty if a row is a single value or a graph of its own.
    """

    columns: tuple[Column, ...]
    rows: str
    values: str
    csv_hint: str
    has_ids: bool = True
    has_classes: bool = False
    target: str = ""
    targets: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all columns."""
        return (*((GRAPH_ID,) if self.has_ids else ()), *(column.name for column in self.columns))

    @property
    def schema(self) -> pa.Schema:
        """Schema of the Parquet file that the project writes."""
        ids = [(GRAPH_ID, pa.string())] if self.has_ids else []
        return pa.schema([*ids, *((column.name, column.type) for column in self.columns)])


_EACH_GRAPH = "one row for each graph of the test split"
_EACH_TARGET = "one value for each node in mask_index or pair in pair_index of the test split"
_LISTS = 'Put each list into double quotes: ab12,"[0.1, 0.9]".'
_CLASS = ("unknown_class", "a class id of the vocabulary")

FORMATS = {
    "operator": Format(
        (Column("predictions", pa.int32(), 1, "class id", _CLASS),),
        _EACH_GRAPH,
        _EACH_TARGET,
        _LISTS,
        has_classes=True,
        target="node",
        targets="mask_index",
    ),
    "dataflow": Format(
        (Column("scores", pa.float32(), 1, "score", ("out_of_range", "a number in [0, 1]")),),
        _EACH_GRAPH,
        _EACH_TARGET,
        _LISTS,
        target="pair",
        targets="pair_index",
    ),
    "generation": Format(
        (
            Column("node_feat", pa.int32(), 1, "class id", _CLASS),
            Column("edge_index", pa.int32(), 2, "node number", ("edge_out_of_range", "the number of a node")),
        ),
        f"{GENERATED_GRAPHS:,} rows, one for each generated graph",
        f"graphs of at most {GENERATION_NODES} nodes and {EDGES_PER_NODE} edges a node, {MEAN_EDGES_PER_NODE} on average",
        'Put each list into double quotes: "[5, 3]","[[0], [1]]".',
        has_ids=False,
        has_classes=True,
    ),
    "prediction": Format(
        (Column("value", pa.float64(), 0, "value", ("infinity", "a finite number")),),
        _EACH_GRAPH,
        "one value for each graph of the test split",
        "Write a plain number in each row: ab12,1250000.5.",
    ),
}
"""Task -> what its predictions files hold."""
