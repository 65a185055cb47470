"""Each attack, planted into a release without leaks: the audit must fail and name the attack."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest

from tests.dataset.audit.planting import Rows, State, random_row, renumbered, whole
from younger_hf.dataset.audit.report import AuditReport
from younger_hf.task_types import SIGNATURES
from younger_hf.tasks import TRACKS

OPERATOR = tuple(f"operator_{signature}" for signature in SIGNATURES)
DATAFLOW = tuple(f"dataflow_{signature}" for signature in SIGNATURES)
Plant = Callable[[State, str], State]


def other(track: str) -> str:
    task, signature = track.split("_", 1)
    return f"{task}_{next(s for s in SIGNATURES if s != signature)}"


def row_in_train(state: State, track: str) -> State:
    copied = renumbered(state.rows[track]["test"][0], 1, graph_id="copy")
    return state.edited(track, "train", lambda rows: [*rows, copied])


def row_in_validation_architecture(state: State, track: str) -> State:
    """The whole region, and one more operator behind each masked one."""
    row = max(state.rows[track]["test"], key=lambda row: row["num_nodes"])
    count, targets = row["num_nodes"], row["mask_index"]
    sources, ends = row["edge_index"]
    more = list(range(count, count + len(targets)))
    name = "node_feat_w" if track.endswith("_w_attrs") else "node_feat_wo"
    known = state.rows["architectures"]["validation"][0]
    planted = {
        **known,
        "graph_id": "planted",
        "num_nodes": count + len(more),
        "node_feat_w": [2] * (count + len(more)),
        "node_feat_wo": [2] * (count + len(more)),
        "edge_index": [[*sources, *targets], [*ends, *more]],
        name: whole(row) + [2] * len(more),
    }
    return state.edited("architectures", "validation", lambda rows: [*rows, planted])


def row_in_train_architecture_renamed(state: State, track: str) -> State:
    """The region as the whole of an architecture, its nodes in another order."""
    row = renumbered(state.rows[track]["test"][0], 2)
    name = "node_feat_w" if track.endswith("_w_attrs") else "node_feat_wo"
    known = state.rows["architectures"]["train"][0]
    planted = {**known, "graph_id": "planted", "num_nodes": row["num_nodes"], "edge_index": row["edge_index"]}
    planted |= {"node_feat_w": [2] * row["num_nodes"], "node_feat_wo": [2] * row["num_nodes"], name: whole(row)}
    return state.edited("architectures", "train", lambda rows: [*rows, planted])


def unmasked(row: dict[str, Any]) -> dict[str, Any]:
    """A row that shows its first target."""
    feat = list(row["node_feat"])
    feat[row["mask_index"][0]] = row["y"][0]
    return {**row, "node_feat": feat, "mask_index": row["mask_index"][1:], "y": row["y"][1:]}


def masks_differ(state: State, track: str) -> State:
    return state.edited(other(track), "test", lambda rows: [unmasked(row) for row in rows])


def masks_differ_under_other_names(state: State, track: str) -> State:
    def edit(rows: Rows) -> Rows:
        return [renumbered(unmasked(row), 3, graph_id=f"{number:032x}") for number, row in enumerate(rows)]

    return state.edited(other(track), "test", edit)


def first_positive_shown(row: dict[str, Any]) -> dict[str, Any]:
    place = row["y"].index(1)
    pair = [side[place] for side in row["pair_index"]]
    return {
        **row,
        "edge_index": [[*side, node] for side, node in zip(row["edge_index"], pair, strict=True)],
        "pair_index": [[*side[:place], *side[place + 1 :]] for side in row["pair_index"]],
        "y": [*row["y"][:place], *row["y"][place + 1 :]],
    }


def held_out_edge_in_other_signature(state: State, track: str) -> State:
    return state.edited(other(track), "test", lambda rows: [first_positive_shown(row) for row in rows])


def held_out_edge_under_another_name(state: State, track: str) -> State:
    def edit(rows: Rows) -> Rows:
        return [{**first_positive_shown(row), "graph_id": f"{number:032x}"} for number, row in enumerate(rows)]

    return state.edited(other(track), "test", edit)


def held_out_edge_in_the_row(state: State, track: str) -> State:
    def edit(rows: Rows) -> Rows:
        first = {**rows[0], "edge_index": first_positive_shown(rows[0])["edge_index"]}
        return [first, *rows[1:]]

    return state.edited(track, "test", edit)


def part_of_an_architecture(state: State, track: str) -> State:
    """The data-flow row's whole architecture among the public ones."""
    row = state.rows[track]["test"][0]
    name = "node_feat_w" if track.endswith("_w_attrs") else "node_feat_wo"
    positives = [[n for n, y in zip(side, row["y"], strict=True) if y] for side in row["pair_index"]]
    known = state.rows["architectures"]["train"][0]
    planted = {**known, "graph_id": "planted", "num_nodes": row["num_nodes"]}
    planted |= {"node_feat_w": [2] * row["num_nodes"], "node_feat_wo": [2] * row["num_nodes"]}
    planted |= {name: row["node_feat"]}
    planted |= {"edge_index": [a + b for a, b in zip(row["edge_index"], positives, strict=True)]}
    return state.edited("architectures", "train", lambda rows: [*rows, planted])


