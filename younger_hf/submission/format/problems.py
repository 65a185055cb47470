"""The problems of a submission: one stable code for each kind, and the text that people read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import MappingProxyType

SHOWN = 20
"""How many problems of one kind are listed; the rest is a count."""

CODES: MappingProxyType[str, str] = MappingProxyType(
    {
        # submission.yaml
        "metadata_missing": "submission.yaml is missing.",
        "metadata_unreadable": "submission.yaml is too large, or not a plain YAML mapping in UTF-8.",
        "metadata_duplicate_field": "A field of submission.yaml occurs twice.",
        "metadata_unknown_field": "A field of submission.yaml is not known.",
        "metadata_missing_field": "A required field of submission.yaml is missing or empty.",
        "metadata_wrong_type": "A field of submission.yaml has a value of another type.",
        "metadata_too_long": "A text or list in submission.yaml is too long.",
        "metadata_forbidden_character": "A text in submission.yaml has a control, bidirectional or zero-width character.",
        "metadata_bad_url": "A link in submission.yaml is not an http or https address.",
        "metadata_out_of_range": "A number in submission.yaml is out of range.",
        "metadata_bad_hash": "dataset_version in submission.yaml is not a content hash.",
        "track_missing": "It is not stated which track the predictions are for.",
        "wrong_track": "The track does not exist, is not in the dataset, or is not the requested one.",
        "wrong_dataset_version": "The predictions were made for another version of the dataset.",
        # the predictions file
        "file_missing": "The predictions file is missing.",
        "wrong_extension": "The predictions file is not named .parquet, .csv or .jsonl.",
        "file_empty": "The predictions file has no bytes.",
        "file_too_large": "The predictions file has more bytes than allowed, or would have once unpacked.",
        "wrong_format": "The predictions file does not have the format that its name implies.",
        "file_damaged": "The predictions file is cut off or damaged.",
        "bad_encoding": "The predictions file is text, but not plain UTF-8.",
        "wrong_delimiter": "The columns of a CSV file are not separated by commas.",
        "too_many_rows": "The predictions file has far more rows than the track needs.",
        "too_many_values": "The predictions file has far more values than the track needs.",
        "no_rows": "The predictions file has no rows.",
        "wrong_row_count": "A file of generated graphs has more or fewer rows than the track needs.",
        # its columns
        "missing_column": "A column of the track is missing.",
        "extra_column": "There is a column that the track does not have.",
        "duplicate_column": "A column occurs twice.",
        "wrong_column_type": "A column has another type.",
        # its rows
        "long_row": "A row of a text file has far more bytes than any needs.",
        "ragged_row": "A row of a CSV file has more or fewer cells than the header.",
        "bad_json": "A line or cell is not JSON.",
        "wrong_type": "A line, cell or list element has another type.",
        "null_value": "A value is missing (null).",
        "long_graph_id": "A graph_id is longer than any of the dataset.",
        "unknown_graph": "A graph_id is not in the test split of the track.",
        "duplicate_graph": "A graph_id occurs twice.",
        "wrong_length": "A row has more or fewer predictions than its graph needs.",
        "graph_size": "A generated graph has no nodes, or more than the task's architectures have.",
        "edge_shape": "The edges of a generated graph are not two lists of equal length.",
        "too_many_edges": "A generated graph has far more edges than any architecture of its size.",
        "nan": "A score or value is not a number (NaN).",
        "infinity": "A score or value is infinite.",
        "out_of_range": "A score is outside [0, 1].",
        "unknown_class": "A predicted class is not in the vocabulary; or a generated node is UNK or MASK, which are not operators.",
        "edge_out_of_range": "An edge of a generated graph begins or ends at a node that the graph does not have.",
        "duplicate_edge": "An edge of a generated graph occurs twice.",
        "missing_graph": "A graph of the test split has no row.",
    }
)
"""Every code and its meaning, in the order of a report."""

_HINTS: MappingProxyType[str, str] = MappingProxyType(
    {
        "metadata_unreadable": "Write lines of the form `field: value`.",
        "metadata_duplicate_field": "Keep one of them.",
        "metadata_wrong_type": "Write the value as it is expected.",
        "metadata_too_long": "Shorten it.",
        "metadata_out_of_range": "Correct it, or leave the field out.",
        "metadata_missing_field": "Add it.",
        "file_missing": "Write it with younger_hf.submission.write_predictions.",
        "wrong_extension": "Write it with younger_hf.submission.write_predictions.",
        "file_too_large": "Write it with younger_hf.submission.write_predictions, one row for each graph.",
        "too_many_values": "Write one value for each node in mask_index or pair in pair_index of the test split.",
        "no_rows": "Write one row for each graph of the test split.",
        "wrong_type": "Write the value as it is expected.",
        "null_value": "Every value is needed; a missing one has no default.",
        "long_graph_id": "Keep graph_id as it is in the test split.",
        "out_of_range": "Scores are probabilities: apply a sigmoid to logits.",
        "unknown_class": "Class ids are those of the track's vocabulary.",
        "infinity": "Look for overflow, for example where a logarithm is undone.",
        "edge_out_of_range": "Nodes are numbered from 0 within each graph, in the order of node_feat.",
    }
)
"""The default next step of each code, for problems without a hint of their own."""

_ORDER = {code: position for position, code in enumerate(CODES)}


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with a submission.

    Attributes:
        code: One of `CODES`.
        row: Row of the predictions file, counted from 1 without a header; `None` if it is about no
            single row.
        message: Where it is, what was expected, and what was found: one sentence.
        expected: What was expected.
        got: What was found; text of the submission is quoted, escaped and cut.
        hint: The next step; may be empty.
    """

    code: str
    row: int | None
    message: str
    expected: str
    got: str
    hint: str

    def __post_init__(self) -> None:
        if self.code not in CODES:
            raise ValueError(f"The problem code {self.code!r} does not exist.")

    def __str__(self) -> str:
        return f"{self.message} {self.hint}" if self.hint else self.message


