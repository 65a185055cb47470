"""What a task consists of: its metrics, its submission columns, and the task itself."""

from __future__ import annotations

from dataclasses import dataclass
from pkgutil import resolve_name
from typing import Any, Literal

import pyarrow as pa

SIGNATURES: tuple[Literal["w_attrs"], Literal["wo_attrs"]] = ("w_attrs", "wo_attrs")
"""The two node signatures, with and without attributes."""
SPLITS = ("train", "validation", "test")
PUBLIC_SPLITS = ("train", "validation")

GRAPH_ID = "graph_id"

Predicted = Literal["class", "score", "value", "graph"]
"""What a system predicts: the class of a node, the score of a pair, a number per graph, a graph."""


@dataclass(frozen=True)
class Metric:
    """One metric of one task.

    Attributes:
        name: Key in the result of the task's metric function.
        direction: `max` if higher is better, else `min`.
        minimum: Lowest value it can take.
        maximum: Highest value it can take, possibly infinite.
        label: Heading of a table's column.
        description: One sentence for people.
    """

    name: str
    direction: Literal["max", "min"]
    minimum: float
    maximum: float
    label: str
    description: str


@dataclass(frozen=True)
class Column:
    """One column of a predictions file.

    Attributes:
        name: Its name.
        value_type: Arrow type of its numbers as the project writes them.
        depth: 0 for a number per row, 1 for a list of numbers, 2 for a list of such lists.
        value: What a number is, for messages.
        beyond: Code and expectation of the problem of an integer that exceeds every machine type.
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
        """Describe a value at a depth of the column, for messages.

        Depth 0 is the cell; `self.depth` is one number.
        """
        if depth == self.depth:
            return "an integer" if self.is_integral else "a number"
        numbers = "integers" if self.is_integral else "numbers"
        return f"a list of {numbers}" if depth == self.depth - 1 else f"a list of two lists of {numbers}"


@dataclass(frozen=True)
class Format:
    """What a predictions file of a task contains.

    Attributes:
        columns: Its columns beside `graph_id`.
        rows: Its rows, for messages.
        values: How many values it has, for messages.
        csv_hint: How a row is written in CSV, for messages.
        meaning: What the first column holds, for people.
        has_ids: Whether it has a column `graph_id`, and each row belongs to a graph of the test
            split.
        target: What a list element is predicted for, for messages.
    """

    columns: tuple[Column, ...]
    rows: str
    values: str
    csv_hint: str
    meaning: str
    has_ids: bool = True
    target: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all columns."""
        return (*((GRAPH_ID,) if self.has_ids else ()), *(column.name for column in self.columns))

    @property
    def schema(self) -> pa.Schema:
        """Schema of the Parquet file that the project writes."""
        ids = [(GRAPH_ID, pa.string())] if self.has_ids else []
        return pa.schema([*ids, *((column.name, column.type) for column in self.columns)])


@dataclass(frozen=True)
class Task:
    """All that differs between tasks.

    Functions of higher layers are named as `module:function`, so that this module imports none of
    them.

    Attributes:
        name: First part of its configs' names.
        label: Its name for people.
        question: What it asks of a system, in Markdown.
        predicts: What a system predicts.
        targets: Column of the rows that lists what is predicted; empty if it is one value or a
            graph.
        schema: Arrow schema of the rows.
        splits: Splits that a build fills.
        has_signatures: Whether there is one config per node signature.
        answers: Arrow schema of the hidden answers of test rows; None if none are hidden.
        label_column: Column of the rows that the answers stand in where they are public.
        format: What a predictions file contains.
        metrics: The metrics, in the order of a table's columns.
        primary: Name of the metric that ranks the board.
        compute: Metric function, `(references, predictions, **context) -> {name: value}`.
        resample: Function that prepares bootstrap resamples; empty if values have no intervals.
        references: Names of the predictors or generators that learn nothing.
    """

    name: str
    label: str
    question: str
    predicts: Predicted
    targets: str
    schema: pa.Schema
    splits: tuple[str, ...]
    has_signatures: bool
    answers: pa.Schema | None
    label_column: str
    format: Format
    metrics: tuple[Metric, ...]
    primary: str
    compute: str
    resample: str
    references: tuple[str, ...]

    @property
    def configs(self) -> tuple[str, ...]:
        """Names of its configs, which are its tracks as well."""
        return tuple(f"{self.name}_{signature}" for signature in SIGNATURES) if self.has_signatures else (self.name,)

    @property
    def is_hidden(self) -> bool:
        """Whether every build hides the answers of its test rows, so that the board can rank it."""
        return "test" in self.splits

    @property
    def possible_splits(self) -> tuple[str, ...]:
        """Splits that a release may have: those filled, and `test` if its answers can be hidden."""
        return SPLITS if self.answers is not None else self.splits

    def metric_function(self) -> Any:
        """Import and return the function that computes the metrics."""
        return resolve_name(self.compute)

    def resample_function(self) -> Any:
        """Import and return the function that prepares bootstrap resamples, or None."""
        return resolve_name(self.resample) if self.resample else None
