"""What an operator gives for what it reads: types and shapes by ONNX's inference, values where they follow from shapes."""

from __future__ import annotations

from math import prod

import numpy as np
import onnx
from onnx import NodeProto, helper, numpy_helper

from younger_hf.errors import RebuildError
from younger_hf.files import first_line
from younger_hf.graph.onnx_types import FLOAT_TYPES
from younger_hf.graph.operators.folding import evaluate_node
from younger_hf.graph.operators.inference_guards import INFERENCE_ERRORS, infer_types
from younger_hf.graph.operators.node_protos import make_node
from younger_hf.graph.rebuild.completion.candidates import Proposal
from younger_hf.graph.rebuild.completion.completed_operator import Operator, with_attributes
from younger_hf.graph.rebuild.completion.tensor_values import (
    KNOWN,
    LARGEST,
    Array,
    ModelInput,
    Parameter,
    Value,
    proto_of,
)

IR_VERSION = 10
"""Version of the file format of made-up models."""

_RANDOM = frozenset(
    ("RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike", "Multinomial", "Bernoulli")
)


def follow(node: int, operator: Operator, proposal: Proposal, num_outputs: int) -> tuple[Value, ...]:
    """The outputs of an operator that is completed in a certain way.

    Args:
        node: Number of the node.
        operator: Its class.
        proposal: What it reads.
        num_outputs: How many outputs it must have.

    Raises:
        RebuildError: If ONNX's shape inference refuses it, a shape is not known or too large, or has no elements.
    """
    _check(operator, proposal)
    read = list(enumerate(proposal.inputs))
    inputs = ["" if value is None else f"i{slot}" for slot, value in read]
    outputs = [f"o{number}" for number in range(num_outputs)]
    attributes = with_attributes(operator, proposal.attributes)
    proto = make_node(operator.op_type, inputs, outputs, attributes, domain=operator.domain)
    types = {f"i{slot}": proto_of(value) for slot, value in read if value is not None}
    known = {
        f"i{slot}": value.data
        for slot, value in read
        if isinstance(value, Value | Parameter) and value.data is not None
    }
    data = {name: numpy_helper.from_array(array) for name, array in known.items()}
    try:
        found = infer_types(proto, operator.schema, types, data, operator.opset)
    except INFERENCE_ERRORS as error:
        raise RebuildError(first_line(error)[:200]) from error
    values = _values(operator, proto, proposal, known)
    return tuple(
        _output(node, number, found.get(name), values[number] if values is not None and number < len(values) else None)
        for number, name in enumerate(outputs)
    )


def _check(operator: Operator, proposal: Proposal) -> None:
    """What ONNX's inference does not look at but every runtime asks for."""
    if operator.op_type == "Gemm" and len(proposal.inputs) >= 2:
        first, second = proposal.inputs[:2]
        if first is not None and second is not None and len(first.shape) == len(second.shape) == 2:
            inner = first.shape[0 if operator.get("transA", 0) else 1]
            if inner != second.shape[1 if operator.get("transB", 0) else 0]:
                raise RebuildError(f"The matrices {list(first.shape)} and {list(second.shape)} do not fit.")
    floats = any(value is not None and value.dtype in FLOAT_TYPES for value in proposal.inputs)
    if operator.op_type == "Mod" and floats and not operator.get("fmod", 0):
        raise RebuildError("Mod of floats must be that of C (fmod = 1).")
    for value in proposal.inputs:
        if value is not None and prod(value.shape) > LARGEST:
            raise RebuildError(f"A tensor of shape {list(value.shape)} is too large.")


def _output(node: int, number: int, kind: onnx.TypeProto | None, data: Array | None) -> Value:
    if data is not None:
        dtype = helper.np_dtype_to_tensor_dtype(data.dtype)
        return Value(node, number, dtype, data.shape, data)
    if kind is None or not kind.HasField("tensor_type") or not kind.tensor_type.HasField("shape"):
        raise RebuildError("The shape of its output depends on values.")
    sizes = kind.tensor_type.shape.dim
    if not all(size.HasField("dim_value") for size in sizes):
        raise RebuildError("The shape of its output depends on values.")
    shape = tuple(size.dim_value for size in sizes)
    if not 0 < prod(shape) <= LARGEST or min(shape, default=1) < 0:
        raise RebuildError(f"Its output would have the shape {list(shape)}.")
    return Value(node, number, kind.tensor_type.elem_type, shape)


def _values(operator: Operator, proto: NodeProto, proposal: Proposal, known: dict[str, Array]) -> list[Array] | None:
    """The outputs' values if those of all inputs are known; None if not, or if they are more than are followed."""
    if operator.op_type == "Shape" and proposal.inputs and proposal.inputs[0] is not None:
        start, end = operator.get("start", 0), operator.get("end")
        return [np.array(proposal.inputs[0].shape, dtype=np.int64)[start:end]]
    read = [value for value in proposal.inputs if value is not None]
    if operator.domain or operator.op_type in _RANDOM or not read or len(known) < len(read):
        return None
    if any(isinstance(value, ModelInput) for value in read):
        return None
    arrays = evaluate_node(proto, known, operator.opset)
    return arrays if arrays is not None and all(0 < array.size <= KNOWN for array in arrays) else None
