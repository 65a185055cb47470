from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from tests.dataset.built import SECRET
from tests.dataset.models import architectures, chain, models
from younger_hf.dataset.architecture import Architecture
from younger_hf.dataset.build.deduplicate import deduplicate
from younger_hf.dataset.build.groups import Grouping, group
from younger_hf.dataset.build.leak_check import check_leaks
from younger_hf.task_types import SIGNATURES
from younger_hf.dataset.build.split import split
from younger_hf.dataset.partition import Split
from younger_hf.dataset.tasks.operator import OperatorRows, OperatorSample, Region, independent, operator_rows, regions
from younger_hf.dataset.build.build_vocabulary import build_vocabulary
from younger_hf.errors import DatasetError
from younger_hf.graph.vocabulary import Signature


@dataclass(frozen=True)
class State:
    """What a build holds when it checks for leaks."""

    architectures: tuple[Architecture, ...]
    grouping: Grouping
    split: Split
    regions_of: dict[str, list[Region]]
    operator: dict[Signature, OperatorRows]

    def check(self) -> None:
        check_leaks(*vars(self).values())


@pytest.fixture(scope="module")
def clean() -> State:
    items = deduplicate(models()).architectures
    grouping = group(items)
    parts = split(items, grouping, SECRET)
    regions_of = {a.graph_id: regions(a) for a in parts.public}
    regions_of |= {a.graph_id: independent(regions(a), SECRET) for a in parts.operator_test}
    vocabularies = {kind: build_vocabulary(parts.train, kind)[0] for kind in SIGNATURES}
    rows = {kind: operator_rows(parts, regions_of, vocabularies[kind], SECRET) for kind in SIGNATURES}
    return State(items, grouping, parts, regions_of, rows)


def plant(state: State, kind: Signature, into: str, sample: OperatorSample) -> State:
    """The state with one more row in a split of the operator task."""
    rows = state.operator[kind]
    more = {**rows.rows, into: (*rows.rows[into], sample)}
    return replace(state, operator={**state.operator, kind: replace(rows, rows=more)})


def test_a_clean_build_passes(clean: State) -> None:
    clean.check()


@pytest.mark.parametrize("part", ["validation", "operator_test", "dataflow_test"])
def test_a_group_in_two_parts_is_found(clean: State, part: str) -> None:
    position = {a.graph_id: i for i, a in enumerate(clean.architectures)}
    one, other = clean.split.train[0], getattr(clean.split, part)[0]
    numbers = list(clean.grouping.groups)
    numbers[position[one.graph_id]] = numbers[position[other.graph_id]]
    with pytest.raises(DatasetError, match=f"{other.graph_id}.*shares a group"):
        replace(clean, grouping=replace(clean.grouping, groups=tuple(numbers))).check()


def test_an_architecture_in_two_parts_is_found(clean: State) -> None:
    twice = replace(clean.split, dataflow_test=clean.split.dataflow_test + clean.split.operator_test[:1])
    with pytest.raises(DatasetError, match="shares a group"):
        replace(clean, split=twice).check()


@pytest.mark.parametrize("public", ["train", "validation"])
@pytest.mark.parametrize("part", ["operator_test", "dataflow_test"])
def test_a_test_skeleton_that_is_public_is_found(clean: State, part: str, public: str) -> None:
    """The two differ in an attribute alone, and grouping has failed to see it."""
    shown, tested = architectures(chain("Softmax", "Abs", axis=0), chain("Softmax", "Abs", axis=1))
    parts = replace(
        clean.split,
        **{public: (*getattr(clean.split, public), shown), part: (*getattr(clean.split, part), tested)},
    )
    grouping = replace(clean.grouping, groups=(*clean.grouping.groups, 1001, 1002))
    regions_of = {**clean.regions_of, shown.graph_id: [], tested.graph_id: []}
    leaking = replace(
        clean,
        architectures=(*clean.architectures, shown, tested),
        grouping=grouping,
        split=parts,
        regions_of=regions_of,
    )
    with pytest.raises(DatasetError, match=f"{tested.graph_id} has the skeleton of a public one"):
        leaking.check()


@pytest.mark.parametrize("kind", SIGNATURES)
@pytest.mark.parametrize("public", ["train", "validation"])
def test_a_test_row_that_is_also_public_is_found(clean: State, kind: Signature, public: str) -> None:
    tested = clean.operator[kind].rows["test"][0]
    with pytest.raises(DatasetError, match=f"{tested.graph_id}.*looks like a public one"):
        plant(clean, kind, public, replace(tested, graph_id="public")).check()


@pytest.mark.parametrize("kind", SIGNATURES)
def test_a_test_row_that_looks_like_a_public_one_with_other_answers_is_found(clean: State, kind: Signature) -> None:
    public = clean.operator[kind].rows["train"][0]
    masked_alike = replace(public, graph_id="tested", y=public.y + 1)
    assert public.whole_hash != masked_alike.whole_hash
    with pytest.raises(DatasetError, match=r"tested.*looks like a public one"):
        plant(clean, kind, "test", masked_alike).check()


@pytest.mark.parametrize("kind", SIGNATURES)
def test_a_renumbered_public_row_is_found(clean: State, kind: Signature) -> None:
    public = max(clean.operator[kind].rows["train"], key=lambda sample: len(sample.node_feat))
    order = np.random.default_rng(0).permutation(len(public.node_feat))
    position = np.argsort(order).astype(np.int32)
    targets = np.argsort(position[public.mask_index])
    renumbered = OperatorSample(
        "tested",
        public.node_feat[order],
        position[public.edge_index],
        position[public.mask_index][targets],
        public.y[targets],
    )
    with pytest.raises(DatasetError, match=r"tested.*looks like a public one"):
        plant(clean, kind, "test", renumbered).check()


def test_a_region_that_shows_the_masked_operators_of_another_is_found(clean: State) -> None:
    architecture = max(clean.split.operator_test, key=lambda a: len(regions(a)))
    everything = {**clean.regions_of, architecture.graph_id: regions(architecture)}
    with pytest.raises(DatasetError, match=f"{architecture.graph_id} show nodes that others mask"):
        replace(clean, regions_of=everything).check()
