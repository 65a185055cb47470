"""Training, validation and test architectures: whole groups, stratified by size, decided by a keyed hash."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from statistics import median

from younger_hf.dataset.architecture import Architecture
from younger_hf.dataset.build.groups import Grouping

WINDOW = 10
"""Consecutive groups by size of which one goes to validation, one to test and the others to training."""


@dataclass(frozen=True)
class Split:
    """Disjoint sets of architectures, each in the order of the dataset.

    Attributes:
        train: For training, in every public config.
        validation: For validation, in every public config.
        operator_test: For the operator task's test rows only.
        dataflow_test: For the data-flow task's test rows only.
    """

    train: tuple[Architecture, ...]
    validation: tuple[Architecture, ...]
    operator_test: tuple[Architecture, ...]
    dataflow_test: tuple[Architecture, ...]

    @property
    def public(self) -> tuple[Architecture, ...]:
        """Everything but the test architectures."""
        return self.train + self.validation


def keyed_order(secret: str, *parts: str) -> bytes:
    """32 bytes that order things in a way only the holder of the secret can foresee (HMAC-SHA256)."""
    return hmac.new(secret.encode(), "\0".join(parts).encode(), sha256).digest()


def split(architectures: Sequence[Architecture], grouping: Grouping, secret: str) -> Split:
    """Split 8 : 1 : 1 by group.

    Groups are sorted by the median size of their architectures; in every window of ten, the secret picks one for
    validation and one for test. Test groups go to the operator and the data-flow task in turn, so that neither task's
    rows answer the other's.

    Args:
        architectures: All architectures.
        grouping: Their groups.
        secret: The host's secret; the same secret and architectures give the same split, in whatever order they come.
    """
    members: dict[int, list[Architecture]] = {}
    for number, architecture in zip(grouping.groups, architectures, strict=True):
        members.setdefault(number, []).append(architecture)
    named = {min(a.graph_id for a in items): items for items in members.values()}
    by_size = sorted(named, key=lambda name: (median(a.dag.num_nodes for a in named[name]), name))
    parts: dict[str, list[Architecture]] = {"train": [], "validation": [], "operator": [], "dataflow": []}
    tests = 0
    for start in range(0, len(by_size), WINDOW):
        window = sorted(by_size[start : start + WINDOW], key=lambda name: keyed_order(secret, "split", name))
        chosen = len(window) >= WINDOW // 2  # a short last window would give too large a share away
        for position, name in enumerate(window):
            if chosen and position == 0:
                part = ("operator", "dataflow")[tests % 2]
                tests += 1
            else:
                part = "validation" if chosen and position == 1 else "train"
            parts[part].extend(named[name])
    ordered = {part: tuple(sorted(items, key=lambda a: a.graph_id)) for part, items in parts.items()}
    return Split(ordered["train"], ordered["validation"], ordered["operator"], ordered["dataflow"])