def problem(code: str, where: str, expected: str, got: str, hint: str = "", row: int | None = None) -> Problem:
    """A problem with the message `where: expected ..., got ....`; the code's hint by default."""
    return Problem(code, row, f"{where}: expected {expected}, got {got}.", expected, got, hint or _HINTS.get(code, ""))


def at_row(row: int, graph_id: str | None) -> str:
    """How a message names a row: `row 17 (graph_id 'ab12')`."""
    return f"row {row}" if graph_id is None else f"row {row} (graph_id {quoted(graph_id)})"


def quoted(text: str, limit: int = 60) -> str:
    """Make text of a submission safe for a message: quoted, shortened, and with escapes.

    Every character that does not print is escaped.
    """
    shown = text[:limit]
    while len(repr(shown)) > 2 * limit:  # an escaped character takes up to ten
        shown = shown[: len(shown) // 2]
    return repr(shown) if shown == text else f"{shown!r}..."


def listed(names: Sequence[str], limit: int = 5) -> str:
    """Names of a submission made safe for a message: quoted, and counted after the first few."""
    shown = ", ".join(quoted(name) for name in names[:limit])
    return shown if len(names) <= limit else f"{shown} and {len(names) - limit:,} more"


def remaining(code: str, total: int) -> list[Problem]:
    """The entry that counts the problems of a kind that are not listed; empty if all are."""
    if total <= SHOWN:
        return []
    got = f"{total:,}"
    return [
        Problem(
            code, None, f"{got} problems of this kind in all ({code}); the first {SHOWN} are listed.", "none", got, ""
        )
    ]


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Problems as a report lists them: by kind in the order of `CODES`, within a kind by row.

    Of each kind the first 20 are kept, followed by one entry that gives the count.
    """
    kinds: dict[str, list[Problem]] = {}
    for each in problems:
        kinds.setdefault(each.code, []).append(each)
    ordered: list[Problem] = []
    for code in sorted(kinds, key=_ORDER.__getitem__):
        by_row = sorted(kinds[code], key=lambda each: (each.row is None, each.row or 0))
        ordered += by_row[:SHOWN] + remaining(code, len(by_row))
    return tuple(ordered)
