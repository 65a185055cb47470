"""Training, validation and test architectures.

Groups are kept whole, stratified by size, and chosen by a keyed hash.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from statistics import median

from younger_hf.dataset.architecture import Architecture
from younger_hf.dataset.build.groups import Grouping
from younger_hf.dataset.partition import Split, keyed_order

WINDOW = 10
"""Number of consecutive groups by size among which the splits are divided.

One goes to validation, one to test and the others to training.
"""


def split(architectures: Sequence[Architecture], grouping: Grouping, secret: str) -> Split:
    """Split 8 : 1 : 1 by group.

    Groups are sorted by the median size of their architectures; in every window of ten, the secret
    picks one for validation and one for test. Test groups go to the operator and the data-flow task
    in turn, so that neither task's rows answer the other's.

    Args:
        architectures: All architectures.
        grouping: Their groups.
        secret: The host's secret; the same secret and architectures give the same split in
            whatever order they come.
    """
    members: dict[int, list[Architecture]] = defaultdict(list)
    for number, architecture in zip(grouping.groups, architectures, strict=True):
        members[number].append(architecture)
    named = {min(a.graph_id for a in items): items for items in members.values()}
    by_size = sorted(named, key=lambda name: (median(a.dag.num_nodes for a in named[name]), name))
    parts: dict[str, list[Architecture]] = {"train": [], "validation": [], "operator": [], "dataflow": []}
    tests = 0
    for start in range(0, len(by_size), WINDOW):
        window = sorted(by_size[start : start + WINDOW], key=lambda name: keyed_order(secret, "split", name))
        chosen = len(window) >= WINDOW // 2  # a short last window would give up too large a share
        for position, name in enumerate(window):
            if chosen and position == 0:
                part = ("operator", "dataflow")[tests % 2]
                tests += 1
            else:
                part = "validation" if chosen and position == 1 else "train"
            parts[part].extend(named[name])
    return Split(*(tuple(sorted(items, key=lambda a: a.graph_id)) for items in parts.values()))
