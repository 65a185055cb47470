"""Sizes, compute and shares of an architecture."""

from __future__ import annotations

import onnx
import pytest

from tests.graph.models import LIGHT, parse
from younger_hf import Dag, from_onnx
from younger_hf.graph.operators.flops import count_macs
from younger_hf.graph.views.inspection import Port, inspect_dag
from younger_hf.graph.views.summary import operator_shares

TEXT = """<ir_version: 10, opset_import: ["" : 21, "com.microsoft" : 1]>
g (float[n, 4] x) => (float[n, 4] y, z) {
    a = MatMul(x, w)  y = MatMul(a, w)
    b = com.microsoft.Gelu(a)  z = com.custom.Pack(b, h, q, t)
}"""


@pytest.fixture(scope="module")
def dag() -> Dag:
    """Two products with one shared weight, and parameters of odd types."""
    model = onnx.ModelProto.FromString(parse(TEXT))
    for name, kind, dims in (("w", 1, [4, 4]), ("h", 10, [3]), ("q", 22, [5]), ("t", 8, [2])):
        model.graph.initializer.append(onnx.TensorProto(name=name, data_type=kind, dims=dims))
    return from_onnx(model.SerializeToString())


def test_a_shared_parameter_counts_once_and_takes_the_bytes_of_its_type(dag: Dag) -> None:
    sizes = dag.sizes()
    assert 16 + 3 + 5 + 2 == sizes.num_parameters
    assert 16 * 4 + 3 * 2 + 3 == sizes.parameter_bytes  # five 4-bit numbers take three bytes; text takes none
    assert {"MatMul": 2, "com.custom.Pack": 1, "com.microsoft.Gelu": 1} == sizes.operators


def test_the_summary_has_the_sizes_and_the_compute(dag: Dag) -> None:
    summary = dag.summary(dynamic_size=3)
    assert (4, 3, 3, 21) == (summary.num_nodes, summary.num_edges, summary.depth, summary.opset)
    assert (2 * 3 * 4 * 4, 4 * 3 * 4 * 4) == (summary.macs, summary.flops)
    assert {"com.custom.Pack": 1, "com.microsoft.Gelu": 1} == summary.uncounted


def test_shares_add_up() -> None:
    dag = from_onnx(next(path for path in LIGHT if "resnet50" in path.stem))
    summary, shares = dag.summary(), operator_shares(dag, count_macs(dag))
    assert summary.operators == {share.operator: share.count for share in shares}
    assert summary.num_parameters == sum(share.num_parameters for share in shares)
    assert summary.macs == sum(share.macs for share in shares)
    # 53 convolutions and one linear layer, which has 2048 x 1000 products (He et al. 2015, table 1)
    assert 2_048_000 == next(share.macs for share in shares if share.operator == "Gemm")


def test_resnet50_has_the_parameters_and_bytes_that_everyone_counts() -> None:
    # torchvision: 25,557,032 weights and biases; this export also has the running means and
    # variances (2 x 26,560)
    sizes = from_onnx(next(path for path in LIGHT if "resnet50" in path.stem)).sizes()
    assert 25_557_032 + 2 * 26_560 == sizes.num_parameters
    assert 4 * sizes.num_parameters == sizes.parameter_bytes


def test_an_inspection_names_inputs_and_results_with_their_types(dag: Dag) -> None:
    seen = inspect_dag(dag)
    assert (Port("x", "float", (-1, 4)),) == seen.inputs
    assert (Port("y", "float", (-1, 4)), Port("z", "", None)) == seen.outputs
    assert {"": 21, "com.custom": 1, "com.microsoft": 1} == seen.opsets
    assert (dag.wl_hash("w_attrs"), dag.wl_hash("wo_attrs")) == (seen.wl_hash_w_attrs, seen.wl_hash_wo_attrs)


def test_an_architecture_without_operators_has_sizes_of_zero() -> None:
    text = '<ir_version: 8, opset_import: ["" : 17]> g (float[2] x) => (float[2] x) { }'
    summary = from_onnx(parse(text)).summary()
    assert (0, 0, 0, 0, {}) == (
        summary.num_nodes,
        summary.depth,
        summary.num_parameters,
        summary.macs,
        summary.operators,
    )
