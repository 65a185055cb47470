"""A stream has the graphs and batches of the rows that it reads."""

from __future__ import annotations

import datasets
import pytest
import torch
from torch_geometric.loader import DataLoader

from tests.dataset.built import Built
from tests.dataset.read.test_batches import assert_same_batch
from tests.dataset.read.test_pyg import assert_equal
from younger_hf import to_pyg
from younger_hf.dataset.read.stream import GraphStream
from younger_hf.errors import DatasetError


def stream_of(built: Built, config: str) -> GraphStream:
    rows = datasets.load_dataset(str(built.root), config, split="train", streaming=True)
    graphs = to_pyg(rows)
    assert isinstance(graphs, GraphStream)
    return graphs


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path_factory.mktemp("cache"))


@pytest.mark.parametrize("config", ["operator_w_attrs", "dataflow_wo_attrs", "generation_w_attrs", "prediction"])
def test_graphs_are_those_of_the_rows(built: Built, config: str) -> None:
    expected = to_pyg(built.release.table(config, "train"))
    for one, other in zip(expected, stream_of(built, config), strict=True):
        if config != "prediction":
            assert_equal(one, other)
        assert torch.equal(one.edge_index, other.edge_index)


@pytest.mark.heavy
@pytest.mark.parametrize("workers", [0, 1, 2])
def test_batches_are_those_of_the_rows(built: Built, workers: int) -> None:
    expected = list(to_pyg(built.release.table("operator_w_attrs", "train")).batches(100))
    loader = stream_of(built, "operator_w_attrs").batches(100, workers=workers)
    for _ in range(2):
        for one, other in zip(expected, loader, strict=True):
            assert_same_batch(one, other)


def test_a_budget_of_nodes_is_kept(built: Built) -> None:
    graphs = stream_of(built, "operator_w_attrs")
    batches = list(graphs.batches(40, max_nodes=60))
    assert all(batch.num_graphs == 1 or batch.num_nodes <= 60 for batch in batches)
    assert [graph.num_nodes for graph in graphs] == [int(n) for batch in batches for n in batch.ptr.diff()]


@pytest.mark.heavy
@pytest.mark.parametrize("workers", [0, 1])
def test_each_epoch_is_shuffled_otherwise_as_the_seed_decides(built: Built, workers: int) -> None:
    graphs = stream_of(built, "operator_w_attrs")

    def epoch(loader: object) -> list[int]:
        return [int(size) for batch in loader for size in batch.ptr.diff()]  # type: ignore[attr-defined]

    shuffled = graphs.batches(32, shuffle=True, seed=3, workers=workers)
    first, second = epoch(shuffled), epoch(shuffled)
    plain = epoch(graphs.batches(32))
    assert sorted(plain) == sorted(first) == sorted(second)
    assert first != plain
    assert first != second
    assert first == epoch(graphs.batches(32, shuffle=True, seed=3, workers=workers))


@pytest.mark.parametrize("workers", [0, 2])
def test_a_loader_of_pyg_reads_every_row_once(built: Built, workers: int) -> None:
    rows = built.release.table("dataflow_w_attrs", "train")
    batches = list(DataLoader(stream_of(built, "dataflow_w_attrs"), batch_size=8, num_workers=workers))
    assert rows["num_nodes"].to_pylist() == [int(n) for batch in batches for n in batch.ptr.diff()]


def test_its_repr_names_the_columns(built: Built) -> None:
    assert "node_feat, edge_index" in repr(stream_of(built, "generation_w_attrs"))


def test_empty_batches_are_refused(built: Built) -> None:
    with pytest.raises(DatasetError, match="at least one"):
        stream_of(built, "operator_w_attrs").batches(0)
