from __future__ import annotations

import pickle
import sys

import datasets
import numpy as np
import pyarrow as pa
import pytest
import torch
from torch_geometric.data import Batch, Data
from torch_geometric.loader import DataLoader

from tests.dataset.built import Built
from younger_hf import to_pyg
from younger_hf.dataset.schema import CONFIGS, splits_of
from younger_hf.errors import DatasetError, MissingDependencyError
from younger_hf.graph.vocabulary import Signature
from younger_hf.task_types import SIGNATURES
from younger_hf.tasks import TRACKS

GRAPH_CONFIGS = [config for config in CONFIGS if config.startswith(("operator", "dataflow", "generation"))]
ROW = {"node_feat": [3, 4, 5], "edge_index": [[0, 1], [1, 2]]}
TYPES = {"node_feat": pa.list_(pa.int32()), "edge_index": pa.list_(pa.list_(pa.int32()))}


def naive(row: dict[str, object]) -> Data:
    """A row of plain Python values as anyone would write it down."""
    names = {
        "node_feat": "x",
        "edge_index": "edge_index",
        "mask_index": "mask_index",
        "pair_index": "pair_index",
        "y": "y",
    }
    tensors = {names[name]: torch.tensor(row[name], dtype=torch.int64) for name in names if name in row}
    return Data(**tensors, num_nodes=row["num_nodes"])


def assert_equal(expected: Data, actual: Data) -> None:
    assert sorted(expected.keys()) == sorted(actual.keys())
    assert expected.num_nodes == actual.num_nodes
    for key in expected.keys():  # noqa: SIM118 - Data iterates over pairs
        if key != "num_nodes":
            assert torch.equal(expected[key], actual[key]), key
            assert expected[key].dtype == actual[key].dtype


@pytest.mark.parametrize("config", GRAPH_CONFIGS)
def test_graphs_are_those_of_a_naive_conversion_row_by_row(built: Built, config: str) -> None:
    for split in splits_of(config):
        table = built.release.table(config, split)
        graphs = to_pyg(table)
        assert table.num_rows == len(graphs)
        for row, graph in zip(table.to_pylist(), graphs, strict=True):
            assert_equal(naive(row), graph)


@pytest.mark.parametrize("track", TRACKS)
def test_a_batch_shifts_every_index_by_the_nodes_before(built: Built, track: str) -> None:
    table = built.release.table(track, "train").slice(0, 40)
    rows = table.to_pylist()
    (batch,) = DataLoader(to_pyg(table), batch_size=len(rows))
    assert sum(row["num_nodes"] for row in rows) == batch.num_nodes
    target = "mask_index" if track.startswith("operator") else "pair_index"
    start = 0
    shifted: dict[str, list[np.ndarray]] = {"edge_index": [], target: []}
    for row in rows:
        for name, parts in shifted.items():
            parts.append(np.array(row[name], dtype=np.int64) + start)
        start += row["num_nodes"]
    for name, parts in shifted.items():
        assert np.concatenate(parts, axis=-1).tolist() == batch[name].tolist()
    assert [y for row in rows for y in row["y"]] == batch.y.tolist()
    assert_equal(naive(rows[7]), batch[7])


