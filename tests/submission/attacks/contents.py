"""Attacks 24 to 37: readable files whose values or rows are wrong, or only look so."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from tests.submission.attacks.attack import each
from tests.submission.attacks.containers import retyped
from tests.submission.attacks.files import Rows, element, raw, rows, table, text
from tests.submission.reports import NODES

_ALL, _TEXT = "parquet csv jsonl", "csv jsonl"
_BEYOND = 2**53 + 1
_WIDE = pa.float64()


def _first(value: float):
    """An edit that puts a value into the third row."""
    return lambda valid: _third(lambda row: np.append(np.float64(value), row[1:]))(valid)


def _third(change):
    """An edit of the third row's list."""

    def edit(valid: Rows) -> Rows:
        graph_id = list(valid)[2]
        return {**valid, graph_id: change(valid[graph_id])}

    return edit


def _all(change):
    """An edit of every row's list."""
    return lambda valid: {graph_id: change(row) for graph_id, row in valid.items()}


def _renamed(name: str):
    """An edit that gives the first row another id."""
    return lambda valid: {name: next(iter(valid.values())), **dict(list(valid.items())[1:])}


def _again(change):
    """An edit that writes the second row once more at the end, after a change."""
    return lambda valid: [*valid.items(), (list(valid)[1], change(valid[list(valid)[1]]))]


def _shuffled(valid: Rows) -> Rows:
    ids = list(valid)
    np.random.default_rng(5).shuffle(ids)
    return {graph_id: valid[graph_id] for graph_id in ids}


def _numbers_as_ids(valid: pa.Table) -> pa.Table:
    return valid.set_column(0, "graph_id", pa.array(range(_BEYOND, _BEYOND + len(valid))))


ATTACKS = [
    *each(24, "NaN", _ALL, rows(_first(np.nan)), "nan"),
    *each(24, "NaN in half precision", "parquet", rows(_first(np.nan), pa.float16()), "nan"),
    *each(24, "nothing but NaN", _ALL, rows(_all(lambda row: row * np.nan)), "nan"),
    *each(25, "infinity", _ALL, rows(_first(np.inf)), "infinity"),
    *each(25, "-infinity", _ALL, rows(_first(-np.inf), _WIDE), "infinity"),
    *each(25, "1e308", _ALL, rows(_first(1e308), _WIDE), "out_of_range"),
    *each(25, "-1e308", _ALL, rows(_first(-1e308), _WIDE), "out_of_range"),
    *each(25, "400 digits", _TEXT, element("9" * 400), "out_of_range"),
    *each(26, "below 0", _ALL, rows(_first(-1e-9), _WIDE), "out_of_range"),
    *each(26, "above 1", _ALL, rows(_first(1 + 2**-52), _WIDE), "out_of_range"),
    *each(26, "logits", _ALL, rows(_all(lambda row: row * 9 - 4)), "out_of_range"),
    *each(27, "constant", _ALL, rows(_all(lambda row: np.full(len(row), 0.25, np.float32)))),
    *each(28, "float16", "parquet", rows(lambda valid: valid, pa.float16())),
    *each(28, "float64", "parquet", rows(lambda valid: valid, _WIDE)),
    *each(29, "numbers as ids", "parquet", table(_numbers_as_ids), "wrong_column_type"),
    *each(29, "an id above 2^53", _ALL, rows(_renamed(str(_BEYOND))), "unknown_graph", "missing_graph"),
    *each(
        29,
        "a class above 2^53",
        _ALL,
        rows(_third(lambda row: np.append(np.int64(_BEYOND), row[1:])), pa.int64()),
        "unknown_class",
        track=NODES,
    ),
    *each(29, "a class above 2^64", _TEXT, element("9" * 30), "unknown_class", track=NODES),
    *each(29, "a class as a float", _TEXT, element(f"{_BEYOND}.0"), "wrong_type", track=NODES),
    *each(
        30,
        "a distribution for each node",
        "parquet",
        table(retyped(1, pa.list_(pa.list_(pa.float32())))),
        "wrong_column_type",
        track=NODES,
    ),
    *each(30, "a distribution for each node", _TEXT, element("[0.9, 0.9]"), "wrong_type", track=NODES),
    *each(30, "both classes of each pair", _ALL, rows(_all(lambda row: np.repeat(row, 2))), "wrong_length"),
    *each(30, "scores are no distribution", _ALL, rows(_all(lambda row: row / 2))),
    *each(31, "the first row", _ALL, rows(lambda valid: dict(list(valid.items())[1:])), "missing_graph"),
    *each(31, "every second row", _ALL, rows(lambda valid: dict(list(valid.items())[::2])), "missing_graph"),
    *each(32, "an unknown id", _ALL, rows(_renamed("f" * 32)), "unknown_graph", "missing_graph"),
    *each(32, "a training id", _ALL, rows(_renamed("train-3")), "unknown_graph", "missing_graph"),
    *each(
        32,
        "ids with a space",
        _ALL,
        rows(lambda valid: {f"{graph_id} ": row for graph_id, row in valid.items()}),
        *("unknown_graph", "missing_graph"),
    ),
    *each(33, "equal", _ALL, rows(_again(lambda row: row)), "duplicate_graph"),
    *each(33, "conflicting", _ALL, rows(_again(lambda row: 1 - row)), "duplicate_graph"),
    *each(34, "shuffled", _ALL, rows(_shuffled)),
    *each(35, "scores as classes", "parquet", table(), "missing_column", "extra_column", declared={"track": NODES}),
    *each(
        35,
        "another version",
        _ALL,
        rows(dict),
        "wrong_dataset_version",
        declared={"dataset_version": f"sha256:{'0' * 64}"},
    ),
    *each(35, "no such track", _ALL, rows(dict), "wrong_track", declared={"track": "dataflow"}),
    *each(36, "a header", "csv", text(lambda lines: lines[:1]), "no_rows"),
    *each(36, "a table without rows", "parquet", table(lambda valid: valid.slice(0, 0)), "no_rows"),
    *each(36, "blank lines", "jsonl", raw(b"\n \n"), "no_rows"),
    *each(37, "one score too few", _ALL, rows(_third(lambda row: row[:-1])), "wrong_length"),
    *each(37, "one score too many", _ALL, rows(_third(lambda row: np.append(row, row[:1]))), "wrong_length"),
    *each(37, "no scores", _ALL, rows(_third(lambda row: row[:0])), "wrong_length"),
]
