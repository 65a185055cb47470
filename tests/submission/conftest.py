"""A small real release with hidden answers, and the ways to write predictions for it."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from younger_hf.dataset.build.write_files import write_answers, write_release
from younger_hf.dataset.read.release import Answers, Release, open_answers
from younger_hf.dataset.schema import schema_of, splits_of
from younger_hf.submission import SubmissionMetadata, write_metadata
from younger_hf.task_types import PUBLIC_SPLITS, SPLITS
from younger_hf.tasks import ANSWER_SCHEMA, TRACKS, VALUE_SCHEMA, task_of

OPERATORS = ("UNK", "MASK", "Relu", "Add", "Sigmoid", "Mul", "Tanh", "Neg", "Sub", "Abs", "Exp", "Floor")
NUM_CLASSES = len(OPERATORS)
MAJORITY = 5
GRAPHS = {"train": 30, "validation": 4, "test": 40}

Rows = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Board:
    """A release, its hidden answers, and the folder they are in."""

    root: Path
    release: Release
    answers: Answers
    truth: Mapping[str, Rows]


def make_release(
    root: Path,
    graphs: Mapping[str, int] = GRAPHS,
    items: tuple[int, int] = (5, 30),
    seed: int = 3,
    complete: bool = False,
) -> Board:
    """Write a release whose graph ids look like numbers (`000`, `001`, ...) but are strings.

    A complete one has rows of every task: for generation, and for prediction with hidden values.
    """
    rng = np.random.default_rng(seed)
    tables: dict[str, dict[str, pa.Table]] = {}
    truth: dict[str, dict[str, np.ndarray]] = {}
    for track in TRACKS:
        tables[track] = {}
        for split in splits_of(track):
            first = 500 if track.startswith("dataflow") else 0
            ids = [f"{first + index:03d}" if split == "test" else f"{split}-{index}" for index in range(graphs[split])]
            rows = [_row(graph_id, task_of(track).name, split, rng, items) for graph_id in ids]
            tables[track][split] = pa.Table.from_pylist(rows, schema=schema_of(track))
            if split == "test":
                truth[track] = {row["graph_id"]: row.pop("truth") for row in rows}
    for signature in ("w_attrs", "wo_attrs"):
        rows = [
            {"id": index, "domain": "", "op_type": name, "attributes": "{}", "count": 100 - index}
            for index, name in enumerate(OPERATORS)
        ]
        config = f"vocabulary_{signature}"
        tables[config] = {"train": pa.Table.from_pylist(rows, schema=schema_of(config))}
    hidden = {
        track: pa.table({"graph_id": list(rows), "y": [row.tolist() for row in rows.values()]}, schema=ANSWER_SCHEMA)
        for track, rows in truth.items()
    }
    if complete:
        tables |= _generation(rng, graphs, items)
        tables["prediction"], truth["prediction"] = _prediction(rng, graphs)
        values = {"graph_id": list(truth["prediction"]), "value": list(truth["prediction"].values())}
        hidden["prediction"] = pa.table(values, schema=VALUE_SCHEMA)
    release = write_release(root / "younger", tables, "0.1.0")
    write_answers(root / "answers", hidden, release.content_hash)
    return Board(root, release, open_answers(root / "answers"), truth)


def _row(graph_id: str, task: str, split: str, rng: np.random.Generator, items: tuple[int, int]) -> dict[str, object]:
    size = int(rng.integers(*items, endpoint=True))
    num_nodes = size + 4
    row: dict[str, object] = {
        "graph_id": graph_id,
        "num_nodes": num_nodes,
        "node_feat": rng.integers(2, NUM_CLASSES, num_nodes).tolist(),
        "edge_index": [list(range(num_nodes - 1)), list(range(1, num_nodes))],
    }
    if task == "operator":
        truth = np.where(rng.random(size) < 0.4, MAJORITY, rng.integers(2, NUM_CLASSES, size)).astype(np.int32)
        row["mask_index"] = list(range(size))
    else:
        truth = np.arange(size, dtype=np.int32) % 2
        rng.shuffle(truth)
        row["pair_index"] = [list(range(size)), list(range(4, size + 4))]
    row["truth"] = truth
    row["y"] = [-1] * size if split == "test" else truth.tolist()
    return row


def _generation(
    rng: np.random.Generator, graphs: Mapping[str, int], items: tuple[int, int]
) -> dict[str, dict[str, pa.Table]]:
    """Both generation configs: trees of operators, most of which run.

    A training graph has a node of no class.
    """
    tables = {}
    for config in ("generation_w_attrs", "generation_wo_attrs"):
        tables[config] = {}
        for split in PUBLIC_SPLITS:
            rows = [
                {"graph_id": f"{split}-{index}", **_architecture(rng, int(rng.integers(*items)))}
                for index in range(graphs[split])
            ]
            rows[0]["node_feat"][0] = 0
            tables[config][split] = pa.Table.from_pylist(rows, schema=schema_of(config))
    return tables


def _architecture(rng: np.random.Generator, num_nodes: int) -> dict[str, object]:
    sources = [int(rng.integers(target)) for target in range(1, num_nodes)]
    return {
        "num_nodes": num_nodes,
        "node_feat": rng.integers(2, NUM_CLASSES, num_nodes).tolist(),
        "edge_index": [sources, list(range(1, num_nodes))],
    }


def _prediction(rng: np.random.Generator, graphs: Mapping[str, int]) -> tuple[dict[str, pa.Table], dict[str, float]]:
    """Config `prediction` with test rows, whose values are hidden.

    The value of every fifth other row is unknown.
    """
    tables, truth = {}, {}
    for split in SPLITS:
        rows = []
        for index in range(graphs[split]):
            graph_id = f"{900 + index:03d}" if split == "test" else f"{split}-{index}"
            row = _architecture(rng, 6)
            row["node_feat_w"] = row["node_feat_wo"] = row.pop("node_feat")
            value = int(rng.integers(1, 10**9))
            if split == "test":
                truth[graph_id] = float(value)
            known = split != "test" and index % 5 != 0
            rows.append({"graph_id": graph_id, **row, "parameters": 1000, "flops": value if known else None})
        tables[split] = pa.Table.from_pylist(rows, schema=schema_of("prediction"))
    return tables, truth


@pytest.fixture(scope="session")
def complete_board(tmp_path_factory: pytest.TempPathFactory) -> Board:
    """A release with rows of every task: nothing writes into it."""
    return make_release(tmp_path_factory.mktemp("complete"), complete=True)


@pytest.fixture(scope="session")
def board(tmp_path_factory: pytest.TempPathFactory) -> Board:
    """One release for all tests: nothing writes into it."""
    return make_release(tmp_path_factory.mktemp("board"))


@pytest.fixture
def noisy(board: Board) -> Callable[[str], dict[str, np.ndarray]]:
    """Predictions that are better than chance and worse than perfect, for a track."""

    def make(track: str) -> dict[str, np.ndarray]:
        rng = np.random.default_rng(11)
        rows = {}
        for graph_id, truth in board.truth[track].items():
            if track.startswith("operator"):
                rows[graph_id] = np.where(
                    rng.random(len(truth)) < 0.6, truth, rng.integers(2, NUM_CLASSES, len(truth))
                ).astype(np.int32)
            else:
                # multiples of 1/64, which every floating point width holds exactly; many are tied
                rows[graph_id] = (np.clip(truth * 0.3 + rng.random(len(truth)) * 0.7, 0, 1) * 64).round().astype(
                    np.float32
                ) / 64
        return rows

    return make


@pytest.fixture
def write_table(tmp_path: Path) -> Callable[..., Path]:
    """Write rows of any columns as `.parquet`, `.csv` or `.jsonl`, without the project's writer.

    It uses only pyarrow, csv and json; text goes unchanged into text files.
    """

    def write(suffix: str, schema: pa.Schema, rows: Iterable[Iterable[object]]) -> Path:
        path = tmp_path / f"predictions{suffix}"
        listed = [dict(zip(schema.names, row, strict=True)) for row in rows]
        if suffix == ".parquet":
            pq.write_table(pa.Table.from_pylist(listed, schema=schema), path)
        elif suffix == ".csv":
            with path.open("w", newline="", encoding="utf-8") as file:
                writer = csv.writer(file)
                writer.writerow(schema.names)
                writer.writerows(
                    [value if isinstance(value, str) else json.dumps(value) for value in row.values()] for row in listed
                )
        else:
            path.write_text("".join(json.dumps(row) + "\n" for row in listed), encoding="utf-8")
        return path

    return write


@pytest.fixture
def metadata(board: Board, tmp_path: Path) -> Callable[[str], Path]:
    """Writes a valid submission.yaml for a track."""

    def write(track: str) -> Path:
        path = tmp_path / "submission.yaml"
        write_metadata(path, SubmissionMetadata(track, board.release.content_hash, "GCN", "Example University"))
        return path

    return write


@pytest.fixture
def write_as(tmp_path: Path) -> Callable[..., Path]:
    """Write rows as `.parquet`, `.csv` or `.jsonl`, as a stranger would.

    It uses pyarrow, csv and json, not the project's writer.
    """

    def write(
        suffix: str, track: str, rows: Rows | Iterable[tuple[str, object]], value_type: pa.DataType | None = None
    ) -> Path:
        path = tmp_path / f"predictions{suffix}"
        items = list(rows.items()) if isinstance(rows, Mapping) else list(rows)
        column = "predictions" if track.startswith("operator") else "scores"
        lists = [
            (graph_id, values.tolist() if isinstance(values, np.ndarray) else values) for graph_id, values in items
        ]
        if suffix == ".parquet":
            kind = value_type or (pa.int32() if column == "predictions" else pa.float32())
            # numpy makes the element type: pyarrow has no conversion from Python floats to half
            # precision in every version
            arrays = pa.array(
                [None if values is None else np.array(values, kind.to_pandas_dtype()) for _, values in lists],
                pa.list_(kind),
            )
            pq.write_table(pa.table({"graph_id": [graph_id for graph_id, _ in lists], column: arrays}), path)
        elif suffix == ".csv":
            with path.open("w", newline="", encoding="utf-8") as file:
                writer = csv.writer(file)
                writer.writerow(["graph_id", column])
                writer.writerows([graph_id, json.dumps(values)] for graph_id, values in lists)
        else:
            lines = [json.dumps({"graph_id": graph_id, column: values}) for graph_id, values in lists]
            path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return write
