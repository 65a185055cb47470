"""The metrics of a task by name, and the registry that says how to read them."""

from __future__ import annotations

import dataclasses

import pytest

from younger_hf.errors import MetricError
from younger_hf.metrics import METRICS, PRIMARY, load_metric

TRAIN = [{"node_feat": [2], "edge_index": [[], []]}]
CHAINS = [{"node_feat": [2] * size, "edge_index": [[*range(size - 1)], [*range(1, size)]]} for size in (2, 3)]
RINGS = [{"node_feat": [3, 2], "edge_index": [[0, 1], [1, 0]]}] * 2
EXAMPLES = {
    "operator": ([2, 3, 3], [2, 3, 4]),
    "dataflow": ([1, 0, 1], [0.9, 0.2, 0.4]),
    "generation": (CHAINS, RINGS),
    "prediction": ([2.0, 3.0], [2.5, 3.0]),
}
CONTEXT = {"generation": {"train": TRAIN, "vocabulary": ['["","Relu"]', '["","Sum"]'], "executable": [True, True]}}
"""What a task needs beside references and predictions."""


@pytest.mark.parametrize("task", sorted(EXAMPLES))
def test_compute_returns_the_registered_metrics_in_order_and_in_range(task):
    references, predictions = EXAMPLES[task]
    values = load_metric(task).compute(references=references, predictions=predictions, **CONTEXT.get(task, {}))
    assert [metric.name for metric in METRICS[task]] == list(values)
    for metric in METRICS[task]:
        assert metric.minimum <= values[metric.name] <= metric.maximum


def test_the_registry_names_a_primary_metric_of_each_task():
    assert {
        "operator": "accuracy",
        "dataflow": "auc",
        "generation": "executable_unique_novel",
        "prediction": "kendall_tau",
    } == dict(PRIMARY)
    for task, name in PRIMARY.items():
        assert name in {metric.name for metric in METRICS[task]}


def test_the_direction_of_each_metric_orders_two_results():
    for task, (references, _) in EXAMPLES.items():
        best = load_metric(task).compute(references=references, predictions=references, **CONTEXT.get(task, {}))
        for metric in METRICS[task]:
            assert (metric.maximum if metric.direction == "max" else metric.minimum) == best[metric.name]


def test_metrics_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        METRICS["operator"][0].direction = "min"
    with pytest.raises(TypeError):
        METRICS["operator"] = ()


def test_arguments_by_position_are_refused_with_the_right_call():
    with pytest.raises(MetricError, match="expected arguments by name, got 2 by position") as caught:
        load_metric("operator").compute([2], [2])
    assert "Call compute(references=..., predictions=...)." == caught.value.hint


@pytest.mark.parametrize("task", sorted(EXAMPLES))
def test_batches_single_items_and_arguments_of_compute_are_pooled(task):
    references, predictions = EXAMPLES[task]
    context = CONTEXT.get(task, {})
    expected = load_metric(task).compute(references=references, predictions=predictions, **context)
    metric = load_metric(task)
    metric.add_batch(references=references[:1], predictions=predictions[:1])
    for reference, prediction in zip(references[1:], predictions[1:], strict=True):
        metric.add(reference=reference, prediction=prediction)
    assert expected == metric.compute(**context)
    metric.add_batch(references=references[:1], predictions=predictions[:1])
    assert expected == metric.compute(references=references[1:], predictions=predictions[1:], **context)
    assert expected == metric.compute(references=references, predictions=predictions, **context)


def test_references_of_generated_graphs_may_be_passed_to_compute_alone():
    expected = load_metric("generation").compute(references=CHAINS, predictions=RINGS, **CONTEXT["generation"])
    metric = load_metric("generation")
    metric.add_batch(predictions=RINGS[:1])
    metric.add_batch(predictions=RINGS[1:])
    assert expected == metric.compute(references=CHAINS, **CONTEXT["generation"])


@pytest.mark.parametrize("wrong", [{}, {"references": [2]}, {"predictions": [2]}])
def test_missing_references_or_predictions_are_named(wrong):
    with pytest.raises(MetricError, match="expected values, got none"):
        load_metric("operator").compute(**wrong)


def test_a_batch_that_is_not_flat_is_refused_when_it_is_added():
    with pytest.raises(MetricError, match=r"predictions: expected one dimension, got shape \(1, 2\)"):
        load_metric("operator").add_batch(references=[2, 3], predictions=[[2, 3]])


def test_an_unknown_task_names_those_there_are():
    with pytest.raises(
        MetricError,
        match="Unknown task 'dataflow_w_attrs'; expected one of: operator, dataflow, generation, prediction",
    ):
        load_metric("dataflow_w_attrs")
