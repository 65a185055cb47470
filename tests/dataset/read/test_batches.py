"""Batches gathered at once are those that PyG collates graph by graph."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch_geometric.data import Batch

from tests.dataset.built import Built
from tests.dataset.read.test_pyg import GRAPH_CONFIGS, assert_equal
from younger_hf import to_pyg
from younger_hf.dataset.read.batches import BatchOrder
from younger_hf.dataset.schema import splits_of
from younger_hf.errors import DatasetError


def assert_same_batch(expected: Batch, actual: Batch) -> None:
    assert_equal(expected, actual)
    assert expected.num_graphs == actual.num_graphs
    assert expected.num_nodes == actual.num_nodes
    for one, other in zip(expected.to_data_list(), actual.to_data_list(), strict=True):
        assert_equal(one, other)


@pytest.mark.parametrize("config", GRAPH_CONFIGS)
def test_a_batch_equals_one_that_pyg_collates(built: Built, config: str) -> None:
    for split in splits_of(config):
        graphs = to_pyg(built.release.table(config, split))
        for rows in (range(len(graphs)), [0], [-1, 0, 0]):
            assert_same_batch(Batch.from_data_list([graphs[row] for row in rows]), graphs.batch(list(rows)))


@pytest.mark.parametrize("rows", [[], [10**6], [-(10**6)]])
def test_rows_that_are_not_there_are_named(built: Built, rows: list[int]) -> None:
    graphs = to_pyg(built.release.table("operator_w_attrs", "train"))
    with pytest.raises(IndexError, match="expected"):
        graphs.batch(rows)


@pytest.mark.heavy
@pytest.mark.parametrize("workers", [0, 2])
def test_a_loader_yields_every_row_once_in_an_order_of_seed_and_epoch(built: Built, workers: int) -> None:
    graphs = to_pyg(built.release.table("operator_w_attrs", "train"))

    def epoch(loader: object) -> list[int]:
        return [int(size) for batch in loader for size in batch.ptr.diff()]  # type: ignore[attr-defined]

    plain = graphs.batches(7, workers=workers)
    sizes = [graph.num_nodes for graph in graphs]
    assert sizes == epoch(plain) == epoch(plain)
    assert -(-len(graphs) // 7) == len(plain)
    shuffled = graphs.batches(7, shuffle=True, seed=3, workers=workers)
    first, second = epoch(shuffled), epoch(shuffled)
    assert first != second
    assert sorted(sizes) == sorted(first) == sorted(second)
    assert first == epoch(graphs.batches(7, shuffle=True, seed=3, workers=workers))
    assert first != epoch(graphs.batches(7, shuffle=True, seed=4))


@given(st.lists(st.integers(0, 50), max_size=60), st.integers(1, 9), st.integers(1, 80), st.booleans())
def test_a_budget_of_nodes_is_kept_by_all_but_single_graphs(
    sizes: list[int], batch_size: int, max_nodes: int, shuffle: bool
) -> None:
    order = BatchOrder(np.array(sizes, dtype=np.int64), batch_size, max_nodes, shuffle)
    assert len(order) == len(order._batches(0))
    batches = list(order)
    assert sorted(row for batch in batches for row in batch.tolist()) == list(range(len(sizes)))
    for batch in batches:
        assert 1 <= len(batch) <= batch_size
        assert len(batch) == 1 or sum(sizes[row] for row in batch) <= max_nodes


@pytest.mark.parametrize("options", [{"batch_size": 0}, {"max_nodes": 0}])
def test_empty_batches_are_refused(built: Built, options: dict[str, int]) -> None:
    with pytest.raises(DatasetError, match="at least one"):
        to_pyg(built.release.table("operator_w_attrs", "train")).batches(**options)  # type: ignore[arg-type]


def test_a_batch_is_trained_on_like_any_other(built: Built) -> None:
    from torch_geometric.nn import GCNConv

    batch = next(iter(to_pyg(built.release.table("dataflow_wo_attrs", "train")).batches(4)))
    out = GCNConv(1, 2)(batch.x[:, None].float(), batch.edge_index)
    assert (batch.num_nodes, 2) == tuple(out.shape)
    assert torch.equal(batch.pair_index.max() < batch.num_nodes, torch.tensor(True))