def test_a_loader_goes_through_all_rows_in_batches_and_shuffled(built: Built) -> None:
    table = built.release.table("operator_w_attrs", "train")
    graphs = to_pyg(table)
    sizes = [batch.num_graphs for batch in DataLoader(graphs, batch_size=100)]
    assert (table.num_rows, -(-table.num_rows // 100)) == (sum(sizes), len(sizes))
    torch.manual_seed(0)
    shuffled = Batch.to_data_list(next(iter(DataLoader(graphs, batch_size=table.num_rows, shuffle=True))))
    assert sorted(table["num_nodes"].to_pylist()) == sorted(data.num_nodes for data in shuffled)
    assert table["num_nodes"].to_pylist() != [data.num_nodes for data in shuffled]


def test_slices_and_chunked_tables_have_the_same_graphs(built: Built) -> None:
    table = built.release.table("dataflow_w_attrs", "train")
    whole = to_pyg(table)
    pieces = pa.concat_tables([table.slice(0, 3), table.slice(3, 1), table.slice(4, 0), table.slice(4)])
    assert pieces["edge_index"].num_chunks > 1
    for graph, piece in zip(whole, to_pyg(pieces), strict=True):
        assert_equal(graph, piece)
    for start, graph in enumerate(to_pyg(table.slice(5, 7)), start=5):
        assert_equal(whole[start], graph)


def test_shuffled_selected_and_filtered_datasets_keep_their_own_rows(built: Built) -> None:
    table = built.release.table("operator_w_attrs", "train")
    rows = datasets.Dataset(table).shuffle(seed=1).select(range(30))
    rows = rows.filter(lambda size: size > 5, input_columns="num_nodes")
    assert 0 < len(rows) < 30
    for row, graph in zip(rows, to_pyg(rows), strict=True):
        assert_equal(naive(row), graph)


def test_long_lists_of_long_integers_are_read_too(built: Built) -> None:
    """As polars and some versions of datasets hand them over."""
    table = built.release.table("operator_w_attrs", "train")
    wide = pa.schema(
        [
            ("graph_id", pa.string()),
            ("num_nodes", pa.int64()),
            ("node_feat", pa.large_list(pa.int64())),
            ("edge_index", pa.large_list(pa.large_list(pa.int64()))),
            ("mask_index", pa.large_list(pa.int64())),
            ("y", pa.large_list(pa.int64())),
        ]
    )
    for graph, other in zip(to_pyg(table), to_pyg(table.cast(wide)), strict=True):
        assert_equal(graph, other)


def test_columns_of_one_s_own_do_not_disturb(built: Built) -> None:
    table = built.release.table("operator_w_attrs", "train").slice(0, 3)
    more = table.append_column("names", pa.array([["a"], [], None])).append_column("scores", pa.array([[0.5]] * 3))
    for graph, other in zip(to_pyg(table), to_pyg(more), strict=True):
        assert_equal(graph, other)


def test_rows_count_from_either_end_and_no_further(built: Built) -> None:
    graphs = to_pyg(built.release.table("operator_w_attrs", "train"))
    assert_equal(graphs[len(graphs) - 1], graphs[-1])
    assert_equal(graphs[0], graphs[-len(graphs)])
    for index in (len(graphs), -len(graphs) - 1):
        with pytest.raises(IndexError, match=f"row {index} is out of range"):
            graphs[index]


def test_tensors_are_one_s_own(built: Built) -> None:
    graphs = to_pyg(built.release.table("operator_w_attrs", "train"))
    before = graphs[0].x.clone()
    graphs[0].x.add_(1)
    assert torch.equal(before, graphs[0].x)


def test_graphs_travel_to_a_worker_process(built: Built) -> None:
    graphs = to_pyg(built.release.table("operator_w_attrs", "train"))
    assert_equal(graphs[3], pickle.loads(pickle.dumps(graphs))[3])


def test_graphs_without_edges_or_without_rows_are_graphs() -> None:
    table = pa.table({"node_feat": [[3]], "edge_index": [[[], []]]}, schema=pa.schema(TYPES))
    assert ([1], [2, 0]) == (list(to_pyg(table)[0].x.shape), list(to_pyg(table)[0].edge_index.shape))
    assert [] == list(to_pyg(table.slice(0, 0)))
    assert [] == list(to_pyg(table.schema.empty_table()))


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (
            {"edge_index": [[0, 1]]},
            r"Row 1, 'edge_index': expected a \[2, E\] list .*, found lists of the lengths \[2\]",
        ),
        ({"edge_index": [[0], [1], [2]]}, r"found lists of the lengths \[1, 1, 1\]"),
        ({"edge_index": [[0, 1, 2], [1]]}, r"found lists of the lengths \[3, 1\]"),
        ({"edge_index": []}, r"found lists of the lengths \[\]"),
        ({"edge_index": None}, "Row 1, 'edge_index': .* found null"),
        ({"edge_index": [[0], None]}, r"found lists of the lengths \[1, 0\]"),
        ({"edge_index": [[0], [None]]}, "Column 'edge_index': expected lists of integers, found nulls"),
        ({"node_feat": None}, "Row 1, 'node_feat': expected a list of integers, found null"),
        ({"node_feat": [None]}, "Column 'node_feat': expected lists of integers, found nulls"),
    ],
)
def test_a_row_that_is_no_graph_is_named(bad: dict[str, object], message: str) -> None:
    table = pa.Table.from_pylist([ROW, {**ROW, **bad}, ROW], schema=pa.schema(TYPES))
    with pytest.raises(DatasetError, match=message):
        to_pyg(table)


