"""Dag -> ONNX model that runs: the same operators and data flows, random weights of the recorded types and shapes."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from onnx import AttributeProto, TensorProto, helper, numpy_helper

from younger_hf.errors import RebuildError
from younger_hf.graph.dag import Dag, NodeInput
from younger_hf.graph.operators import ML_DOMAIN, find_schema
from younger_hf.graph.types import INTEGER_TYPES, dtype_code

LARGEST_RANDOM = 1 << 20
"""Parameters with more elements are filled by a ConstantOfShape operator, so that any model fits in memory."""

_FLOATS = frozenset({TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.BFLOAT16})


def to_onnx(dag: Dag, seed: int = 0) -> onnx.ModelProto:
    """A model with the Dag's operators, data flows, attributes, inputs and outputs, and random weights.

    Float parameters are uniform in [0.01, 0.1): positive, so that variances and scales are valid. Parameters over
    2**20 elements hold one such value throughout. Integer parameters without recorded values are zero, which is a
    valid index everywhere.

    Args:
        dag: The architecture.
        seed: Seed of the weights; the same seed gives the same model.

    Returns:
        The model; `from_onnx` of it gives a Dag with the same hash.

    Raises:
        RebuildError: If the Dag lacks what an operator needs: a flattened sub-graph, an attribute recorded without
            its values, or the type or shape of a parameter.

    Example:
        >>> import onnx, onnx.parser
        >>> from younger_hf import from_onnx
        >>> model = onnx.parser.parse_model('''<ir_version: 8, opset_import: ["" : 17]>
        ... g (float[2] x) => (float[2] y) { y = Relu(x) }''')
        >>> rebuilt = to_onnx(from_onnx(model.SerializeToString()))
        >>> [node.op_type for node in rebuilt.graph.node]
        ['Relu']
    """
    if (dag.parents >= 0).any():
        node = int(dag.parents[dag.parents >= 0][0])
        raise RebuildError(
            f"Node {node} ({dag.op_types[node]}) has flattened sub-graphs, which cannot be rebuilt; expected a model without control flow."
        )
    parts = _Parts(np.random.default_rng(seed))
    names = [["" for _ in range(count)] for count in dag.num_outputs.tolist()]
    for output in dag.outputs:
        names[output.node][output.slot] = parts.unique(output.name)
    for source, slot in zip(dag.edge_index[0].tolist(), dag.edge_output.tolist(), strict=True):
        names[source][slot] = names[source][slot] or f"node{source}_output{slot}"
    read = _inputs(dag, names, parts)
    nodes = [_node(dag, index, read[index], names[index]) for index in range(dag.num_nodes)]
    used = {(o.node, o.slot): helper.make_empty_tensor_value_info(names[o.node][o.slot]) for o in dag.outputs}
    for output in dag.outputs:
        if output.dtype and "(" not in output.dtype:
            used[output.node, output.slot] = helper.make_tensor_value_info(
                names[output.node][output.slot], dtype_code(output.dtype), _dimensions(output.shape)
            )
    graph = helper.make_graph(
        [*parts.fillers, *nodes], "rebuilt", list(parts.inputs.values()), list(used.values()), parts.initializers
    )
    opsets = {"": 1} if not dag.num_nodes else {}
    for domain, version in zip(dag.domains, dag.opset_versions.tolist(), strict=True):
        opsets[domain] = max(opsets.get(domain, 0), version)
    if parts.fillers:
        opsets[""] = max(opsets.get("", 0), 9)  # ConstantOfShape came with opset 9
    imports = [helper.make_opsetid(domain, version) for domain, version in sorted(opsets.items())]
    known = [item for item in imports if not item.domain or item.domain == ML_DOMAIN]
    ir_version = max(
        helper.find_min_ir_version_for(known, ignore_unknown=True), 4
    )  # from 4 on initializers are no inputs
    model = helper.make_model(graph, opset_imports=imports, ir_version=ir_version, producer_name="younger-hf")
    return _with_output_types(model)


@dataclass
class _Parts:
    """The rebuilt graph's inputs and parameters, each made once."""

    rng: np.random.Generator
    inputs: dict[str, onnx.ValueInfoProto] = field(default_factory=dict)
    constants: dict[tuple[str, str], str] = field(default_factory=dict)
    initializers: list[TensorProto] = field(default_factory=list)
    fillers: list[onnx.NodeProto] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)

    def unique(self, wanted: str) -> str:
        name, suffix = wanted or "value", 0
        while name in self.taken:
            suffix += 1
            name = f"{wanted}_{suffix}"
        self.taken.add(name)
        return name


