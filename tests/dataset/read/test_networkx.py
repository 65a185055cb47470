from __future__ import annotations

import datasets
import networkx as nx
import numpy as np
import pytest

import younger_hf
from tests.dataset.built import Built
from younger_hf.errors import DatasetError


@pytest.mark.parametrize("config", ["architectures", "operator_w_attrs", "dataflow_wo_attrs", "generation_w_attrs"])
def test_graphs_have_the_nodes_edges_and_columns_of_their_rows(built: Built, config: str) -> None:
    table = built.release.table(config, "train")
    graphs = list(younger_hf.to_networkx(table))
    assert table.num_rows == len(graphs)
    for row, graph in zip(table.to_pylist(), graphs, strict=True):
        assert list(range(row["num_nodes"])) == list(graph)
        assert set(zip(*row["edge_index"], strict=True)) == set(graph.edges)
        for name in {"node_feat", "node_feat_w"} & set(row):
            assert row[name] == [graph.nodes[node][name] for node in graph]
        assert row["graph_id"] == graph.graph["graph_id"]
        assert row.get("y") == graph.graph.get("y")


def test_an_architecture_is_the_graph_of_its_dag(built: Built) -> None:
    table = built.release.table("architectures", "train")
    for graph in younger_hf.to_networkx(table.slice(0, 5)):
        assert nx.is_directed_acyclic_graph(graph)


def test_tables_datasets_and_streams_yield_the_same(built: Built) -> None:
    table = built.release.table("operator_wo_attrs", "train").slice(0, 3)
    rows = datasets.Dataset(table)
    expected = [nx.node_link_data(graph, edges="edges") for graph in younger_hf.to_networkx(table)]
    for given in (rows, rows.to_iterable_dataset(), rows.with_format("numpy"), table.to_pylist()):
        graphs = list(younger_hf.to_networkx(given))
        assert [sorted(map(tuple, np.array(g.edges).tolist())) for g in graphs] == [
            sorted((edge["source"], edge["target"]) for edge in data["edges"]) for data in expected
        ]


@pytest.mark.parametrize("rows", [[{"graph_id": "a"}], [3], [{"num_nodes": 2, "edge_index": [[0], [5]]}]])
def test_rows_that_are_no_graphs_are_named(rows: list[object]) -> None:
    with pytest.raises(DatasetError, match="Row 0"):
        list(younger_hf.to_networkx(rows))  # type: ignore[arg-type]


def test_a_dictionary_of_splits_is_refused(built: Built) -> None:
    with pytest.raises(DatasetError, match="one split"):
        list(younger_hf.to_networkx({"train": 1}))  # type: ignore[arg-type]
