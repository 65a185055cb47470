"""Constant folding: the outputs of operators over constants, as far as they are small."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import prod

import numpy as np
import numpy.typing as npt
import onnx
from onnx import AttributeProto, TensorProto

from younger_hf.graph.onnx_types import (
    INTEGER_NAMES,
    INTEGER_TYPES,
    MAX_ELEMENTS,
    dtype_code,
    tensor_array,
    tensor_proto,
    type_name,
    type_shape,
)
from younger_hf.graph.operators.inference_guards import INFERENCE_ERRORS, MAX_AXES, infer_types
from younger_hf.graph.operators.node_protos import make_node
from younger_hf.graph.operators.signatures import LONGEST_KEY, find_schema
from younger_hf.graph.values import UNKNOWN, TensorInfo

_RANDOM = {"RandomNormalLike", "RandomUniformLike", "Bernoulli", "Multinomial", "Dropout"}
_NOT_TENSORS = {"SequenceConstruct", "SequenceInsert", "SequenceErase", "SplitToSequence", "Optional"}

NOT_FOLDED = frozenset(_RANDOM | _NOT_TENSORS)
"""Operators that stay although their inputs are constant: their outputs are random or not
tensors."""


EVALUATED_OPERATORS = frozenset(
    """
    Abs Add And ArgMax ArgMin BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Cast CastLike Ceil Clip
    Concat ConstantOfShape CumSum Div Equal Exp Expand Flatten Floor Gather GatherElements GatherND
    Greater GreaterOrEqual Identity Less LessOrEqual Log Max Mean Min Mod Mul Neg NonZero Not OneHot
    Or Pow Range Reciprocal ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum Reshape Round
    ScatterElements ScatterND Shape Sign Size Slice Sqrt Squeeze Sub Sum Tile Transpose Trilu
    Unsqueeze Where Xor
    """.split()  # noqa: SIM905 - one name per line would fill a page
)
"""Operators of shape arithmetic.

