"""Attacks on what test rows show themselves: answers, held-out edges, names."""

from __future__ import annotations

from collections import Counter

from younger_hf.dataset.audit.guesses import Guesses, no_guesses
from younger_hf.dataset.audit.public_view import Public
from younger_hf.dataset.schema import UNKNOWN_LABEL
from younger_hf.graph.vocabulary import MASK
from younger_hf.task_types import GRAPH_ID, PUBLIC_SPLITS
from younger_hf.tasks import task_of


def labels(public: Public, track: str) -> Guesses:
    """Test rows whose `y` is not -1 everywhere, or whose targets are not masked.

    A leak: that is the answer.
    """
    rows = public.rows(track, "test")
    values = no_guesses(rows)
    for row, value in zip(rows, values, strict=True):
        if task_of(track).predicts == "class":
            shown = row.node_feat[row.targets]
            value[shown != MASK] = shown[shown != MASK]
        value[row.y != UNKNOWN_LABEL] = row.y[row.y != UNKNOWN_LABEL]
    return Guesses(tuple(values))


def held_out_edges(public: Public, track: str) -> Guesses:
    """Pairs to predict that also pass messages in the same row.

    A leak: the row shows that there is a data flow.
    """
    rows = public.rows(track, "test")
    values = no_guesses(rows)
    for row, value in zip(rows, values, strict=True):
        edges = row.edges
        value[[pair in edges for pair in zip(*row.targets.tolist(), strict=True)]] = 1
    return Guesses(tuple(values))


def names(public: Public, track: str) -> Guesses:
    """Ids of test rows that repeat or occur elsewhere, and sizes that differ from the row's.

    Elsewhere is anything public and the rows of other tasks.

    A leak: the id of a public row or architecture reveals the origin of the test row.
    """
    rows = public.rows(track, "test")
    ids = [row.graph_id for row in rows]
    taken = _public_ids(public)
    task = task_of(track).name
    others = {
        row.graph_id: task_of(other).name
        for other in public.tracks
        if task_of(other).name != task
        for row in public.rows(other, "test")
    }
    found = [f"test row {name} has the id of something public" for name in ids if taken & {name, name.split("-")[0]}]
    found += [f"test row {name} has the id of a test row of the task {others[name]}" for name in ids if name in others]
    found += [f"{count} test rows have the id {name}" for name, count in Counter(ids).items() if count > 1]
    found += [
        f"test row {row.graph_id} claims {row.num_nodes} nodes and has {len(row.node_feat)}"
        for row in rows
        if row.num_nodes != len(row.node_feat)
    ]
    return Guesses(tuple(no_guesses(rows)), tuple(found))


def _public_ids(public: Public) -> set[str]:
    taken: set[str] = set()
    release = public.release
    for config, splits in release.configs.items():
        for split in splits.keys() & set(PUBLIC_SPLITS) if not config.startswith("vocabulary") else ():
            columns = [GRAPH_ID, "skeleton_id"] if config == "architectures" else [GRAPH_ID]
            table = release.table(config, split, columns)
            for column in columns:
                taken.update(table[column].to_pylist())
    return taken
