"""Small real boards: a release with answers, submission files, and stores of scored systems."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from leaderboard.board import Board, open_board
from leaderboard.settings import Settings
from leaderboard.store.records import NewSubmission, Outcome, Submission
from younger_hf.dataset.build.write_files import write_answers, write_release
from younger_hf.dataset.read.release import Release
from younger_hf.dataset.schema import schema_of
from younger_hf.tasks import TRACKS, task_of

GRAPHS = 12
CLASSES = 80_000
"""So many that the id of a hidden class is a number that stands nowhere else."""
FIRST_HIDDEN_CLASS = 70_001


@dataclass(frozen=True)
class Dataset:
    """A written release and, for the tests only, what its answers hold.

    Attributes:
        release: The release as it was written.
        answers: The folder with the answers.
        labels: track -> graph_id -> hidden labels.
    """

    release: Release
    answers: Path
    labels: Mapping[str, Mapping[str, list[int]]]


def write_dataset(root: Path, seed: int = 0) -> Dataset:
    """Write a release with four tracks of twelve test graphs each, and its answers beside it."""
    rng = np.random.default_rng(seed)
    tables: dict[str, dict[str, pa.Table]] = {}
    labels: dict[str, dict[str, list[int]]] = {}
    for track in TRACKS:
        rows, labels[track] = [], {}
        for index in range(GRAPHS):
            name, nodes, asked = f"{track}-{index:03d}", 8 + index, 2 + 2 * (index % 3)
            row: dict[str, object] = {
                "graph_id": name,
                "num_nodes": nodes,
                "node_feat": rng.integers(2, 50, nodes).tolist(),
                "edge_index": [list(range(nodes - 1)), list(range(1, nodes))],
                "y": [-1] * asked,
            }
            if task_of(track).name == "operator":
                row["mask_index"] = list(range(asked))
                labels[track][name] = rng.integers(FIRST_HIDDEN_CLASS, CLASSES, asked).tolist()
            else:
                row["pair_index"] = [list(range(asked)), list(range(2, asked + 2))]
                labels[track][name] = [1, 0] * (asked // 2)
            rows.append(row)
        test = pa.Table.from_pylist(rows, schema=schema_of(track))
        tables[track] = {"test": test}
    vocabulary = pa.table(
        {
            "id": range(CLASSES),
            "domain": [""] * CLASSES,
            "op_type": ["UNK", "MASK", *(f"Operator{number}" for number in range(2, CLASSES))],
            "attributes": ["{}"] * CLASSES,
            "count": [1] * CLASSES,
        },
        schema=schema_of("vocabulary_w_attrs"),
    )
    tables["vocabulary_w_attrs"] = tables["vocabulary_wo_attrs"] = {"train": vocabulary}
    release = write_release(root / "younger", tables, "0.1.0")
    answers = root / "younger-answers"
    hidden = {
        track: pa.table({"graph_id": list(of_track), "y": list(of_track.values())})
        for track, of_track in labels.items()
    }
    write_answers(answers, hidden, release.content_hash)
    return Dataset(release, answers, labels)


def open_test_board(dataset: Dataset, folder: Path, **changes: object) -> Board:
    """A board of its own in a folder."""
    settings = Settings(dataset=dataset.release.root, answers=dataset.answers, board=folder, **changes)  # type: ignore[arg-type]
    return open_board(settings)


def write_submission(
    folder: Path,
    dataset: Dataset,
    track: str,
    share_right: float,
    system: str = "GCN",
    seed: int = 1,
    **metadata: object,
) -> tuple[Path, Path]:
    """Write a valid submission that has about a share of the labels right.

    Returns:
        The predictions file and `submission.yaml`.
    """
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    column = "predictions" if task_of(track).name == "operator" else "scores"
    values = [[_guess(track, label, rng, share_right) for label in labels] for labels in dataset.labels[track].values()]
    kind = pa.int32() if column == "predictions" else pa.float32()
    predictions = pa.table({"graph_id": list(dataset.labels[track]), column: pa.array(values, pa.list_(kind))})
    pq.write_table(predictions, folder / "predictions.parquet")
    described = {
        "track": track,
        "dataset_version": dataset.release.content_hash,
        "system": system,
        "team": "Test team",
        "contact": "test@example.org",
        "parameters": 123_456,
        **metadata,
    }
    (folder / "submission.yaml").write_text(yaml.safe_dump(described, allow_unicode=True), encoding="utf-8")
    return folder / "predictions.parquet", folder / "submission.yaml"


def _guess(track: str, label: int, rng: np.random.Generator, share_right: float) -> float:
    right = rng.random() < share_right
    if task_of(track).name == "operator":
        return label if right else 2
    return rng.random() / 2 + (0.5 if bool(label) == right else 0.0)


def new_submission(
    content_hash: str, track: str = "operator_w_attrs", system: str = "GCN", team: str = "Test team", **changes: object
) -> NewSubmission:
    """A submission as `intake` hands it to the store."""
    submission_id = uuid.uuid4().hex
    fields: dict[str, object] = {
        "id": submission_id,
        "track": track,
        "content_hash": content_hash,
        "system": system,
        "team": team,
        "parameters": 123_456,
        "code_url": "",
        "paper_url": "",
        "details": {"contact": "test@example.org"},
        "file_path": f"{submission_id}/predictions.parquet",
        "file_bytes": 4,
        "file_sha256": hashlib.sha256(b"test").hexdigest(),
    }
    return NewSubmission(**{**fields, **changes})  # type: ignore[arg-type]


def add_scored(board: Board, track: str, values: Sequence[float], **changes: object) -> Submission:
    """Put a scored submission into a board's store, with the metrics of the track's task."""
    from leaderboard.store.standings import metrics_of

    board.store.add(new_submission(board.release.content_hash, track, **changes))  # type: ignore[arg-type]
    claimed = board.store.claim()
    if claimed is None:
        raise RuntimeError("another worker took the submission of a test")
    metrics = {metric.name: value for metric, value in zip(metrics_of(track), values, strict=True)}
    board.store.finish(claimed, Outcome("scored", metrics=metrics))
    scored = board.store.get(claimed.id)
    if scored is None:
        raise RuntimeError("a scored submission is gone")
    return scored
