"""The leak check of the build: whether anything public shows a test row or its architecture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from younger_hf.dataset.architecture import Architecture
from younger_hf.dataset.build.groups import Grouping
from younger_hf.dataset.partition import Split
from younger_hf.task_types import PUBLIC_SPLITS
from younger_hf.dataset.tasks.operator import OperatorRows, Region
from younger_hf.errors import DatasetError
from younger_hf.graph.vocabulary import Signature


def check_leaks(
    architectures: Sequence[Architecture],
    grouping: Grouping,
    split: Split,
    regions_of: Mapping[str, Sequence[Region]],
    operator: Mapping[Signature, OperatorRows],
) -> None:
    """Raise an error unless test data is disjoint from everything public and from itself.

    Raises:
        DatasetError: If a group has members in two parts of the split; a test skeleton is public;
            an operator test row looks like a public one, whole or masked; or a test row shows a
            node that another one masks.
    """
    _check_groups(architectures, grouping, split)
    public = {a.skeleton_id for a in split.public}
    for architecture in split.operator_test + split.dataflow_test:
        if architecture.skeleton_id in public:
            raise _leak(f"the test architecture {architecture.graph_id} has the skeleton of a public one")
    for signature, rows in operator.items():
        known = [sample for name in PUBLIC_SPLITS for sample in rows.rows[name]]
        whole, masked = {s.whole_hash for s in known}, {s.masked_hash for s in known}
        for sample in rows.rows["test"]:
            if sample.whole_hash in whole or sample.masked_hash in masked:
                raise _leak(f"the operator test row {sample.graph_id} ({signature}) looks like a public one")
    for architecture in split.operator_test:
        _check_independent(regions_of[architecture.graph_id])


def _check_groups(architectures: Sequence[Architecture], grouping: Grouping, split: Split) -> None:
    group_of = {a.graph_id: number for a, number in zip(architectures, grouping.groups, strict=True)}
    part_of: dict[int, str] = {}
    for part, items in vars(split).items():
        for architecture in items:
            other = part_of.setdefault(group_of[architecture.graph_id], part)
            if other != part:
                raise _leak(
                    f"architecture {architecture.graph_id} of the part {part!r} shares a group with one of {other!r}"
                )


def _check_independent(regions: Sequence[Region]) -> None:
    hidden = {int(node) for region in regions for node in region.nodes[region.masked]}
    shown = {int(node) for region in regions for node in region.nodes[~region.masked]}
    if hidden & shown:
        raise _leak(f"test rows of architecture {regions[0].architecture.graph_id} show nodes that others mask")


def _leak(what: str) -> DatasetError:
    return DatasetError(
        f"The build leaks: {what}.", "This is a bug in younger-hf; please report it with the workspace's manifest."
    )
