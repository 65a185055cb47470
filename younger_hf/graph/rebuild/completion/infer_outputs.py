"""Outputs of a completed operator: types and shapes by ONNX's inference, values if known."""

from __future__ import annotations

from math import prod

import numpy as np
import onnx
from onnx import NodeProto, helper, numpy_helper

from younger_hf.errors import RebuildError
from younger_hf.files import first_line
from younger_hf.graph.onnx_types import FLOAT_TYPES, MAX_ELEMENTS
from younger_hf.graph.operators.folding import evaluate_node
from younger_hf.graph.operators.inference_guards import INFERENCE_ERRORS, infer_types
from younger_hf.graph.rebuild.completion.candidates import Candidate
from younger_hf.graph.rebuild.completion.completed_operator import Operator, write_operator
from younger_hf.graph.rebuild.completion.tensor_values import (
    LARGEST_TENSOR,
    Array,
    Parameter,
    Value,
    proto_of,
)

_RANDOM = frozenset(
    ("RandomNormal", "RandomUniform", "RandomNormalLike", "RandomUniformLike", "Multinomial", "Bernoulli")
)


def infer_outputs(node: int, operator: Operator, candidate: Candidate, num_outputs: int) -> tuple[Value, ...]:
    """Infer the outputs of an operator that is completed in a certain way.

    Args:
        node: Number of the node.
        operator: Its class.
        candidate: What it reads.
        num_outputs: How many outputs it must have.

    Raises:
        RebuildError: If ONNX's shape inference refuses it, or an output's shape is unknown, too
            large or without elements.
    """
    _check_inputs(operator, candidate)
    inputs = ["" if value is None else f"i{slot}" for slot, value in enumerate(candidate.inputs)]
    outputs = [f"o{number}" for number in range(num_outputs)]
    proto = write_operator(operator, candidate.attributes, inputs, outputs, node)
    types = {name: proto_of(value) for name, value in zip(inputs, candidate.inputs, strict=True) if value is not None}
    known = {
        name: value.data
        for name, value in zip(inputs, candidate.inputs, strict=True)
        if isinstance(value, Value | Parameter) and value.data is not None
    }
    data = {name: numpy_helper.from_array(array) for name, array in known.items()}
    try:
        found = infer_types(proto, operator.schema, types, data, operator.opset)
    except INFERENCE_ERRORS as error:
        raise RebuildError(first_line(error)[:200]) from error
    arrays = _evaluate(operator, proto, candidate, known) or []
    values = dict(zip(outputs, arrays, strict=False))
    return tuple(_output(node, number, found.get(name), values.get(name)) for number, name in enumerate(outputs))


def _check_inputs(operator: Operator, candidate: Candidate) -> None:
    """Check what every runtime requires but ONNX's inference ignores."""
    if operator.op_type == "Gemm" and len(candidate.inputs) >= 2:
        first, second = candidate.inputs[:2]
        if first is not None and second is not None and len(first.shape) == len(second.shape) == 2:
            inner = first.shape[0 if operator.get("transA", 0) else 1]
            if inner != second.shape[1 if operator.get("transB", 0) else 0]:
                raise RebuildError(f"The matrices {list(first.shape)} and {list(second.shape)} do not fit.")
    present = [value for value in candidate.inputs if value is not None]
    floats = any(value.dtype in FLOAT_TYPES for value in present)
    if operator.op_type == "Mod" and floats and not operator.get("fmod", 0):
        raise RebuildError("Mod of floats requires fmod = 1.")
    for value in present:
        if prod(value.shape) > LARGEST_TENSOR:
            raise RebuildError(f"A tensor of shape {list(value.shape)} is too large.")


def _output(node: int, number: int, kind: onnx.TypeProto | None, data: Array | None) -> Value:
    if data is not None:
        return Value(node, number, helper.np_dtype_to_tensor_dtype(data.dtype), data.shape, data)
    sizes = kind.tensor_type.shape.dim if kind is not None and kind.tensor_type.HasField("shape") else None
    if kind is None or sizes is None or not all(size.HasField("dim_value") for size in sizes):
        raise RebuildError("The shape of its output depends on values.")
    shape = tuple(size.dim_value for size in sizes)
    if not 0 < prod(shape) <= LARGEST_TENSOR or min(shape, default=1) < 0:
        raise RebuildError(f"Its output would have the shape {list(shape)}.")
    return Value(node, number, kind.tensor_type.elem_type, shape)


def _evaluate(
    operator: Operator, proto: NodeProto, candidate: Candidate, known: dict[str, Array]
) -> list[Array] | None:
    """Compute the values of the outputs.

    Return None if an input's are unknown, or an output has too many elements to follow.
    """
    present = [value for value in candidate.inputs if value is not None]
    if operator.op_type == "Shape" and candidate.inputs and candidate.inputs[0] is not None:
        start, end = operator.get("start", 0), operator.get("end")
        return [np.array(candidate.inputs[0].shape, dtype=np.int64)[start:end]]
    if operator.domain or operator.op_type in _RANDOM or not present or len(known) < len(present):
        return None
    arrays = evaluate_node(proto, known, operator.opset)
    return arrays if arrays is not None and all(0 < array.size <= MAX_ELEMENTS for array in arrays) else None
