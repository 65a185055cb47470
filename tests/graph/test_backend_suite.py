"""Every model of onnx's backend tests is read, and agrees with an independent count."""

from __future__ import annotations

import json

import onnx
import pytest

from tests.graph.backend_suite import file_cases, node_cases
from tests.graph.counting import count_data_flows, count_nodes_and_edges
from younger_hf import Dag, YoungerError, from_onnx
from younger_hf.graph.read.extract import extract

pytestmark = pytest.mark.heavy


@pytest.fixture(scope="module")
def models() -> dict[str, onnx.ModelProto]:
    """All cases by name."""
    return {**node_cases(), **file_cases()}


@pytest.fixture(scope="module")
def dags(models: dict[str, onnx.ModelProto]) -> dict[str, Dag]:
    """The Dags of all cases, read from bytes."""
    return {name: from_onnx(model.SerializeToString()) for name, model in models.items()}


def test_every_case_is_read(models: dict[str, onnx.ModelProto]) -> None:
    refused = {}
    for name, model in models.items():
        try:
            from_onnx(model.SerializeToString())
        except YoungerError as error:
            refused[name] = error.message
    assert {} == refused
    assert len(node_cases()) > 1_500  # 1,884 in onnx 1.23.2
    assert len(file_cases()) > 100  # 149 there


def test_every_case_has_the_nodes_and_edges_that_an_independent_count_finds(
    models: dict[str, onnx.ModelProto], dags: dict[str, Dag]
) -> None:
    assert [] == [name for name, model in models.items() if model.functions]  # which the count does not know
    expected = {name: (*count_nodes_and_edges(model), count_data_flows(model)) for name, model in models.items()}
    distinct = {name: len(set(map(tuple, dag.edge_index.T.tolist()))) for name, dag in dags.items()}
    assert expected == {name: (dag.num_nodes, distinct[name], dag.num_edges) for name, dag in dags.items()}


def test_a_parsed_model_has_the_dag_of_its_bytes(models: dict[str, onnx.ModelProto], dags: dict[str, Dag]) -> None:
    assert [] == [name for name, model in models.items() if extract(model) != dags[name]]


def test_a_model_written_again_has_the_same_dag(models: dict[str, onnx.ModelProto], dags: dict[str, Dag]) -> None:
    different = []
    for name, model in models.items():
        again = from_onnx(onnx.load_model_from_string(model.SerializeToString()).SerializeToString(deterministic=True))
        kinds = ("w_attrs", "wo_attrs")
        if again != dags[name] or any(again.wl_hash(kind) != dags[name].wl_hash(kind) for kind in kinds):
            different.append(name)
    assert [] == different


def test_every_dag_is_whole_and_survives_json(dags: dict[str, Dag]) -> None:
    for name, dag in dags.items():
        assert bool((dag.edge_index[0] < dag.edge_index[1]).all()), name
        assert bool((dag.edge_output < dag.num_outputs[dag.edge_index[0]]).all()), name
        slots = sorted(
            [*zip(dag.edge_index[1].tolist(), dag.edge_input.tolist(), strict=True), *(i[:2] for i in dag.inputs)]
        )
        assert len(slots) == len(set(slots)), name  # no input of a node has two sources
        assert dag == Dag.from_dict(json.loads(json.dumps(dag.to_dict()))), name
