"""Constants: what is known of values that do not depend on the model's inputs, and of operators over them.

Only element type, shape and, for integer tensors of at most 64 elements, the values are ever known. Nothing larger is
computed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import AttributeProto, TensorProto

from younger_hf.graph.operators import canonical_domain, find_schema
from younger_hf.graph.types import (
    INTEGER_TYPES,
    MAX_ELEMENTS,
    dtype_code,
    dtype_name,
    tensor_integers,
    type_name,
    type_shape,
)

NOT_FOLDED = frozenset({"RandomNormalLike", "RandomUniformLike", "Bernoulli", "Multinomial", "Dropout"})
"""Operators whose output is random even when their inputs are constant."""


_EVALUATED = INTEGER_TYPES | {TensorProto.BOOL, TensorProto.FLOAT, TensorProto.DOUBLE}


@dataclass(frozen=True)
class ConstantValue:
    """A value that does not depend on the model's inputs.

    Attributes:
        name: Its name in the model.
        dtype: Element type in lower case, `""` if not known.
        shape: Dimensions, None if not known.
        values: Elements of an integer tensor of at most 64 elements, or of another one that follows from such; else None. A float of
            the file is never among them.
    """

    name: str
    dtype: str = ""
    shape: tuple[int, ...] | None = None
    values: tuple[int | float, ...] | None = None

    @property
    def is_structural(self) -> bool:
        """Whether it is an integer tensor whose values belong to the architecture."""
        return self.values is not None and dtype_code(self.dtype) in INTEGER_TYPES


def constant_of_tensor(name: str, tensor: TensorProto) -> ConstantValue:
    """What is kept of a tensor: never more than type, shape and few integers."""
    shape = tuple(max(dim, -1) for dim in tensor.dims)
    return ConstantValue(name, dtype_name(tensor.data_type), shape, tensor_integers(tensor, MAX_ELEMENTS))


def constant_of_node(node: onnx.NodeProto) -> ConstantValue:
    """What a `Constant` node says, whichever of its attributes holds the value."""
    name = node.output[0] if node.output else ""
    for attribute in node.attribute:
        if attribute.type == AttributeProto.TENSOR:
            return constant_of_tensor(name, attribute.t)
        if attribute.type == AttributeProto.SPARSE_TENSOR:
            return ConstantValue(
                name, dtype_name(attribute.sparse_tensor.values.data_type), tuple(attribute.sparse_tensor.dims)
            )
        if attribute.type == AttributeProto.INT:
            return ConstantValue(name, "int64", (), (attribute.i,))
        if attribute.type == AttributeProto.INTS:
            few = len(attribute.ints) <= MAX_ELEMENTS
            return ConstantValue(name, "int64", (len(attribute.ints),), tuple(attribute.ints) if few else None)
        if attribute.type == AttributeProto.FLOAT:
            return ConstantValue(name, "float", ())
        if attribute.type == AttributeProto.FLOATS:
            return ConstantValue(name, "float", (len(attribute.floats),))
        if attribute.type == AttributeProto.STRING:
            return ConstantValue(name, "string", ())
        if attribute.type == AttributeProto.STRINGS:
            return ConstantValue(name, "string", (len(attribute.strings),))
    return ConstantValue(name)


def is_foldable(node: onnx.NodeProto) -> bool:
    """Whether the node's outputs are constant when all its inputs are: a standard, deterministic operator without sub-graphs."""
    if canonical_domain(node.domain) or node.op_type in NOT_FOLDED or not any(node.input):
        return False
    return not any(attribute.type in (AttributeProto.GRAPH, AttributeProto.GRAPHS) for attribute in node.attribute)