def _inputs(dag: Dag, names: list[list[str]], parts: _Parts) -> list[list[str]]:
    """The input names of every node, making graph inputs and parameters on the way."""
    read: list[dict[int, str]] = [{} for _ in range(dag.num_nodes)]
    edges = zip(*dag.edge_index.tolist(), dag.edge_output.tolist(), dag.edge_input.tolist(), strict=True)
    for source, target, output, slot in edges:
        read[target][slot] = names[source][output]
    for item in dag.inputs:
        read[item.node][item.slot] = _value(dag, item, parts)
    return [[slots.get(slot, "") for slot in range(max(slots, default=-1) + 1)] for slots in read]


def _value(dag: Dag, item: NodeInput, parts: _Parts) -> str:
    key = (item.kind, item.name)
    if key in parts.constants:
        return parts.constants[key]
    name = parts.constants[key] = parts.unique(item.name)
    code = dtype_code(item.dtype)
    if not code:
        raise RebuildError(
            f"Node {item.node} ({dag.op_types[item.node]}), input {item.slot}: its type is {item.dtype or 'unknown'!r}, expected a tensor."
        )
    if item.kind == "graph_input":
        parts.inputs[name] = helper.make_tensor_value_info(name, code, _dimensions(item.shape, name))
        return name
    if item.shape is None or min(item.shape, default=0) < 0:
        raise RebuildError(
            f"Node {item.node} ({dag.op_types[item.node]}), input {item.slot}: the shape of the parameter {item.name!r} is not known."
        )
    if item.kind == "constant":
        parts.initializers.append(helper.make_tensor(name, code, item.shape, item.values))
        return name
    size = int(np.prod(item.shape, dtype=np.int64))
    if size > LARGEST_RANDOM and code in _FLOATS:
        dims = parts.unique(f"{name}_shape")
        parts.initializers.append(numpy_helper.from_array(np.array(item.shape, dtype=np.int64), dims))
        value = helper.make_tensor("value", code, [1], parts.rng.uniform(0.01, 0.1, 1))
        parts.fillers.append(helper.make_node("ConstantOfShape", [dims], [name], value=value))
        return name
    parts.initializers.append(_random_tensor(name, code, item.shape, size, parts.rng))
    return name


def _random_tensor(name: str, code: int, shape: tuple[int, ...], size: int, rng: np.random.Generator) -> TensorProto:
    if code == TensorProto.STRING:
        return TensorProto(name=name, data_type=code, dims=shape, string_data=[b""] * size)
    dtype = helper.tensor_dtype_to_np_dtype(code)
    values = rng.uniform(0.01, 0.1, size) if code in _FLOATS else np.zeros(size)
    return numpy_helper.from_array(values.astype(dtype).reshape(shape), name)


def _node(dag: Dag, index: int, inputs: list[str], outputs: list[str]) -> onnx.NodeProto:
    op_type, domain = dag.op_types[index], dag.domains[index]
    if domain == ML_DOMAIN:
        raise RebuildError(f"Node {index} ({domain}.{op_type}): the values of ai.onnx.ml attributes are not recorded.")
    node = helper.make_node(op_type, inputs, outputs, name=f"node{index}", domain=domain)
    schema = find_schema(op_type, domain, int(dag.opset_versions[index]))
    for name, value in json.loads(dag.attributes[index]).items():
        node.attribute.append(_attribute(f"Node {index} ({op_type})", name, value, schema))
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


def _attribute(where: str, name: str, value: Any, schema: onnx.defs.OpSchema | None) -> onnx.AttributeProto:
    if isinstance(value, dict):
        kind = value["type"]
        if kind == "float":
            return helper.make_attribute(name, float(value["value"]))
        if kind == "bytes":
            return helper.make_attribute(name, bytes.fromhex(value["value"]))
        if kind == "tensor":
            return helper.make_attribute(name, _attribute_tensor(value))
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
    size = int(np.prod(shape, dtype=np.int64))
    if code in INTEGER_TYPES and "values" in value:
        return helper.make_tensor("value", code, shape, value["values"])
    if size > LARGEST_RANDOM:
        raise RebuildError(
            f"An attribute tensor of shape {shape} was recorded without values and is too large to fill."
        )
    return _random_tensor("value", code, tuple(shape), size, np.random.default_rng(0))


def _dimensions(shape: tuple[int, ...] | None, name: str = "") -> list[int | str | None] | None:
    if shape is None:
        return None
    return [dim if dim >= 0 else (f"{name}_dim{axis}" if name else None) for axis, dim in enumerate(shape)]


def _with_output_types(model: onnx.ModelProto) -> onnx.ModelProto:
    """Infer the types of outputs for which the Dag has none."""
    if all(output.type.WhichOneof("value") for output in model.graph.output):
        return model
    try:
        inferred = onnx.shape_inference.infer_shapes(model)
    except (onnx.shape_inference.InferenceError, RuntimeError, ValueError) as error:
        raise RebuildError(
            f"The types of the model's outputs are not recorded and cannot be inferred ({error})."
        ) from error
    for output in inferred.graph.output:
        if not output.type.WhichOneof("value"):
            raise RebuildError(f"The type of the output {output.name!r} is not recorded and cannot be inferred.")
    return inferred