def label_left(state: State, track: str) -> State:
    return state.edited(track, "test", lambda rows: [{**rows[0], "shown": True}, *rows[1:]])


def target_not_masked(state: State, track: str) -> State:
    def edit(rows: Rows) -> Rows:
        return [{**rows[0], "node_feat": whole(rows[0])}, *rows[1:]]

    return state.edited(track, "test", edit)


def id_of_an_architecture(state: State, track: str) -> State:
    name = state.rows["architectures"]["train"][0]["skeleton_id"]
    return state.edited(track, "test", lambda rows: [{**rows[0], "graph_id": f"{name}-c3"}, *rows[1:]])


def wrong_size(state: State, track: str) -> State:
    return state.edited(track, "test", lambda rows: [{**rows[0], "num_nodes": 1}, *rows[1:]])


def shown_by_another_row(state: State, track: str) -> State:
    """A second test row that shows all of a first one, and masks an operator behind it."""
    row = max(state.rows[track]["test"], key=lambda row: row["num_nodes"])
    sources, ends = row["edge_index"]
    count = row["num_nodes"]
    more = {
        "graph_id": "f" * 32,
        "num_nodes": count + 1,
        "node_feat": [*whole(row), 1],
        "edge_index": [[*sources, row["mask_index"][0]], [*ends, count]],
        "mask_index": [count],
        "y": [2],
    }
    return state.edited(track, "test", lambda rows: [*rows, more])


def in_a_dataflow_row(state: State, track: str) -> State:
    """A data-flow test row that is an operator test row, every fifth edge held out."""
    row = max(state.rows[track]["test"], key=lambda row: row["num_nodes"])
    edges = np.array(row["edge_index"])
    held = np.arange(edges.shape[1]) % 5 == 0
    planted = {
        "graph_id": "e" * 32,
        "num_nodes": row["num_nodes"],
        "node_feat": whole(row),
        "edge_index": edges[:, ~held].tolist(),
        "pair_index": np.concatenate([edges[:, held], edges[::-1, held]], axis=1).tolist(),
        "y": [1] * int(held.sum()) + [0] * int(held.sum()),
    }
    return state.edited(f"dataflow_{track.split('_', 1)[1]}", "test", lambda rows: [*rows, planted])


def operator_row_for_pairs(state: State, track: str) -> State:
    return in_a_dataflow_row(state, f"operator_{track.split('_', 1)[1]}")


def positives_first(state: State, track: str) -> State:
    def edit(rows: Rows) -> Rows:
        changed = []
        for row in rows:
            order = np.argsort(-np.array(row["y"]), kind="stable")
            pairs = np.array(row["pair_index"])[:, order].tolist()
            changed.append({**row, "pair_index": pairs, "y": np.array(row["y"])[order].tolist()})
        return changed

    return state.edited(track, "validation", edit).edited(track, "test", edit)


def many(state: State, track: str, change: Callable[[Rows], Rows]) -> State:
    """300 random operator rows in validation and test, changed as a build with a defect would."""
    classes = len(state.rows[f"vocabulary_{track.split('_', 1)[1]}"]["train"])

    def edit(split: str) -> Callable[[Rows], Rows]:
        def made(_: Rows) -> Rows:
            rng = np.random.default_rng([SPLIT_SEEDS[split]])
            labels = rng.choice([2, 3, 4], p=[0.5, 0.3, 0.2], size=300)
            rows = [
                random_row(rng.bytes(16).hex(), rng, classes, [int(label), int(rng.choice([5, 6]))]) for label in labels
            ]
            return change(rows)

        return made

    return state.edited(track, "validation", edit("validation")).edited(track, "test", edit("test"))


SPLIT_SEEDS = {"validation": 1, "test": 2}


def rows_by_label(state: State, track: str) -> State:
    return many(state, track, lambda rows: sorted(rows, key=lambda row: sorted(row["y"])))


