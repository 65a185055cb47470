"""Operators with canonical attributes as ONNX nodes.

Every NodeProto of this package is written here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from math import prod
from typing import Any

import numpy as np
import onnx
from onnx import AttributeProto, NodeProto, TensorProto, helper

from younger_hf.errors import RebuildError
from younger_hf.graph.dag import Dag
from younger_hf.graph.onnx_types import INTEGER_TYPES, dtype_code, type_proto
from younger_hf.graph.operators.random_tensors import LARGEST_RANDOM, random_tensor
from younger_hf.graph.operators.signatures import ML_DOMAIN, find_schema


def make_node(
    op_type: str,
    inputs: Sequence[str],
    outputs: Sequence[str],
    attributes: Iterable[AttributeProto],
    *,
    domain: str = "",
    name: str = "",
) -> NodeProto:
    """Write a node.

    Args:
        op_type: Name of the operator.
        inputs: Names of the values it reads, `""` for an absent one.
        outputs: Names of the values it produces, `""` for one that is not used.
        attributes: Its attributes.
        domain: Domain of its operator set.
        name: Name of the node.
    """
    return NodeProto(op_type=op_type, domain=domain, name=name, input=inputs, output=outputs, attribute=attributes)


def node_proto(dag: Dag, index: int, inputs: list[str], outputs: list[str]) -> NodeProto:
    """Write a node of a Dag, without its sub-graphs.

    Args:
        dag: The architecture.
        index: Number of the node.
        inputs: Names of the values it reads, `""` for an absent one.
        outputs: Names of the values it produces, `""` for one that is not used; unused optional
            outputs at the end are left out.

    Returns:
        The node, named `node<index>`, with the attributes that the Dag records.

    Raises:
        RebuildError: If an attribute is recorded without its values or its type is unknown.
    """
    op_type, domain = dag.op_types[index], dag.domains[index]
    if domain == ML_DOMAIN and dag.attributes[index] != "{}":
        raise RebuildError(f"Node {index} ({domain}.{op_type}): the values of ai.onnx.ml attributes are not recorded.")
    schema = find_schema(op_type, domain, int(dag.opset_versions[index]))
    attributes = []
    for name, value in json.loads(dag.attributes[index]).items():
        if isinstance(value, dict) and value["type"] == "graph":
            if all((graph.node, graph.attribute) != (index, name) for graph in dag.subgraphs):
                raise RebuildError(f"Node {index} ({op_type}): the sub-graph {name!r} is not recorded.")
            continue  # the caller writes its nodes
        attributes.append(attribute_proto(f"Node {index} ({op_type})", name, value, schema))
    needed = schema.min_output if schema is not None else 1
    written = list(outputs)
    if op_type == "Split":  # the number of its outputs decides how it splits
        needed = len(written)
    while len(written) > needed and not written[-1]:
        written.pop()
    written[:needed] = [output or f"node{index}_output{slot}" for slot, output in enumerate(written[:needed])]
    return make_node(op_type, inputs, written, attributes, domain=domain, name=f"node{index}")


def attribute_proto(where: str, name: str, value: Any, schema: onnx.defs.OpSchema | None) -> AttributeProto:
    """Write an attribute.

    Args:
        where: What it belongs to, for messages.
        name: Its name.
        value: Its canonical value.
        schema: Schema of the operator; None if ONNX does not know it.

    Raises:
        RebuildError: If it is recorded without its value, or does not have the schema's type.
    """
    try:
        return _attribute(where, name, value, schema)
    except (AssertionError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise RebuildError(f"{where}: the attribute {name!r} cannot be written as ONNX ({error}).") from error


def _attribute(where: str, name: str, value: Any, schema: onnx.defs.OpSchema | None) -> AttributeProto:
    if isinstance(value, dict):
        return _described_attribute(where, name, value)
    declared = schema.attributes[name].type if schema is not None and name in schema.attributes else None
    if value == [] and declared is None:
        raise RebuildError(f"{where}: the type of the empty attribute {name!r} is unknown.")
    kind = None if declared is None else AttributeProto.AttributeType.Value(str(declared).removeprefix("AttrType."))
    return helper.make_attribute(name, value, attr_type=kind)


def _described_attribute(where: str, name: str, value: dict[str, Any]) -> AttributeProto:
    """An attribute whose canonical value is an object that names its type."""
    kind = value["type"]
    if kind == "float":
        return helper.make_attribute(name, float(value["value"]))
    if kind == "bytes":
        return helper.make_attribute(name, bytes.fromhex(value["value"]))
    if kind == "tensor":
        return helper.make_attribute(name, _attribute_tensor(value))
    if kind == "type_proto" and (declared_type := type_proto(value["value"], None)) is not None:
        return AttributeProto(name=name, type=AttributeProto.TYPE_PROTO, tp=declared_type)
    if kind == "floats" and value["length"] <= LARGEST_RANDOM:
        return helper.make_attribute(name, np.random.default_rng(0).uniform(0.01, 0.1, (value["length"],)).tolist())
    raise RebuildError(f"{where}: the attribute {name!r} is recorded as {json.dumps(value)}, without its values.")


def _attribute_tensor(value: dict[str, Any]) -> TensorProto:
    code, shape = dtype_code(value["dtype"]), value["shape"]
    if code in INTEGER_TYPES and "values" in value:
        return helper.make_tensor("value", code, shape, value["values"])
    if prod(shape) > LARGEST_RANDOM:
        raise RebuildError(
            f"An attribute tensor of shape {shape} was recorded without values and is too large to fill."
        )
    return random_tensor("value", code, tuple(shape), np.random.default_rng(0))
