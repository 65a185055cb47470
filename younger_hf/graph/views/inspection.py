"""Inspection: a full description of one architecture as plain values."""

from __future__ import annotations

from dataclasses import dataclass

from younger_hf.graph.dag import Dag
from younger_hf.graph.operators.flops import count_macs
from younger_hf.graph.operators.shape_inference import infer_values
from younger_hf.graph.views.summary import DagSummary, OperatorShare, operator_shares, sizes, with_compute


@dataclass(frozen=True)
class Port:
    """An input or a result of the model.

    Attributes:
        name: Its name.
        dtype: Element type as in `NodeInput`, `""` if unknown.
        shape: Dimensions as in `NodeInput`; those of a result are inferred if not declared.
    """

    name: str
    dtype: str
    shape: tuple[int, ...] | None


@dataclass(frozen=True)
class Inspection:
    """A full description of one architecture.

    Attributes:
        summary: Sizes and compute.
        shares: The share of each operator type in them, most frequent first.
        inputs: The model's inputs that an operator reads.
        outputs: The model's results that are outputs of operators.
        opsets: Operator-set domain -> version.
        wl_hash_w_attrs: Identity of the architecture.
        wl_hash_wo_attrs: Identity of its skeleton, attributes left out.
    """

    summary: DagSummary
    shares: tuple[OperatorShare, ...]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    opsets: dict[str, int]
    wl_hash_w_attrs: str
    wl_hash_wo_attrs: str


def inspect_dag(dag: Dag, dynamic_size: int = 1) -> Inspection:
    """Describe an architecture; `dynamic_size` as in `infer_values`."""
    values = infer_values(dag, dynamic_size)
    compute = count_macs(dag, dynamic_size, values)
    inputs = {item.name: Port(item.name, item.dtype, item.shape) for item in dag.inputs if item.kind == "graph_input"}
    outputs = []
    for output in dag.outputs:
        known = values.output(output.node, output.slot)
        shape = known.shape if output.shape is None else output.shape
        outputs.append(Port(output.name, output.dtype or known.dtype, shape))
    return Inspection(
        summary=with_compute(sizes(dag), compute),
        shares=operator_shares(dag, compute),
        inputs=tuple(inputs.values()),
        outputs=tuple(outputs),
        opsets=dict(sorted(zip(dag.domains, dag.opset_versions.tolist(), strict=True))),
        wl_hash_w_attrs=dag.wl_hash("w_attrs"),
        wl_hash_wo_attrs=dag.wl_hash("wo_attrs"),
    )
