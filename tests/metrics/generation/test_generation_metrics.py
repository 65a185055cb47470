"""Metrics of the generation task.

Better graphs score better, order and numbering do not matter, and bad input is named.
"""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from tests.metrics.random_graphs import released, released_graphs, released_vocabulary, renumbered
from younger_hf.errors import MetricError
from younger_hf.graph.labelled_graphs import Graphs
from younger_hf.graph.vocabulary import Vocabulary
from younger_hf.metrics import METRICS, load_metric
from younger_hf.metrics.generation.descriptors import Descriptors, describe
from younger_hf.metrics.generation.distances import pool
from younger_hf.metrics.generation.generation_metrics import (
    SCALES,
    assess_graphs,
    distance_floor,
    generation_metrics,
    vocabulary_of,
)

SHARES = [metric.name for metric in METRICS["generation"] if metric.direction == "max"]
DISTANCES = [metric.name for metric in METRICS["generation"] if metric.direction == "min"]

VOCABULARY = Vocabulary("wo_attrs", ('["","Relu"]', '["","Add"]', '["com.microsoft","Gelu"]'))
FINE = ([2, 3, 3], [[0, 0, 1], [1, 2, 2]])
AGAIN = ([3, 3, 2], [[2, 2, 1], [0, 1, 0]])
KNOWN = ([3, 2], [[0], [1]])
CYCLE = ([2, 3], [[0, 1], [1, 0]])
UNKNOWN = ([2, 4], [[0], [1]])
TRAIN = Graphs.of([KNOWN, ([2], [[], []])])
REAL = Graphs.of([([2, 2], [[0], [1]]), ([3, 2, 2], [[0, 1], [1, 2]])])


def shares(rows, executable=None):
    values = generation_metrics(Graphs.of(rows), REAL, TRAIN, VOCABULARY, executable=executable)
    return {name: values[name] for name in SHARES if name in values}


def test_shares_are_those_counted_by_hand():
    expected = {"acyclic": 0.8, "valid": 0.6, "unique": 0.8, "novel": 0.8, "valid_unique_novel": 0.2}
    assert expected == shares([FINE, AGAIN, KNOWN, CYCLE, UNKNOWN])
    expected |= {"executable": 0.6, "executable_unique_novel": 0.4}
    # UNKNOWN runs where Microsoft's operators do
    assert expected == shares([FINE, AGAIN, KNOWN, CYCLE, UNKNOWN], [False, True, True, False, True])


def test_one_of_several_copies_that_runs_is_enough_and_more_count_no_more():
    for runs, expected in (([True, False], 0.5), ([False, True], 0.5), ([True, True], 0.5), ([False, False], 0.0)):
        assert expected == shares([FINE, AGAIN], runs)["executable_unique_novel"]


@pytest.mark.heavy
def test_distances_are_those_of_the_descriptors():
    first, second = released_graphs("w_attrs", "train"), released_graphs("w_attrs", "validation")
    values = distance_floor(second, first)
    of_first, of_second = describe(first), describe(second)
    assert DISTANCES == list(values)
    for name in (field.name for field in fields(Descriptors)):
        pooled = pool(getattr(of_first, name), getattr(of_second, name))
        assert pooled.wasserstein()[0] == pytest.approx(values[f"{name}_w1"], rel=1e-12)
        assert pooled.squared_mmd(SCALES[name])[0] == pytest.approx(values[f"{name}_mmd"], rel=1e-9)


@pytest.mark.heavy
def test_the_floor_is_the_score_of_the_training_set():
    train, validation = released_graphs("wo_attrs", "train"), released_graphs("wo_attrs", "validation")
    values = generation_metrics(train, validation, train, released_vocabulary("wo_attrs"))
    floor = distance_floor(validation, train)
    assert floor == {name: values[name] for name in floor}
    assert 0 == values["novel"] == values["valid_unique_novel"]
    assert 1 == values["valid"]
    assert all(0 < value for value in floor.values())


def noisy(rows, rng, share):
    """Some nodes of every graph get another class, some edges another source."""
    for node_feat, edge_index in rows:
        classes, edges = np.array(node_feat), np.array(edge_index, dtype=np.int64).reshape(2, -1)
        change = rng.random(len(classes)) < share
        classes[change] = rng.integers(2, 1917, np.count_nonzero(change))
        move = rng.random(edges.shape[1]) < share
        edges[0, move] = rng.integers(0, len(classes), np.count_nonzero(move))
        yield classes, edges


@pytest.mark.heavy
def test_real_architectures_are_better_than_noisy_ones_and_these_than_constant_ones():
    rng = np.random.default_rng(0)
    vocabulary, train, real = (
        released_vocabulary("w_attrs"), released_graphs("w_attrs", "train"), released_graphs("w_attrs", "validation")
    )  # fmt: skip
    rows = released("w_attrs", "validation")
    constant = Graphs.of([([2] * 9, [list(range(8)), list(range(1, 9))])] * 101)
    systems = [real, Graphs.of(noisy(rows, rng, 0.05)), constant]
    perfect, noise, same = (generation_metrics(each, real, train, vocabulary) for each in systems)
    for name in DISTANCES:
        assert 0 == perfect[name] <= noise[name] < same[name]
        # noise leaves the number of nodes as it is
        assert name.startswith("size") == (noise[name] == 0)
    assert 1 == perfect["acyclic"] > noise["acyclic"]
    assert perfect["valid_unique_novel"] > 0.7 > noise["valid_unique_novel"]
    assert 1 / 101 == pytest.approx(same["unique"])
    assert 1 / 101 == pytest.approx(same["valid_unique_novel"])