The work of each is bounded by the sizes of its inputs and outputs, unlike that of a pooling, a
convolution or an einsum, and none returns the bits of a float as an integer, as BitCast does.
"""

Array = npt.NDArray[np.generic]
Constants = Sequence[TensorInfo | None]
"""The inputs of an operator, None for absent ones."""

MAX_SLOTS = 256
"""Maximum number of inputs or outputs of an operator that is evaluated."""

_EVALUATED = INTEGER_TYPES | {TensorProto.BOOL, TensorProto.FLOAT, TensorProto.DOUBLE}


def constant_inputs(values: Sequence[object]) -> tuple[TensorInfo | None, ...] | None:
    """Return a node's inputs if all are constants or absent and not all absent, else None.

    Args:
        values: For each input a `TensorInfo` if it is a constant, None if it is absent, or any
            other object.
    """
    found = False
    for value in values:
        if type(value) is TensorInfo:
            found = True
        elif value is not None:
            return None
    return tuple(values) if found else None  # type: ignore[arg-type]  # all are TensorInfo or None


def fold(
    op_type: str, encoded: tuple[bytes, ...], inputs: tuple[TensorInfo | None, ...], num_outputs: int, version: int
) -> tuple[TensorInfo, ...]:
    """Infer the outputs of a standard operator over constants.

    Args:
        op_type: The operator.
        encoded: The wire format of each of its attributes.
        inputs: Its inputs, None for an absent one.
        num_outputs: Number of its outputs.
        version: Version of the default operator set.

    Returns:
        The type and shape of each output, and its elements if they are few, as far as known.
    """
    short = sum(map(len, encoded)) <= LONGEST_KEY
    return (_fold if short else _fold.__wrapped__)(op_type, version, encoded, inputs, num_outputs)


@lru_cache(maxsize=4096)  # models repeat themselves
def _fold(
    op_type: str, version: int, attributes: tuple[bytes, ...], inputs: tuple[TensorInfo | None, ...], num_outputs: int
) -> tuple[TensorInfo, ...]:
    results = [UNKNOWN] * num_outputs
    schema = find_schema(op_type, "", version)
    if schema is None or not _is_modest(num_outputs, inputs):
        return tuple(results)
    values = {f"i{slot}": value for slot, value in enumerate(inputs) if value is not None}
    names = [f"i{slot}" if f"i{slot}" in values else "" for slot in range(len(inputs))]
    outputs = [f"o{slot}" for slot in range(num_outputs)]
    node = make_node(op_type, names, outputs, map(AttributeProto.FromString, attributes))
    types = {
        name: onnx.helper.make_tensor_type_proto(dtype_code(value.dtype), value.shape)
        for name, value in values.items()
        if value.dtype
    }
    try:
        data = {name: tensor_proto(value, name) for name, value in values.items() if value.is_constant}
        inferred = infer_types(node, schema, types, data, version)
    except INFERENCE_ERRORS:
        inferred = {}
    for slot, name in enumerate(node.output):
        if name in inferred:
            shape = type_shape(inferred[name])
            known_shape = None if shape is None or min(shape, default=0) < 0 else shape
            results[slot] = TensorInfo(type_name(inferred[name]), known_shape)
    if num_outputs == 1:
        results[0] = _evaluate(node, inputs, results[0], version)
    return tuple(results)


def _evaluate(node: onnx.NodeProto, inputs: Constants, output: TensorInfo, version: int) -> TensorInfo:
    """Return the output, with its elements if they are few and follow from known values."""
    dtype, shape, _ = output
    if dtype_code(dtype) not in _EVALUATED:
        return output
    if node.op_type == "Range" and _claims_few(shape) and not _is_short_range(inputs):
        return TensorInfo(dtype)
    if shape is not None and 0 in shape:
        return TensorInfo(dtype, shape, ())
    first = inputs[0]
    if node.op_type in ("Shape", "Size") and not node.attribute and first is not None and first.shape is not None:
        return _measure(node.op_type, first.shape, output)
    if not _is_evaluated(node.op_type, inputs, shape):
        return output
    feeds = {f"i{slot}": tensor_array(value) for slot, value in enumerate(inputs) if value is not None}
    results = evaluate_node(node, feeds, version)
    if results is None:
        return output
    array = results[0]
    if array.size > MAX_ELEMENTS or array.dtype.kind not in ("iu" if dtype in INTEGER_NAMES else "iubf"):
        return output
    return TensorInfo(dtype, array.shape, tuple(array.ravel().tolist()))


def _measure(op_type: str, dims: tuple[int, ...], output: TensorInfo) -> TensorInfo:
    """Return the output of Shape or Size for a tensor of these dimensions."""
    if min(dims, default=0) < 0 or len(dims) > MAX_ELEMENTS:
        return output
    if op_type == "Shape":
        return TensorInfo(output.dtype, (len(dims),), dims)
    return TensorInfo(output.dtype, (), (prod(dims),)) if prod(dims) < 1 << 63 else output


def evaluate_node(node: onnx.NodeProto, feeds: Mapping[str, Array], opset_version: int) -> list[Array] | None:
    """The outputs of a node of ONNX's own operator set in onnx's reference evaluator.

    Args:
        node: The node.
        feeds: The values of all of its inputs, by name.
        opset_version: Version of the operator set.

    Returns:
        One array per output; None if the evaluator fails, as it does in many ways on odd nodes.
    """
    from onnx.reference import ReferenceEvaluator  # slow to import, and few models need it

    try:
        results = ReferenceEvaluator(node, opsets={"": opset_version}).run(None, dict(feeds))
    except Exception:
        return None
    return [np.asarray(result) for result in results]


def _is_modest(num_outputs: int, inputs: Constants) -> bool:
    if max(num_outputs, len(inputs)) > MAX_SLOTS:
        return False
    return all(value is None or value.shape is None or len(value.shape) <= MAX_AXES for value in inputs)


def _claims_few(shape: tuple[int, ...] | None) -> bool:
    return shape is not None and min(shape, default=0) <= MAX_ELEMENTS


def _is_short_range(inputs: Constants) -> bool:
    """Return whether a Range has few elements.

    onnx's own count overflows if its ends are far apart.
    """
    values = [value.values for value in inputs if value is not None and value.values]
    if len(values) != 3:
        return False
    start, limit, delta = (value[0] for value in values)
    return delta != 0 and abs((limit - start) / delta) <= MAX_ELEMENTS  # false for NaN too


def _is_evaluated(op_type: str, inputs: Constants, shape: tuple[int, ...] | None) -> bool:
    """Return whether an operator's inputs are known and its output is small."""
    if not all(value is None or value.is_constant for value in inputs):
        return False
    small = _stays_small(op_type, inputs) if shape is None else _is_small(shape)
    return small and op_type in EVALUATED_OPERATORS


def _stays_small(op_type: str, inputs: Constants) -> bool:
    """Return whether an output is small although onnx cannot infer its size."""
    if op_type == "OneHot" and len(inputs) == 3 and all(inputs):
        indices, depth = (value.values or () for value in inputs[:2] if value is not None)
        return len(depth) == 1 and len(indices) * abs(depth[0]) <= MAX_ELEMENTS
    return op_type == "NonZero"


def _is_small(shape: tuple[int, ...]) -> bool:
    size = 1
    for dim in shape:
        size *= max(dim, 0)
        if size > MAX_ELEMENTS:
            return False
    return True
