"""Test regions stay only if neither public architectures nor other test rows answer them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from tests.dataset.models import architectures, chain, models
from younger_hf import Dag
from younger_hf.dataset.architecture import Architecture
from younger_hf.dataset.build.build_vocabulary import build_vocabulary
from younger_hf.dataset.partition import Split
from younger_hf.dataset.tasks.dataflow import hold_out, operator_pairs
from younger_hf.dataset.tasks.novel import novel_regions, without_answered
from younger_hf.dataset.tasks.operator import OperatorRows, OperatorSample, Region, operator_rows, regions, sample_of
from younger_hf.dataset.tasks.region_lookup import embedded_rows
from younger_hf.graph.identity.search_pattern import Pattern
from younger_hf.graph.vocabulary import MASK, Signature, Vocabulary
from younger_hf.task_types import SIGNATURES

FRESH = ("Relu", "Tanh", "Sigmoid", "Neg", "Abs", "Exp", "Floor", "Ceil", "Sqrt", "Elu", "Selu", "Softplus")


def parts_of(public: Sequence[Dag], test: Sequence[Dag]) -> tuple[Split, dict[Signature, Vocabulary]]:
    items = architectures(*public, *test)
    split = Split(items[: len(public)], (), items[len(public) :], ())
    return split, {kind: build_vocabulary(split.train, kind)[0] for kind in SIGNATURES}


def novel(split: Split, vocabularies: dict[Signature, Vocabulary]) -> tuple[dict[str, list[Region]], int]:
    return novel_regions(split, {a.graph_id: regions(a) for a in split.operator_test}, (), vocabularies, "s")


def sample(name: str, classes: Sequence[int], masked: Sequence[int], y: Sequence[int]) -> OperatorSample:
    """A path of nodes, each an input of the next."""
    feat = np.array(classes, dtype=np.int32)
    feat[list(masked)] = MASK
    path = np.arange(len(classes), dtype=np.int32)
    return OperatorSample(
        name, feat, np.stack([path[:-1], path[1:]]), np.array(masked, dtype=np.int32), np.array(y, dtype=np.int32)
    )


def test_a_region_that_a_public_architecture_holds_is_left_out_and_new_ones_stay() -> None:
    """The test architecture is the public one, followed by as many operators in a new order."""
    public = chain(*FRESH)
    split, vocabularies = parts_of([public, chain(*reversed(FRESH))], [chain(*FRESH, *FRESH[::2], *FRESH[1::2])])
    found, gone = novel(split, vocabularies)
    ((graph_id, left),) = found.items()
    every = regions(split.operator_test[0])
    assert split.operator_test[0].graph_id == graph_id
    assert 0 < gone < len(every)
    graphs = [(vocabularies["wo_attrs"].encode(a.dag.wo_attrs), a.dag.edge_index) for a in split.public]
    assert left
    for region in left:
        shown = sample_of(region, vocabularies["wo_attrs"].encode(split.operator_test[0].dag.wo_attrs))
        assert not embedded_rows(graphs, [pattern(shown)]).any()


def test_a_region_goes_if_either_signature_has_an_answer() -> None:
    """With other attributes the region is new, without attributes it is public."""
    public = chain("Elu", *FRESH, alpha=2.0)
    split, vocabularies = parts_of([public, chain("Elu", "Neg", alpha=3.0)], [chain("Elu", *FRESH, alpha=3.0)])
    found, gone = novel(split, vocabularies)
    assert len(regions(split.operator_test[0])) == gone
    assert [[]] == list(found.values())


def test_a_region_goes_if_a_data_flow_test_row_shows_it() -> None:
    """Nothing public has the test architecture, but the other task asks about a copy of it."""
    split, vocabularies = parts_of([chain(*reversed(FRESH))], [chain(*FRESH)])
    regions_of = {a.graph_id: regions(a) for a in split.operator_test}
    found, gone = novel_regions(split, regions_of, (), vocabularies, "s")
    assert 0 == gone
    assert any(found.values())
    copy, other = architectures(chain("Neg", *FRESH, "Neg"), chain(*FRESH[::2], *FRESH[1::2]))
    for architecture, expected in ((copy, len(regions_of[split.operator_test[0].graph_id])), (other, 0)):
        held = hold_out(architecture, operator_pairs(split.train), "s")
        assert held is not None
        found, gone = novel_regions(split, regions_of, [(architecture, held)], vocabularies, "s")
        assert expected - 2 <= gone <= expected  # the ends of the path have other neighbours in the copy
        assert bool(gone) == bool(expected)


def test_rows_that_other_test_rows_answer_go_in_both_signatures() -> None:
    """The second shows what the first masks in front of 3, 4; the third is unrelated to them."""
    masking = sample("a", [2, 3, 4], [0], [2])
    showing = sample("b", [7, 2, 3, 4], [0], [7])
    other = sample("c", [9, 9, 9, 8], [3], [8])
    alone = {kind: rows(masking, other) for kind in SIGNATURES}
    kept, gone = without_answered(alone)
    assert 0 == gone
    assert alone == kept
    mixed = {"w_attrs": rows(masking, showing, other), "wo_attrs": rows(masking, other)}
    kept, gone = without_answered(mixed)
    assert 2 == gone
    assert {"w_attrs": ["b", "c"], "wo_attrs": ["c"]} == {
        k: [s.graph_id for s in v.rows["test"]] for k, v in kept.items()
    }
    assert all(mixed[kind].rows["train"] == kept[kind].rows["train"] for kind in SIGNATURES)


@pytest.mark.heavy
@pytest.mark.parametrize("secret", ["s", "t"])
def test_after_both_nothing_answers_a_test_row_of_real_models(secret: str) -> None:
    items = architectures(*(dag for dag, _ in models()))
    split = Split(items[0::3], items[1::3], items[2::3], ())
    vocabularies = {kind: build_vocabulary(split.train, kind)[0] for kind in SIGNATURES}
    regions_of = {a.graph_id: regions(a) for a in items}
    found, gone = novel_regions(split, regions_of, (), vocabularies, secret)
    assert gone
    made = {kind: operator_rows(split, regions_of | found, v, secret) for kind, v in vocabularies.items()}
    kept, _ = without_answered(made)
    for kind, vocabulary in vocabularies.items():
        shown = [pattern(row) for row in kept[kind].rows["test"]]
        assert shown
        assert not embedded_rows([graph(a, vocabulary, kind) for a in split.public], shown).any()
        for number, row in enumerate(shown):
            others = [(visible(p), p.edge_index) for i, p in enumerate(shown) if i != number]
            assert not embedded_rows(others, [row]).any()


def graph(architecture: Architecture, vocabulary: Vocabulary, kind: Signature) -> tuple[np.ndarray, np.ndarray]:
    return vocabulary.encode(architecture.dag.signatures(kind)), architecture.dag.edge_index


def rows(*samples: OperatorSample) -> OperatorRows:
    return OperatorRows({"train": samples[:1], "validation": (), "test": samples}, 0, 0)


def pattern(row: OperatorSample) -> Pattern:
    masked = np.zeros(len(row.node_feat), dtype=bool)
    masked[row.mask_index] = True
    return Pattern(row.node_feat, row.edge_index, masked)


def visible(shown: Pattern) -> np.ndarray:
    return np.where(shown.masked, -1, shown.classes).astype(np.int32)
