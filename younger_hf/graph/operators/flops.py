"""Compute: the multiply-accumulates of an architecture, from inferred shapes.

Convolutions, matrix products, einsum, recurrent layers and attention are counted, which is where
the time goes. Elementwise operators, normalisation, pooling and the addition of a bias are not, as
in fvcore, timm and torch's own counter. One multiply-accumulate (MAC) is two FLOPs, as in
`torch.utils.flop_counter`; fvcore, thop and many papers write "FLOPs" for the number of MACs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

from younger_hf.graph.dag import Dag
from younger_hf.graph.operators.shape_inference import infer_values
from younger_hf.graph.operators.signatures import operator_name
from younger_hf.graph.values import TensorInfo, TensorInfos

FLOPS_PER_MAC = 2
"""A multiplication and an addition."""


class _UnknownShapeError(Exception):
    """A shape that the count needs is unknown."""


_MISFITS = (_UnknownShapeError, AttributeError, LookupError, TypeError, ValueError)
"""Errors of a count whose shapes or attributes are unknown or do not fit the operator."""


@dataclass(frozen=True)
class Compute:
    """The multiply-accumulates of one forward pass.

    Attributes:
        macs: Their number; a lower bound if there are uncounted operators.
        node_macs: Those of each node in one run of it, None where unknown. Length N.
        uncounted: Operator -> number of its nodes whose share is unknown, most frequent first:
            shapes that do not follow from the inputs', operators that onnx does not know, and
            loops with an unknown number of iterations, whose bodies are counted once.
    """

    macs: int
    node_macs: tuple[int | None, ...]
    uncounted: dict[str, int]

    @property
    def flops(self) -> int:
        """Floating-point operations, two per MAC."""
        return FLOPS_PER_MAC * self.macs


def count_macs(dag: Dag, dynamic_size: int = 1, values: TensorInfos | None = None) -> Compute:
    """Count the multiply-accumulates of one forward pass.

    The most expensive branch of an `If` counts, and the body of a `Scan` once per element of its
    sequence.

    Args:
        dag: The architecture.
        dynamic_size: Size assumed for dynamic dimensions of the inputs (batch, sequence), >= 1.
        values: The result of `infer_values(dag, dynamic_size)`, if already computed.

    Example:
        >>> import onnx, onnx.parser
        >>> from younger_hf import from_onnx
        >>> model = onnx.parser.parse_model('''<ir_version: 8, opset_import: ["" : 17]>
        ... g (float[n, 8] x, float[8, 10] w) => (float[n, 10] y) { y = MatMul(x, w) }''')
        >>> count_macs(from_onnx(model.SerializeToString()), dynamic_size=4).macs
        320
    """
    values = infer_values(dag, dynamic_size) if values is None else values
    node_macs = tuple(_node_macs(dag, node, values) for node in range(dag.num_nodes))
    uncounted = [node for node, macs in enumerate(node_macs) if macs is None]
    inside: dict[int, dict[str, int]] = {}  # control-flow node -> branch -> MACs, a branch standing before its node
    total = 0
    for node, own in enumerate(node_macs):
        macs = own or 0
        if node in inside:
            branches, op_type = inside.pop(node), dag.op_types[node]
            iterations = _iterations(dag, node, values)
            if op_type != "If" and iterations is None and any(branches.values()):
                uncounted.append(node)
            macs += max(branches.values()) if op_type == "If" else sum(branches.values()) * (iterations or 1)
        parent = int(dag.parents[node])
        if parent > node:
            branches = inside.setdefault(parent, {})
            branches[dag.branches[node]] = branches.get(dag.branches[node], 0) + macs
        else:
            total += macs
    names: dict[str, int] = {}
    for node in uncounted:
        name = operator_name(dag.domains[node], dag.op_types[node])
        names[name] = names.get(name, 0) + 1
    return Compute(total, node_macs, dict(sorted(names.items(), key=lambda item: (-item[1], item[0]))))


def _iterations(dag: Dag, node: int, values: TensorInfos) -> int | None:
    """Return how often a Scan's body runs; None if unknown, as for a Loop, which may end early."""
    body = next((subgraph for subgraph in dag.subgraphs if subgraph.node == node), None)
    if dag.op_types[node] != "Scan" or body is None:
        return None
    try:
        attributes = json.loads(dag.attributes[node])
        sequence = values.input(node, len(body.formals) - attributes["num_scan_inputs"]).shape
        return sequence[0] if sequence and sequence[0] >= 0 and not any(attributes.get("scan_input_axes", ())) else None
    except _MISFITS:
        return None


