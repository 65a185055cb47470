"""Operators over constants: what is known of what they give. Nothing of more than 64 elements is computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import prod

import numpy as np
import numpy.typing as npt
import onnx
from onnx import AttributeProto, TensorProto

from younger_hf.graph.onnx_types import INTEGER_NAMES, INTEGER_TYPES, MAX_ELEMENTS, dtype_code, type_name, type_shape
from younger_hf.graph.operators.constant_info import NOTHING, ConstantValue, Known
from younger_hf.graph.operators.inference_guards import INFERENCE_ERRORS, infer_types
from younger_hf.graph.operators.node_protos import make_node
from younger_hf.graph.operators.signatures import LONGEST_KEY, find_schema

_RANDOM = {"RandomNormalLike", "RandomUniformLike", "Bernoulli", "Multinomial", "Dropout"}
_NO_TENSOR = {"SequenceConstruct", "SequenceInsert", "SequenceErase", "SplitToSequence", "Optional"}

NOT_FOLDED = frozenset(_RANDOM | _NO_TENSOR)
"""Operators that stay although their inputs are constant: their output is random, or no tensor and so nothing that a parameter could be."""


EVALUATED_OPERATORS = frozenset(
    """
    Abs Add And ArgMax ArgMin BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Cast CastLike Ceil Clip Concat ConstantOfShape CumSum Div
    Equal Exp Expand Flatten Floor Gather GatherElements GatherND Greater GreaterOrEqual Identity Less LessOrEqual Log Max Mean
    Min Mod Mul Neg NonZero Not OneHot Or Pow Range Reciprocal ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum Reshape Round
    ScatterElements ScatterND Shape Sign Size Slice Sqrt Squeeze Sub Sum Tile Transpose Trilu Unsqueeze Where Xor
    """.split()  # noqa: SIM905 - a name a line would fill a page
)
"""Operators of shape arithmetic. The work of each is bounded by what it reads and gives, which that of a pooling, a convolution or an
einsum is not; and none gives the bits of a float as an integer, as BitCast does."""

Array = npt.NDArray[np.generic]

MOST_SLOTS = 256
"""Operators with more inputs or outputs are not looked into."""
MOST_AXES = 64
"""Shapes with more axes are not followed; numpy has no larger ones either."""

_EVALUATED = INTEGER_TYPES | {TensorProto.BOOL, TensorProto.FLOAT, TensorProto.DOUBLE}


def constant_inputs(values: Sequence[object]) -> tuple[Known | None, ...] | None:
    """What is known of a node's inputs if one of them is constant and none is anything else but absent; else None.

    Args:
        values: For each input what is known of a constant (a plain tuple), None if it is absent, or anything else.
    """
    some = False
    for value in values:
        if type(value) is tuple:
            some = True
        elif value is not None:
            return None
    return tuple(values) if some else None  # type: ignore[arg-type]  # all are plain tuples or None


def fold(node: onnx.NodeProto, inputs: Sequence[ConstantValue | None], opset_version: int) -> list[ConstantValue]:
    """The outputs of a node over constants (`constant_inputs`), under their names; see `fold_known`."""
    encoded = tuple([attribute.SerializeToString() for attribute in node.attribute])
    known = tuple([None if value is None else value.known for value in inputs])
    results = fold_known(node.op_type, encoded, known, len(node.output), opset_version)
    return [ConstantValue(name, *result) for name, result in zip(node.output, results, strict=True)]


def fold_known(
    op_type: str, encoded: tuple[bytes, ...], inputs: tuple[Known | None, ...], num_outputs: int, opset_version: int
) -> tuple[Known, ...]:
    """What is known of the outputs of a standard operator over constants.

    Args:
        op_type: The operator.
        encoded: The wire format of each of its attributes.
        inputs: What is known of each input, None for an absent one.
        num_outputs: How many outputs the node has.
        opset_version: Version of the default operator set.

    Returns:
        One item an output, with whatever is known of it.
    """
    short = sum(map(len, encoded)) <= LONGEST_KEY
    return (_fold if short else _fold.__wrapped__)(op_type, opset_version, encoded, inputs, num_outputs)


@lru_cache(maxsize=4096)
def _fold(
    op_type: str, opset_version: int, attributes: tuple[bytes, ...], inputs: tuple[Known | None, ...], num_outputs: int
) -> tuple[Known, ...]:
    """What is known of the outputs of an operator over constants; models repeat themselves, so that most are remembered."""
    results = [NOTHING] * num_outputs
    schema = find_schema(op_type, "", opset_version)
    if schema is None or not _is_modest(num_outputs, inputs):
        return tuple(results)
    values = {f"i{slot}": value for slot, value in enumerate(inputs) if value is not None}
    names = [f"i{slot}" if f"i{slot}" in values else "" for slot in range(len(inputs))]
    outputs = [f"o{slot}" for slot in range(num_outputs)]
    node = make_node(op_type, names, outputs, map(AttributeProto.FromString, attributes))
    types = {name: _type_proto(*value) for name, value in values.items() if value[0]}
    try:
        data = {name: _tensor_proto(name, *value) for name, value in values.items() if _is_complete(*value)}
        inferred = infer_types(node, schema, types, data, opset_version)
    except INFERENCE_ERRORS:
        inferred = {}
    for slot, name in enumerate(node.output):
        if name in inferred:
            results[slot] = (type_name(inferred[name]), _complete(type_shape(inferred[name])), None)
    if num_outputs == 1:
        results[0] = _evaluate(node, list(inputs), results[0], opset_version)
    return tuple(results)


def _evaluate(node: onnx.NodeProto, inputs: Sequence[Known | None], output: Known, opset_version: int) -> Known:
    """The output with its values, if they are few and follow from few known ones or from a known shape."""
    dtype, shape, _ = output
    if dtype_code(dtype) not in _EVALUATED:
        return output
    if (
        node.op_type == "Range"
        and shape is not None
        and min(shape, default=0) <= MAX_ELEMENTS
        and not _is_short_range(inputs)
    ):
        return dtype, None, None
    if shape is not None and 0 in shape:
        return dtype, shape, ()
    first = inputs[0]
    if node.op_type in ("Shape", "Size") and not node.attribute and first is not None and first[1] is not None:
        dims = first[1]
        if min(dims, default=0) < 0 or len(dims) > MAX_ELEMENTS:
            return output
        if node.op_type == "Shape":
            return dtype, (len(dims),), dims
        return (dtype, (), (prod(dims),)) if prod(dims) < 1 << 63 else output
    if not all(value is None or _is_complete(*value) for value in inputs):
        return output
    if not (_stays_small(node.op_type, inputs) if shape is None else _size(shape) <= MAX_ELEMENTS):
        return output
    if node.op_type not in EVALUATED_OPERATORS:
        return output
    feeds = {f"i{slot}": _array(*value) for slot, value in enumerate(inputs) if value is not None}
    results = evaluate_node(node, feeds, opset_version)
    if results is None:
        return output
    array = results[0]
    if array.size > MAX_ELEMENTS or array.dtype.kind not in ("iu" if dtype in INTEGER_NAMES else "iubf"):
        return output
    return dtype, array.shape, tuple(array.ravel().tolist())


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


def _is_modest(num_outputs: int, inputs: Sequence[Known | None]) -> bool:
    if max(num_outputs, len(inputs)) > MOST_SLOTS:
        return False
    return all(value is None or value[1] is None or len(value[1]) <= MOST_AXES for value in inputs)


def _is_short_range(inputs: Sequence[Known | None]) -> bool:
    """Whether a Range has few elements; onnx's own count overflows where its ends are far apart."""
    values = [value[2] for value in inputs if value is not None and value[2]]
    if len(values) != 3:
        return False
    start, limit, delta = (value[0] for value in values)
    return delta != 0 and abs((limit - start) / delta) <= MAX_ELEMENTS  # false for NaN too