def fold(node: onnx.NodeProto, inputs: Sequence[ConstantValue | None], opset_version: int) -> list[ConstantValue]:
    """The outputs of a foldable node over constants.

    Args:
        node: The node.
        inputs: What is known of each input, None for an absent one.
        opset_version: Version of the default operator set.

    Returns:
        One value an output, with whatever is known of it.
    """
    schema = find_schema(node.op_type, "", opset_version)
    values = [ConstantValue(name) for name in node.output]
    if schema is None:
        return values
    types = {v.name: _type_proto(v) for v in inputs if v is not None and v.dtype}
    data = {v.name: _tensor_proto(v) for v in inputs if v is not None and v.values is not None and v.shape is not None}
    try:
        opset = [onnx.helper.make_opsetid("", opset_version)]
        inferred = onnx.shape_inference.infer_node_outputs(
            schema, _renamed(node, inputs), types, data, opset_imports=opset
        )
    except (onnx.shape_inference.InferenceError, onnx.checker.ValidationError, RuntimeError, ValueError, KeyError):
        inferred = {}
    for index, name in enumerate(node.output):
        if name in inferred:
            values[index] = ConstantValue(name, type_name(inferred[name]), _complete(type_shape(inferred[name])))
    known = _evaluate(node, inputs, values, opset_version)
    return values if known is None else [known]


def _evaluate(
    node: onnx.NodeProto, inputs: Sequence[ConstantValue | None], outputs: Sequence[ConstantValue], opset_version: int
) -> ConstantValue | None:
    """The single output's integer values, if they are few and follow from few known integers or a known shape."""
    if len(outputs) != 1 or dtype_code(outputs[0].dtype) not in _EVALUATED:
        return None
    name, dtype, shape = outputs[0].name, outputs[0].dtype, outputs[0].shape
    first = inputs[0]
    if node.op_type in ("Shape", "Size") and not node.attribute and first is not None and first.shape is not None:
        if min(first.shape, default=0) < 0 or len(first.shape) > MAX_ELEMENTS:
            return None
        if node.op_type == "Size":
            return ConstantValue(name, dtype, (), (int(np.prod(first.shape, dtype=np.int64)),))
        return ConstantValue(name, dtype, (len(first.shape),), first.shape)
    if shape is None or _size(shape) > MAX_ELEMENTS or any(v is not None and v.values is None for v in inputs):
        return None
    from onnx.reference import ReferenceEvaluator  # imported here: few models need it and it takes a while to load

    feeds = {v.name: _array(v) for v in inputs if v is not None}
    try:
        (result,) = ReferenceEvaluator(_renamed(node, inputs), opsets={"": opset_version}).run(None, feeds)
    except Exception:  # the reference evaluator raises anything on odd models; the values are then simply not known
        return None
    array = np.asarray(result)
    if array.size > MAX_ELEMENTS or array.dtype.kind not in "iubf":
        return None
    return ConstantValue(name, dtype, array.shape, tuple(array.ravel().tolist()))


def _renamed(node: onnx.NodeProto, inputs: Sequence[ConstantValue | None]) -> onnx.NodeProto:
    """The node reading its constants under their own names: a sub-graph or a function may know them under another."""
    copy = onnx.NodeProto()
    copy.CopyFrom(node)
    del copy.input[:]
    copy.input.extend("" if value is None else value.name for value in inputs)
    return copy


def _complete(shape: tuple[int, ...] | None) -> tuple[int, ...] | None:
    return None if shape is None or min(shape, default=0) < 0 else shape


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for dim in shape:
        size *= max(dim, 0)
        if size > MAX_ELEMENTS:
            break
    return size


def _type_proto(value: ConstantValue) -> onnx.TypeProto:
    return onnx.helper.make_tensor_type_proto(dtype_code(value.dtype), value.shape)


def _array(value: ConstantValue) -> np.ndarray[tuple[int, ...], np.dtype[np.generic]]:
    dtype = onnx.helper.tensor_dtype_to_np_dtype(dtype_code(value.dtype))
    return np.array(value.values, dtype=dtype).reshape(value.shape or ())


def _tensor_proto(value: ConstantValue) -> TensorProto:
    return onnx.numpy_helper.from_array(_array(value), value.name)
