from __future__ import annotations

from collections import Counter

import pytest

from tests.dataset.built import Built
from tests.dataset.models import architectures, chain, models
from younger_hf.dataset.build.build_vocabulary import build_vocabulary, read_vocabulary
from younger_hf.graph.operators.signatures import signature
from younger_hf.graph.vocabulary import FIRST_CLASS, UNK, Signature

DAGS = tuple(dag for dag, _ in models())


def test_classes_come_by_count_and_then_by_name() -> None:
    items = architectures(chain("Tanh", "Relu", "Relu"), chain("Neg", "Abs", "Relu"), chain("Tanh"))
    vocabulary, table = build_vocabulary(items, "wo_attrs")
    assert tuple(signature("", name) for name in ("Relu", "Tanh", "Abs", "Neg")) == vocabulary.classes
    assert ["UNK", "MASK", "Relu", "Tanh", "Abs", "Neg"] == table["op_type"].to_pylist()
    assert [0, 0, 3, 2, 1, 1] == table["count"].to_pylist()
    assert list(range(6)) == table["id"].to_pylist()


@pytest.mark.parametrize("kind", ["w_attrs", "wo_attrs"])
def test_counts_are_those_of_the_training_nodes(kind: Signature) -> None:
    vocabulary, table = build_vocabulary(architectures(*DAGS), kind)
    expected = Counter(text for dag in DAGS for text in dag.signatures(kind))
    assert expected == Counter(dict(zip(vocabulary.classes, table["count"].to_pylist()[FIRST_CLASS:], strict=True)))


@pytest.mark.parametrize("kind", ["w_attrs", "wo_attrs"])
def test_a_vocabulary_reads_back_from_its_rows(kind: Signature) -> None:
    vocabulary, table = build_vocabulary(architectures(*DAGS), kind)
    again = read_vocabulary(table, kind)
    assert vocabulary == again
    for dag in DAGS:
        texts = dag.signatures(kind)
        assert list(texts) == [again.classes[i - FIRST_CLASS] for i in again.encode(texts)]


@pytest.mark.parametrize("kind", ["w_attrs", "wo_attrs"])
def test_the_released_vocabulary_decodes_the_released_architectures(built: Built, kind: Signature) -> None:
    vocabulary = read_vocabulary(built.release.table(f"vocabulary_{kind}", "train"), kind)
    rows = built.release.table("architectures", "train").to_pylist()
    by_hash = {dag.wl_hash("w_attrs"): dag for dag in DAGS}
    column = {"w_attrs": "node_feat_w", "wo_attrs": "node_feat_wo"}[kind]
    for row in rows:
        expected = by_hash[row["graph_id"]].signatures(kind)
        assert Counter(expected) == Counter(vocabulary.classes[i - FIRST_CLASS] for i in row[column])


def test_rows_without_attributes_reveal_none() -> None:
    _, table = build_vocabulary(architectures(chain("Softmax", axis=1)), "wo_attrs")
    assert [""] * 3 == table["attributes"].to_pylist()
    _, table = build_vocabulary(architectures(chain("Softmax", axis=1)), "w_attrs")
    assert ["", "", '{"axis":1}'] == table["attributes"].to_pylist()


def test_operators_unseen_in_training_are_unk() -> None:
    vocabulary, _ = build_vocabulary(architectures(chain("Softmax", "Relu", axis=1)), "w_attrs")
    assert [UNK, FIRST_CLASS] == sorted(vocabulary.encode(chain("Softmax", "Relu", axis=0).w_attrs).tolist())