def _node_macs(dag: Dag, node: int, values: TensorInfos) -> int | None:
    op_type = dag.op_types[node]
    if dag.domains[node]:
        return None  # the computation of an operator outside the standard set is unknown
    count = _COUNTERS.get(op_type)
    if count is None:
        return 0
    try:
        return count(_Operator(node, json.loads(dag.attributes[node]), values))
    except _MISFITS:
        return None


@dataclass(frozen=True)
class _Operator:
    """One node and the shapes of its inputs and outputs."""

    node: int
    attributes: Mapping[str, Any]
    values: TensorInfos

    def input(self, slot: int) -> tuple[int, ...]:
        return _known(self.values.input(self.node, slot))

    def output(self, slot: int = 0) -> tuple[int, ...]:
        return _known(self.values.output(self.node, slot))

    def has_input(self, slot: int) -> bool:
        return slot in self.values.inputs[self.node]


def _known(value: TensorInfo) -> tuple[int, ...]:
    if value.shape is None or value.size is None:
        raise _UnknownShapeError
    return value.shape


def _convolution(weight: int) -> Callable[[_Operator], int]:
    """Each output element sums over the kernel and its group's input channels.

    The weight is [M, C / group, *kernel].
    """
    return lambda operator: prod(operator.output()) * prod(operator.input(weight)[1:])


def _transposed_convolution(operator: _Operator) -> int:
    """Each input element is spread over the kernel and its group's output channels.

    The weight is [C, M / group, *kernel].
    """
    return prod(operator.input(0)) * prod(operator.input(1)[1:])


def _gemm(operator: _Operator) -> int:
    return prod(operator.output()) * operator.input(0)[0 if operator.attributes.get("transA") else 1]


def _matrix_product(operator: _Operator) -> int:
    """Each output element sums over the last dimension of the first factor."""
    return prod(operator.output()) * operator.input(0)[-1]


def _recurrent(operator: _Operator) -> int:
    """Each step of each sequence is multiplied with W [directions, gates * hidden, input] and R."""
    steps, batch = operator.input(0)[:2]
    return steps * batch * (prod(operator.input(1)) + prod(operator.input(2)))


def _attention(operator: _Operator) -> int:
    """Each query meets each key, and each key's value each output.

    Q is [..., queries, d], K and past are [..., keys, d].
    """
    keys = operator.input(1)[-2] + (operator.input(4)[-2] if operator.has_input(4) else 0)
    return keys * (prod(operator.input(0)) + prod(operator.output()))


def _unknown(operator: _Operator) -> int:
    raise _UnknownShapeError


def _einsum(operator: _Operator) -> int:
    """Operands are contracted from left to right, as torch does without opt_einsum."""
    terms, arrow, result = operator.attributes["equation"].replace(" ", "").partition("->")
    inputs = terms.split(",")
    if "." in terms:
        raise _UnknownShapeError  # the dimensions of an ellipsis have no labels
    sizes: dict[str, int] = {}
    for slot, term in enumerate(inputs):
        for label, size in zip(term, operator.input(slot), strict=True):
            sizes[label] = max(sizes.get(label, 1), size)  # a broadcast dimension is 1 in the other operand
    if not arrow:
        result = "".join(label for label in sizes if terms.count(label) == 1)
    macs, left = 0, set(inputs[0])
    for position, term in enumerate(inputs[1:], start=2):
        right, later = set(term), set(result).union(*inputs[position:])
        left, right = left & (right | later), right & (left | later)  # labels of one operand only are summed first
        macs += prod(sizes[label] for label in left | right)
        left = (left | right) & later
    return macs


_COUNTERS: Mapping[str, Callable[[_Operator], int]] = {
    "Conv": _convolution(1),
    "ConvInteger": _convolution(1),
    "QLinearConv": _convolution(3),
    "DeformConv": _convolution(1),
    "CausalConvWithState": _convolution(1),
    "ConvTranspose": _transposed_convolution,
    "Gemm": _gemm,
    "MatMul": _matrix_product,
    "MatMulInteger": _matrix_product,
    "QLinearMatMul": _matrix_product,
    "Einsum": _einsum,
    "RNN": _recurrent,
    "GRU": _recurrent,
    "LSTM": _recurrent,
    "Attention": _attention,
    "LinearAttention": _unknown,  # depends on the update rule and on how far it is parallel
}
