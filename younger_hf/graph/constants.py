"""An ONNX model with its shape arithmetic replaced by the integers it gives, before the values that decide about them are dropped."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from younger_hf.graph.fold import ConstantValue, constant_inputs, constant_of_node, constant_of_tensor, fold
from younger_hf.graph.operators import canonical_domain
from younger_hf.graph.order import read_names
from younger_hf.graph.types import dtype_code


def fold_constants(model: onnx.ModelProto) -> onnx.ModelProto:
    """Replace operators over constants whose results are integer tensors of at most 64 elements by these.

    Shape arithmetic often passes through floats (`Floor(Mul(size, 0.5))`). Once these are dropped, what follows from them is lost.

    Args:
        model: A model, changed in place. Only its main graph is looked at, and nodes in topological order.

    Returns:
        The same model.
    """
    graph = model.graph
    version = next((item.version for item in model.opset_import if not canonical_domain(item.domain)), 1)
    known = {tensor.name: constant_of_tensor(tensor.name, tensor) for tensor in graph.initializer}
    made: dict[str, ConstantValue] = {}
    kept: list[onnx.NodeProto] = []
    unread: set[str] = set()
    for node in graph.node:
        if _is_constant(node):
            known[node.output[0]] = constant_of_node(node)
            kept.append(node)
            continue
        results = _results(node, known, version)
        known.update(results)
        if results and all(value.integers is not None for value in results.values()):
            made.update(results)
            unread.update(node.input)
        else:
            kept.append(node)
    read = {value.name for value in graph.output} | {name for node in kept for name in read_names(node)}
    unread -= read
    tensors = [tensor for tensor in graph.initializer if tensor.name not in unread]
    tensors += [_tensor(value) for name, value in made.items() if name in read]
    kept = [node for node in kept if not (_is_constant(node) and node.output[0] in unread)]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(kept)
    graph.initializer.extend(tensors)
    return model


def _is_constant(node: onnx.NodeProto) -> bool:
    return node.op_type == "Constant" and not canonical_domain(node.domain) and len(node.output) == 1


def _results(node: onnx.NodeProto, known: dict[str, ConstantValue], version: int) -> dict[str, ConstantValue]:
    """What a node over constants gives, by name; nothing if it is no such node."""
    if canonical_domain(node.domain) or any(
        attribute.HasField("g") or attribute.graphs for attribute in node.attribute
    ):
        return {}
    constants = constant_inputs(node.op_type, [known.get(name, "") if name else None for name in node.input])
    return {value.name: value for value in fold(node, constants, version) if value.name} if constants else {}


def _tensor(value: ConstantValue) -> TensorProto:
    dtype = helper.tensor_dtype_to_np_dtype(dtype_code(value.dtype))
    return numpy_helper.from_array(np.array(value.integers, dtype=dtype).reshape(value.shape or ()), value.name)
