"""A release as rows that can be changed, to plant leaks into it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from tests.dataset.built import VERSION, Built
from younger_hf.dataset.audit.public_view import Public
from younger_hf.dataset.audit.report import AuditReport, audit
from younger_hf.dataset.build.card import write_card
from younger_hf.dataset.build.write_files import write_answers, write_release
from younger_hf.dataset.read.release import Answers, Release, open_answers
from younger_hf.dataset.schema import UNKNOWN_LABEL, schema_of
from younger_hf.dataset.tasks.region_lookup import embedded_rows, independent_rows
from younger_hf.task_types import SIGNATURES
from younger_hf.tasks import ANSWER_SCHEMA, TRACKS

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class State:
    """All rows of a release: config -> split -> rows.

    The test rows of tracks include their answers.
    """

    rows: dict[str, dict[str, Rows]]

    def copy(self) -> State:
        return copy.deepcopy(self)

    def edited(self, config: str, split: str, edit: Callable[[Rows], Rows]) -> State:
        """The state with other rows in one split."""
        changed = self.copy()
        changed.rows[config][split] = edit(changed.rows[config][split])
        return changed

    def write(self, folder: Path) -> tuple[Release, Answers]:
        """The files of a build, answers hidden but in rows with a true `shown`."""
        tables: dict[str, dict[str, pa.Table]] = {}
        for config, splits in self.rows.items():
            tables[config] = {}
            for split, rows in splits.items():
                if config in TRACKS and split == "test":
                    rows = [r if r.get("shown") else {**r, "y": [UNKNOWN_LABEL] * len(r["y"])} for r in rows]
                tables[config][split] = pa.Table.from_pylist(rows, schema=schema_of(config))
        release = write_release(folder / "younger", tables, VERSION)
        hidden = {
            track: pa.Table.from_pylist(
                [{"graph_id": r["graph_id"], "y": r["y"]} for r in self.rows[track]["test"]], schema=ANSWER_SCHEMA
            )
            for track in TRACKS
        }
        write_answers(folder / "younger-answers", hidden, release.content_hash)
        write_card(release)
        return release, open_answers(folder / "younger-answers")

    def audit(self, folder: Path) -> AuditReport:
        return audit(*self.write(folder))


def state_of(built: Built) -> State:
    """A built release without the operator test rows that can be looked up.

    They could be found in architectures or in each other.
    """
    release = built.release
    rows = {
        config: {split: release.table(config, split).to_pylist() for split in splits}
        for config, splits in release.files.items()
    }
    for track in TRACKS:
        answers = {row["graph_id"]: row["y"] for row in built.answers.table(track).to_pylist()}
        rows[track]["test"] = [{**row, "y": answers[row["graph_id"]]} for row in rows[track]["test"]]
    public = Public(release)
    gone: set[str] = set()
    for signature in SIGNATURES:
        track = f"operator_{signature}"
        tested = public.rows(track, "test")
        patterns = [row.pattern for row in tested]
        keep = ~embedded_rows(public.architectures(track), patterns) & independent_rows(patterns)
        gone |= {row.graph_id for row, kept in zip(tested, keep, strict=True) if not kept}
    for signature in SIGNATURES:
        tests = rows[f"operator_{signature}"]
        tests["test"] = [row for row in tests["test"] if row["graph_id"] not in gone]
    return State(rows)


def renumbered(row: dict[str, Any], seed: int, **changes: Any) -> dict[str, Any]:
    """A row of a scored task with its nodes, edges and targets in another order."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(row["num_nodes"])
    position = np.argsort(order)
    edges = position[np.array(row["edge_index"])]
    new = {
        **row,
        "node_feat": np.array(row["node_feat"])[order].tolist(),
        "edge_index": edges[:, rng.permutation(edges.shape[1])].tolist(),
    }
    name = "mask_index" if "mask_index" in row else "pair_index"
    targets = position[np.array(row[name], dtype=np.int64)]
    shuffled = np.argsort(targets) if name == "mask_index" else rng.permutation(targets.shape[1])
    new[name] = targets[..., shuffled].tolist()
    new["y"] = np.array(row["y"], dtype=np.int64)[shuffled].tolist()
    return {**new, **changes}


def whole(row: dict[str, Any]) -> list[int]:
    """Classes of an operator row with its answers filled in."""
    feat = list(row["node_feat"])
    for node, label in zip(row["mask_index"], row["y"], strict=True):
        feat[node] = label
    return feat


def random_row(graph_id: str, rng: np.random.Generator, classes: int, labels: list[int]) -> dict[str, Any]:
    """An operator row of ten nodes, two of them masked and unrelated to the others."""
    edges = sorted({(int(rng.integers(node)), node) for node in range(1, 10) for _ in range(2)})
    targets = sorted(rng.choice(10, size=len(labels), replace=False).tolist())
    feat = rng.integers(2, classes, size=10)
    feat[targets] = 1
    return {
        "graph_id": graph_id,
        "num_nodes": 10,
        "node_feat": feat.tolist(),
        "edge_index": [list(side) for side in zip(*edges, strict=True)],
        "mask_index": targets,
        "y": rng.permutation(labels).tolist(),
    }