@pytest.mark.heavy
def test_all_values_are_finite_and_in_the_range_of_the_registry():
    rng = np.random.default_rng(1)
    generated = Graphs.of(noisy(released("w_attrs", "train")[:50], rng, 0.5))
    vocabulary, real = released_vocabulary("w_attrs"), released_graphs("w_attrs", "validation")
    values = generation_metrics(generated, real, real, vocabulary, executable=np.ones(50, dtype=bool))
    assert [metric.name for metric in METRICS["generation"]] == list(values)
    for metric in METRICS["generation"]:
        assert type(values[metric.name]) is float
        assert np.isfinite(values[metric.name])
        assert metric.minimum <= values[metric.name] <= metric.maximum


@pytest.mark.heavy
def test_order_and_numbering_do_not_matter_in_a_single_bit():
    rng = np.random.default_rng(2)
    rows = list(noisy(released("wo_attrs", "validation"), rng, 0.05))
    runs = rng.random(len(rows)) < 0.5
    order = rng.permutation(len(rows))
    vocabulary, train = released_vocabulary("wo_attrs"), released_graphs("wo_attrs", "train")
    real = released_graphs("wo_attrs", "validation")
    values = generation_metrics(Graphs.of(rows), real, train, vocabulary, executable=runs)
    moved = Graphs.of([renumbered(rows[index], rng) for index in order])
    assert values == generation_metrics(moved, real, train, vocabulary, executable=runs[order])


def test_class_ids_that_nobody_knows_are_equally_wrong():
    generated = [Graphs.of([([2, class_id], [[0], [1]])]) for class_id in (5, 2**31 - 1)]
    first, second = (generation_metrics(each, REAL, TRAIN, VOCABULARY) for each in generated)
    assert first == second
    assert 0 == first["valid"]


def test_validity_is_reported_per_graph():
    judgement = assess_graphs(
        Graphs.of([FINE, CYCLE, KNOWN, AGAIN]), TRAIN, VOCABULARY, executable=[True, False, True, True]
    )
    assert [True, False, True, True] == judgement.acyclic.tolist() == judgement.valid.tolist()
    assert [True, True, False, True] == judgement.novel.tolist()
    assert [0, 1, 2, 0] == judgement.classes.tolist()
    assert {"executable": 0.75, "executable_unique_novel": 0.25}.items() <= judgement.shares().items()
    assert "executable" not in replace(judgement, executable=None).shares()


@pytest.mark.parametrize("executable", [[True], [True, False, True], [1, 0], [[True, False]], ["yes", "no"]])
def test_executable_needs_one_value_per_graph(executable):
    with pytest.raises(MetricError, match="executable: expected one boolean for each of 2 graphs"):
        generation_metrics(Graphs.of([FINE, CYCLE]), REAL, TRAIN, VOCABULARY, executable=executable)


ROWS = [{"node_feat": [2, 3], "edge_index": [[0], [1]]}]
SIGNATURES = list(VOCABULARY.classes)


def test_rows_and_signatures_score_like_graphs_and_a_vocabulary():
    metric = load_metric("generation")
    expected = metric.compute(
        references=REAL, predictions=Graphs.of([([2, 3], [[0], [1]])]), train=TRAIN, vocabulary=VOCABULARY
    )
    assert expected == metric.compute(references=REAL, predictions=ROWS, train=TRAIN, vocabulary=SIGNATURES)


def test_signatures_determine_the_kind_of_vocabulary():
    assert Vocabulary("wo_attrs", ('["","Relu"]',)) == vocabulary_of(['["","Relu"]'])
    assert Vocabulary("w_attrs", ('["","Relu",{}]',)) == vocabulary_of(['["","Relu",{}]'])


@pytest.mark.parametrize("name", ["references", "predictions", "train"])
@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "expected at least one graph, got none"),
        (5, "expected rows with 'node_feat' and 'edge_index'"),
        ([{"node_feat": [2]}], "expected rows with 'node_feat' and 'edge_index'"),
        ([([2], [[], []])], "expected rows with 'node_feat' and 'edge_index'"),
        ([{"node_feat": [], "edge_index": [[], []]}], "at least one"),
        ([{"node_feat": [2], "edge_index": [[0], [1]]}], "expected integers from 0 to 0, got 1"),
        ([{"node_feat": [2.5], "edge_index": [[], []]}], "expected integers, got dtype float64"),
        ([{"node_feat": [-1], "edge_index": [[], []]}], "expected integers from 0 to 2,147,483,647, got -1"),
    ],
)
def test_rows_that_are_no_graphs_are_named(name, rows, message):
    arguments = {"references": ROWS, "predictions": ROWS, "train": ROWS, name: rows}
    with pytest.raises(MetricError, match=f"{name}.*{message}"):
        load_metric("generation").compute(**arguments, vocabulary=SIGNATURES)


def test_missing_context_of_generation_is_named():
    with pytest.raises(TypeError, match="'train' and 'vocabulary'"):
        load_metric("generation").compute(references=ROWS, predictions=ROWS)
    with pytest.raises(TypeError, match="train"):
        load_metric("operator").compute(references=[2], predictions=[2], train=ROWS)
    with pytest.raises(MetricError, match="vocabulary: expected signatures as"):
        load_metric("generation").compute(references=ROWS, predictions=ROWS, train=ROWS, vocabulary=["UNK", "MASK"])