@pytest.mark.parametrize(
    ("column", "kind", "message"),
    [
        ("node_feat", pa.list_(pa.float32()), "Column 'node_feat': expected lists of integers, found float"),
        ("node_feat", pa.int32(), "Column 'node_feat': expected a list of integers in every row, found int32"),
        ("edge_index", pa.list_(pa.int32()), r"Column 'edge_index': expected a \[2, E\] list .* found int32"),
    ],
)
def test_a_column_of_another_type_is_named(column: str, kind: pa.DataType, message: str) -> None:
    values: dict[str, object] = {**ROW, column: 3 if kind == pa.int32() else [3, 4]}
    table = pa.Table.from_pylist([values], schema=pa.schema({**TYPES, column: kind}))
    with pytest.raises(DatasetError, match=message):
        to_pyg(table)


@pytest.mark.parametrize("signature", SIGNATURES)
def test_a_prediction_row_is_a_graph_with_its_properties(built: Built, signature: Signature) -> None:
    rows = built.release.table("prediction", "train")
    graphs = to_pyg(rows, signature)
    feature = "node_feat_w" if signature == "w_attrs" else "node_feat_wo"
    for row, graph in zip(rows.to_pylist(), graphs, strict=True):
        assert row[feature] == graph.x.tolist()
        assert row["edge_index"] == graph.edge_index.tolist()
        assert [float(row["parameters"])] == graph.parameters.tolist()
        flops = float("nan") if row["flops"] is None else float(row["flops"])
        assert graph.flops.dtype == torch.float64
        assert [flops] == pytest.approx(graph.flops.tolist(), nan_ok=True)
        assert torch.equal(graph.y.nan_to_num(-1), graph.flops.nan_to_num(-1))
    batch = next(iter(graphs.batches(len(graphs))))
    assert rows["parameters"].to_pylist() == batch.parameters.tolist()


def test_an_architecture_is_a_graph_with_its_slots_and_sizes(built: Built) -> None:
    rows = built.release.table("architectures", "train")
    for row, graph in zip(rows.to_pylist(), to_pyg(rows), strict=True):
        assert row["node_feat_w"] == graph.x.tolist()
        for name in ("edge_index", "edge_output", "edge_input", "num_outputs"):
            assert row[name] == graph[name].tolist()
        assert [row["opset"], row["depth"]] == [graph.opset.item(), graph.depth.item()]
    assert rows["node_feat_wo"][0].as_py() == to_pyg(rows, "wo_attrs")[0].x.tolist()


def test_an_unknown_signature_is_refused(built: Built) -> None:
    with pytest.raises(DatasetError, match="Expected the signature w_attrs or wo_attrs, got 'both'"):
        to_pyg(built.release.table("prediction", "train"), "both")  # type: ignore[arg-type]


@pytest.mark.parametrize("streaming", [False, True])
def test_a_refused_vocabulary_names_the_config_to_load_instead(built: Built, streaming: bool) -> None:
    rows = datasets.Dataset(built.release.table("vocabulary_wo_attrs", "train"))
    with pytest.raises(DatasetError, match="Rows without a column 'node_feat' cannot become graphs") as caught:
        to_pyg(rows.to_iterable_dataset() if streaming else rows)
    assert "operator_*" in caught.value.hint


def test_a_dictionary_of_splits_and_anything_else_are_refused(built: Built) -> None:
    rows = datasets.Dataset(built.release.table("operator_w_attrs", "train"))
    for wrong in (datasets.DatasetDict(train=rows), rows.to_list(), None):
        with pytest.raises(DatasetError, match=f"Expected the rows of one split, got {type(wrong).__name__}") as caught:
            to_pyg(wrong)
        assert "load(config, 'train')" in caught.value.hint


def test_the_repr_of_graphs_shows_their_number_and_contents(built: Built) -> None:
    rows = built.release.table("dataflow_w_attrs", "test")
    assert f"GraphRows({rows.num_rows} graphs: x, edge_index, pair_index, y)" == repr(to_pyg(rows))


@pytest.mark.parametrize("package", ["torch", "torch_geometric"])
def test_without_torch_the_extra_is_named(built: Built, monkeypatch: pytest.MonkeyPatch, package: str) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingDependencyError, match=package) as caught:
        to_pyg(built.release.table("operator_w_attrs", "train"))
    assert "younger-hf[train]" in caught.value.hint
