"""Node of a Dag -> NodeProto: its canonical attributes as ONNX attributes again."""

from __future__ import annotations

import json
from math import prod
from typing import Any

import numpy as np
import onnx
from onnx import AttributeProto, TensorProto, helper, numpy_helper

from younger_hf.errors import RebuildError
from younger_hf.graph.dag import Dag
from younger_hf.graph.onnx_types import FLOAT_TYPES, INTEGER_TYPES, dtype_code, type_proto
from younger_hf.graph.operators.signatures import ML_DOMAIN, find_schema

LARGEST_RANDOM = 1 << 20
"""Tensors with more elements are not filled with random values of their own, so that any model fits in memory."""


def node_proto(dag: Dag, index: int, inputs: list[str], outputs: list[str]) -> onnx.NodeProto:
    """One node of a Dag as ONNX says it.

    Args:
        dag: The architecture.
        index: The node.
        inputs: Names of the values it reads, `""` for an absent one.
        outputs: Names of the values it produces, `""` for one that nobody reads; optional ones of these are left out.

    Returns:
        The node, named `node<index>`, its attributes as recorded and with the schema's defaults.

    Raises:
        RebuildError: If an attribute is recorded without its values or its type is not known.
    """
    op_type, domain = dag.op_types[index], dag.domains[index]
    if domain == ML_DOMAIN and dag.attributes[index] != "{}":
        raise RebuildError(f"Node {index} ({domain}.{op_type}): the values of ai.onnx.ml attributes are not recorded.")
    node = helper.make_node(op_type, inputs, outputs, name=f"node{index}", domain=domain)
    schema = find_schema(op_type, domain, int(dag.opset_versions[index]))
    for name, value in json.loads(dag.attributes[index]).items():
        if isinstance(value, dict) and value["type"] == "graph":
            if all((graph.node, graph.attribute) != (index, name) for graph in dag.subgraphs):
                raise RebuildError(f"Node {index} ({op_type}): the sub-graph {name!r} is not recorded.")
            continue  # whoever asks knows which nodes are in it
        node.attribute.append(attribute_proto(f"Node {index} ({op_type})", name, value, schema))
    needed = schema.min_output if schema is not None else 1
    for slot in range(min(needed, len(outputs))):
        node.output[slot] = node.output[slot] or f"node{index}_output{slot}"
    while len(node.output) > needed and not node.output[-1] and not _counts_outputs(op_type):
        node.output.pop()
    for slot, output in enumerate(node.output):
        if not output and _counts_outputs(op_type):
            node.output[slot] = f"node{index}_output{slot}"
    return node


def _counts_outputs(op_type: str) -> bool:
    """Whether the number of outputs says what the operator does, so that unused ones must stay."""
    return op_type == "Split"


def attribute_proto(where: str, name: str, value: Any, schema: onnx.defs.OpSchema | None) -> onnx.AttributeProto:
    """An attribute as ONNX says it.

    Args:
        where: What it belongs to, for messages.
        name: Its name.
        value: Its canonical value.
        schema: What ONNX says of the operator; None if it does not know it.

    Raises:
        RebuildError: If it is recorded without its value or its type is not known.
    """
    try:
        return _attribute(where, name, value, schema)
    except (AssertionError, KeyError, OverflowError, TypeError, ValueError) as error:  # not of the schema's type
        raise RebuildError(f"{where}: the attribute {name!r} is none that ONNX can write ({error}).") from error


def _attribute(where: str, name: str, value: Any, schema: onnx.defs.OpSchema | None) -> onnx.AttributeProto:
    if isinstance(value, dict):
        kind = value["type"]
        if kind == "float":
            return helper.make_attribute(name, float(value["value"]))
        if kind == "bytes":
            return helper.make_attribute(name, bytes.fromhex(value["value"]))
        if kind == "tensor":
            return helper.make_attribute(name, _attribute_tensor(value))
        if kind == "type_proto" and (declared_type := type_proto(value["value"], None)) is not None:
            return onnx.AttributeProto(name=name, type=AttributeProto.TYPE_PROTO, tp=declared_type)
        if kind == "floats" and value["length"] <= LARGEST_RANDOM:
            return helper.make_attribute(name, np.random.default_rng(0).uniform(0.01, 0.1, (value["length"],)).tolist())
        raise RebuildError(f"{where}: the attribute {name!r} is recorded as {json.dumps(value)}, without its values.")
    declared = schema.attributes[name].type if schema is not None and name in schema.attributes else None
    if value == [] and declared is None:
        raise RebuildError(f"{where}: the type of the empty attribute {name!r} is not known.")
    kind_code = (
        None if declared is None else AttributeProto.AttributeType.Value(str(declared).removeprefix("AttrType."))
    )
    return helper.make_attribute(name, value, attr_type=kind_code)


def _attribute_tensor(value: dict[str, Any]) -> TensorProto:
    code, shape = dtype_code(value["dtype"]), value["shape"]
    size = prod(shape)
    if code in INTEGER_TYPES and "values" in value:
        return helper.make_tensor("value", code, shape, value["values"])
    if size > LARGEST_RANDOM:
        raise RebuildError(
            f"An attribute tensor of shape {shape} was recorded without values and is too large to fill."
        )
    return random_tensor("value", code, tuple(shape), np.random.default_rng(0))


def random_tensor(name: str, code: int, shape: tuple[int, ...], rng: np.random.Generator) -> TensorProto:
    """A tensor with random values: floats uniform in [0.01, 0.1), integers zero, truths true, strings empty."""
    size = prod(shape)
    if code == TensorProto.STRING:
        return TensorProto(name=name, data_type=code, dims=shape, string_data=[b""] * size)
    dtype = helper.tensor_dtype_to_np_dtype(code)
    values = rng.uniform(0.01, 0.1, size) if code in FLOAT_TYPES else np.full(size, code == TensorProto.BOOL)
    tensor = numpy_helper.from_array(values.astype(dtype), name)
    tensor.dims[:] = shape  # which may have more axes than numpy has
    return tensor