def _stays_small(op_type: str, inputs: Sequence[Known | None]) -> bool:
    """Whether an output whose size onnx does not infer has no more than `MAX_ELEMENTS` elements all the same."""
    if op_type == "OneHot" and len(inputs) == 3 and all(inputs):
        indices, depth = (value[2] or () for value in inputs[:2] if value is not None)
        return len(depth) == 1 and len(indices) * abs(depth[0]) <= MAX_ELEMENTS
    return op_type == "NonZero"


def _complete(shape: tuple[int, ...] | None) -> tuple[int, ...] | None:
    return None if shape is None or min(shape, default=0) < 0 else shape


def _is_complete(dtype: str, shape: tuple[int, ...] | None, values: tuple[int | float, ...] | None) -> bool:
    return values is not None and shape is not None and dtype != ""


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for dim in shape:
        size *= max(dim, 0)
        if size > MAX_ELEMENTS:
            break
    return size


def _type_proto(dtype: str, shape: tuple[int, ...] | None, values: object) -> onnx.TypeProto:
    return onnx.helper.make_tensor_type_proto(dtype_code(dtype), shape)


def _array(dtype: str, shape: tuple[int, ...] | None, values: tuple[int | float, ...] | None) -> Array:
    return np.array(values, dtype=onnx.helper.tensor_dtype_to_np_dtype(dtype_code(dtype))).reshape(shape or ())


def _tensor_proto(
    name: str, dtype: str, shape: tuple[int, ...] | None, values: tuple[int | float, ...] | None
) -> TensorProto:
    return onnx.numpy_helper.from_array(_array(dtype, shape, values), name)