def ids_by_label(state: State, track: str) -> State:
    """The ids sort as the answers do, the file does not."""

    def change(rows: Rows) -> Rows:
        names = sorted(row["graph_id"] for row in rows)
        named = [
            {**row, "graph_id": name}
            for name, row in zip(names, sorted(rows, key=lambda row: sorted(row["y"])), strict=True)
        ]
        return [named[i] for i in np.random.default_rng(0).permutation(len(named))]

    return many(state, track, change)


def targets_by_label(state: State, track: str) -> State:
    def change(rows: Rows) -> Rows:
        changed = []
        for row in rows:
            order = np.argsort(row["y"])
            targets = np.array(row["mask_index"])[order].tolist()
            changed.append({**row, "mask_index": targets, "y": sorted(row["y"])})
        return changed

    return many(state, track, change)


def nodes_in_order_of_the_file(state: State, track: str) -> State:
    """Data flows run from low to high numbers, as in a model's file.

    Training rows stand for validation and test rows.
    """
    rows = [in_topological_order(row) for row in state.rows[track]["train"]]
    tested = [{**row, "graph_id": f"{number:032x}"} for number, row in enumerate(rows[::2])]
    return state.edited(track, "validation", lambda _: rows[1::2]).edited(track, "test", lambda _: tested)


def in_topological_order(row: dict[str, Any]) -> dict[str, Any]:
    edges = {*zip(*row["edge_index"], strict=True)}
    edges |= {p for p, y in zip(zip(*row["pair_index"], strict=True), row["y"], strict=True) if y}
    order = [*nx.dfs_postorder_nodes(nx.DiGraph(sorted(edges)))][::-1]  # depth first, as exporters write
    order += sorted(set(range(row["num_nodes"])) - set(order))
    position = np.argsort(order)
    new = {name: position[np.array(row[name])].tolist() for name in ("edge_index", "pair_index")}
    return {**row, **new, "node_feat": np.array(row["node_feat"])[order].tolist()}


PLANTS: list[tuple[Plant, str, tuple[str, ...]]] = [
    (row_in_train, "isomorphic rows", TRACKS),
    (part_of_an_architecture, "isomorphic rows", DATAFLOW),
    (row_in_validation_architecture, "in architectures", OPERATOR),
    (row_in_train_architecture_renamed, "in architectures", OPERATOR),
    (masks_differ, "other signature", OPERATOR),
    (masks_differ_under_other_names, "other signature", OPERATOR),
    (held_out_edge_in_other_signature, "other signature", DATAFLOW),
    (held_out_edge_under_another_name, "other signature", DATAFLOW),
    (held_out_edge_in_the_row, "held-out edges", DATAFLOW),
    (label_left, "labels", TRACKS),
    (label_left, "footers", TRACKS),
    (target_not_masked, "labels", OPERATOR),
    (id_of_an_architecture, "names", TRACKS),
    (wrong_size, "names", TRACKS),
    (shown_by_another_row, "each other", OPERATOR),
    (in_a_dataflow_row, "in data-flow rows", OPERATOR),
    (operator_row_for_pairs, "in operator rows", DATAFLOW),
    (positives_first, "pair order", DATAFLOW),
    (nodes_in_order_of_the_file, "node numbers", DATAFLOW),
    (rows_by_label, "row order", OPERATOR),
    (ids_by_label, "graph_id", OPERATOR),
    (targets_by_label, "target order", OPERATOR),
]


def leaks(report: AuditReport) -> set[tuple[str, str]]:
    return {(leak.channel, leak.track) for leak in report.leaks}


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("plant", "channel", "track"),
    [(plant, channel, track) for plant, channel, tracks in PLANTS for track in tracks],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_a_planted_leak_is_named(clean: State, tmp_path: Path, plant: Plant, channel: str, track: str) -> None:
    assert (channel, track) in leaks(plant(clean, track).audit(tmp_path))


@pytest.mark.heavy
def test_without_a_plant_there_is_no_leak(clean: State, tmp_path: Path) -> None:
    report = clean.audit(tmp_path)
    assert set() == leaks(report)
    assert report.measured
    assert {0} == {result.answered for result in report.results if result.kind in ("exact", "embedded")}
    assert {True} == {any(result.track == track for result in report.results) for track in TRACKS}


@pytest.mark.heavy
@pytest.mark.parametrize("track", OPERATOR)
def test_random_rows_in_random_order_are_no_leak(clean: State, tmp_path: Path, track: str) -> None:
    """What `rows_by_label` and its like plant into is clean itself."""
    assert set() == {leak for leak in leaks(many(clean, track, list).audit(tmp_path)) if leak[1] == track}
