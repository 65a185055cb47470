"""Summary: the size of a Dag and the cost of one forward pass, in all and per operator type."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from math import prod

from onnx import TensorProto, helper

from younger_hf.graph.dag import Dag, NodeInput
from younger_hf.graph.onnx_types import dtype_code
from younger_hf.graph.operators.flops import Compute, count_macs
from younger_hf.graph.operators.signatures import operator_name

_PACKED_BITS: Mapping[int, int] = {
    TensorProto.INT4: 4,
    TensorProto.UINT4: 4,
    TensorProto.FLOAT4E2M1: 4,
    TensorProto.INT2: 2,
    TensorProto.UINT2: 2,
}
"""Element type -> bits, for types of which several fit in a byte."""


@dataclass(frozen=True)
class DagSizes:
    """Sizes of a Dag.

    Attributes:
        num_nodes: Number of operators.
        num_edges: Number of data flows, parallel ones included.
        depth: Number of operators on the longest path.
        num_parameters: Number of parameter elements, each shared parameter once.
        parameter_bytes: Bytes of the parameters in their element types, 0 for text and unknown
            types.
        operators: Operator type -> count, most frequent first.
        opset: Version of the default operator set; 0 if no node uses it.
    """

    num_nodes: int
    num_edges: int
    depth: int
    num_parameters: int
    parameter_bytes: int
    operators: dict[str, int]
    opset: int


@dataclass(frozen=True)
class DagSummary(DagSizes):
    """Sizes of a Dag, and the cost of one forward pass.

    Attributes:
        macs: Multiply-accumulates of convolutions, matrix products, einsum, recurrent layers and
            attention; a lower bound if there are uncounted operators.
        flops: Floating-point operations, two per multiply-accumulate.
        uncounted: Operator -> number of its nodes whose share in `macs` is unknown, see
            `flops.Compute`.
    """

    macs: int
    flops: int
    uncounted: dict[str, int]


@dataclass(frozen=True)
class OperatorShare:
    """The share of one operator type in a Dag.

    Attributes:
        operator: Its name, preceded by the domain unless that is the default one.
        count: Number of nodes.
        num_parameters: Elements of the parameters that its nodes read first.
        macs: Multiply-accumulates of its nodes, each run once.
    """

    operator: str
    count: int
    num_parameters: int
    macs: int


def sizes(dag: Dag) -> DagSizes:
    """Return the sizes of a Dag, which need no inference."""
    histogram: dict[str, int] = {}
    for domain, op_type in zip(dag.domains, dag.op_types, strict=True):
        name = operator_name(domain, op_type)
        histogram[name] = histogram.get(name, 0) + 1
    parameters = _parameters(dag)
    default = [int(v) for v, domain in zip(dag.opset_versions, dag.domains, strict=True) if not domain]
    return DagSizes(
        num_nodes=dag.num_nodes,
        num_edges=dag.num_edges,
        depth=int(dag.levels.max()) + 1 if dag.num_nodes else 0,
        num_parameters=sum(map(_num_elements, parameters)),
        parameter_bytes=sum(map(_num_bytes, parameters)),
        operators=dict(sorted(histogram.items(), key=lambda item: (-item[1], item[0]))),
        opset=max(default, default=0),
    )


def summarise(dag: Dag, dynamic_size: int = 1) -> DagSummary:
    """Return the sizes and the compute of a Dag; `dynamic_size` as in `infer_values`."""
    return with_compute(sizes(dag), count_macs(dag, dynamic_size))


def with_compute(measured: DagSizes, compute: Compute) -> DagSummary:
    """Return sizes and compute as one summary."""
    values = {field.name: getattr(measured, field.name) for field in fields(measured)}
    return DagSummary(**values, macs=compute.macs, flops=compute.flops, uncounted=compute.uncounted)


def operator_shares(dag: Dag, compute: Compute) -> tuple[OperatorShare, ...]:
    """Return the share of each operator type in a Dag, most frequent first."""
    names = [operator_name(domain, op_type) for domain, op_type in zip(dag.domains, dag.op_types, strict=True)]
    parameters, macs = dict.fromkeys(names, 0), dict.fromkeys(names, 0)
    for item in _parameters(dag):
        parameters[names[item.node]] += _num_elements(item)
    for name, count in zip(names, compute.node_macs, strict=True):
        macs[name] += count or 0
    return tuple(
        OperatorShare(name, count, parameters[name], macs[name]) for name, count in sizes(dag).operators.items()
    )


def _parameters(dag: Dag) -> list[NodeInput]:
    """Return each parameter of known shape once, as its first reader reads it."""
    found: dict[str, NodeInput] = {}
    for item in dag.inputs:
        if item.kind == "parameter" and item.shape is not None and min(item.shape, default=0) >= 0:
            found.setdefault(item.name, item)
    return list(found.values())


def _num_elements(item: NodeInput) -> int:
    return prod(item.shape or ())


def _num_bytes(item: NodeInput) -> int:
    code = dtype_code(item.dtype)
    if code in (TensorProto.UNDEFINED, TensorProto.STRING):
        return 0
    bits = _PACKED_BITS.get(code) or 8 * int(helper.tensor_dtype_to_np_dtype(code).itemsize)
    return -(-_num_elements(item) * bits // 8)
