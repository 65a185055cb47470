"""Shape inference: types, shapes and small constants of all values of a Dag."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any

import onnx

from younger_hf.errors import YoungerError
from younger_hf.graph.dag import Dag, FormalRead, NodeInput, SubGraph
from younger_hf.graph.onnx_types import MAX_ELEMENTS, tensor_proto, type_name, type_proto, type_shape
from younger_hf.graph.operators.control_flow_shapes import control_flow_outputs, formal_value
from younger_hf.graph.operators.folding import NOT_FOLDED, fold
from younger_hf.graph.operators.inference_guards import INFERENCE_ERRORS, MAX_AXES, infer_types
from younger_hf.graph.operators.node_protos import node_proto
from younger_hf.graph.operators.signatures import find_schema
from younger_hf.graph.values import UNKNOWN, Slots, TensorInfo, TensorInfos, completed

MAX_SLOTS = 10_000
"""Maximum number of inputs or outputs of a node whose outputs are inferred."""

_VERSIONS_AHEAD = 6
_LIKE_FIRST = frozenset({"GroupNormalization", "MeanVarianceNormalization"})
"""Operators that no version of onnx infers; their output has the type and shape of their first
input."""

_MISFITS = (YoungerError, ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
"""Errors of attributes and values that do not fit the operator: its outputs are then unknown."""

Source = tuple[int, int] | NodeInput
"""Origin of an input: a node and the position of its output, or an input that is not an edge."""


def infer_values(dag: Dag, dynamic_size: int = 1) -> TensorInfos:
    """Infer types, shapes and small integer values of everything that flows through a Dag.

    The outputs of each operator follow from its inputs by onnx's inference function. Shape
    arithmetic is evaluated too, so that `Reshape(x, Concat(Shape(x)[0], ...))` has a shape. The
    body of a loop is inferred for its first iteration. If onnx does not know an operator, or its
    inputs contradict each other, only the declarations of the model are used.

    Args:
        dag: The architecture.
        dynamic_size: Size assumed for the dynamic dimensions of the model's inputs, >= 1.

    Returns:
        Everything that is known; an inconsistent architecture is not an error.

    Example:
        >>> import onnx, onnx.parser
        >>> from younger_hf import from_onnx
        >>> model = onnx.parser.parse_model('''<ir_version: 8, opset_import: ["" : 17]>
        ... g (float[n, 3] x) => (y) { s = Shape(x)  e = Expand(x, s)  y = Transpose(e) }''')
        >>> infer_values(from_onnx(model.SerializeToString()), dynamic_size=5).output(2, 0)
        TensorInfo(dtype='float', shape=(3, 5), values=None)
    """
    return _Inference(dag, dynamic_size).run()


@dataclass
class _Inference:
    """The values inferred so far, and the outputs of each distinct call of an operator."""

    dag: Dag
    dynamic_size: int
    outputs: list[Slots] = field(default_factory=list)
    attributes: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: dict[object, dict[int, TensorInfo]] = field(default_factory=dict)

    def run(self) -> TensorInfos:
        """Infer all nodes in their (topological) order."""
        dag = self.dag
        declared: dict[int, dict[int, TensorInfo]] = {}
        for result in dag.outputs:
            declared.setdefault(result.node, {})[result.slot] = TensorInfo(result.dtype, result.shape)
        formal: dict[int, list[FormalRead]] = {}
        for formal_read in dag.formal_reads:
            formal.setdefault(formal_read.node, []).append(formal_read)
        subgraphs: dict[int, list[SubGraph]] = {}
        for subgraph in dag.subgraphs:
            subgraphs.setdefault(subgraph.node, []).append(subgraph)
        inputs: list[Slots] = []
        for node, sources in enumerate(_sources(dag)):
            read = {slot: self._read(source) for slot, source in sources.items()}
            for formal_read in formal.get(node, ()):
                read[formal_read.slot] = self._formal(formal_read, read)
            inputs.append(read)
            inferred = self._outputs(node, read, subgraphs.get(node, ()))
            known = {
                slot: completed(inferred.get(slot, UNKNOWN), value) for slot, value in declared.get(node, {}).items()
            }
            self.outputs.append({**inferred, **known} if known else inferred)
        return TensorInfos(tuple(inputs), tuple(self.outputs))

    def _read(self, source: Source) -> TensorInfo:
        if isinstance(source, NodeInput):
            return _input_info(source, self.dynamic_size)
        node, slot = source
        return self.outputs[node].get(slot, UNKNOWN) if node < len(self.outputs) else UNKNOWN

    def _formal(self, formal_read: FormalRead, read: Slots) -> TensorInfo:
        _, slot, number, position = formal_read
        try:
            subgraph = self.dag.subgraphs[number]
            attributes = self._attributes(subgraph.node)
            start = read.get(slot, UNKNOWN)
            return formal_value(self.dag.op_types[subgraph.node], attributes, subgraph, position, start)
        except _MISFITS:
            return UNKNOWN

    def _outputs(self, node: int, read: Slots, subgraphs: Sequence[SubGraph]) -> dict[int, TensorInfo]:
        dag, num_outputs, version = self.dag, int(self.dag.num_outputs[node]), int(self.dag.opset_versions[node])
        if max(read, default=0) >= MAX_SLOTS or num_outputs > MAX_SLOTS:
            return {}
        try:
            if subgraphs:
                return control_flow_outputs(dag.op_types[node], version, self._attributes(node), subgraphs, read)
            operator = (dag.op_types[node], dag.domains[node], version, dag.attributes[node], num_outputs)
            call = (operator, tuple(read.items()))
            if call not in self.calls:
                self.calls[call] = {}
                self.calls[call] = _infer(dag, node, self._attributes(node), read)
            return self.calls[call]
        except _MISFITS:
            return {}

    def _attributes(self, node: int) -> dict[str, Any]:
        text = self.dag.attributes[node]
        if text not in self.attributes:
            self.attributes[text] = json.loads(text)
        return self.attributes[text]


def _infer(dag: Dag, index: int, attributes: dict[str, Any], read: Slots) -> dict[int, TensorInfo]:
    """Infer the outputs of a node without sub-graphs."""
    inputs = [f"i{slot}" if slot in read else "" for slot in range(max(read, default=-1) + 1)]
    node = node_proto(dag, index, inputs, [f"o{slot}" for slot in range(int(dag.num_outputs[index]))])
    version = int(dag.opset_versions[index])
    if node.domain:
        return _inferred_outputs(node, read, version)
    first = read.get(0, UNKNOWN)
    if node.op_type in ("Shape", "Size") and first.shape is not None:
        dims = first.shape[attributes.get("start", 0) : attributes.get("end")]
        known = min(dims, default=0) >= 0
        if node.op_type == "Shape":
            return {0: TensorInfo("int64", (len(dims),), dims if known else None)}
        return {0: TensorInfo("int64", (), (prod(dims),) if known else None)}
    withheld = any(isinstance(value, dict) and "values" not in value for value in attributes.values())
    if withheld or node.op_type in NOT_FOLDED or not read or any(value.values is None for value in read.values()):
        return _inferred_outputs(node, read, version)
    encoded = tuple([attribute.SerializeToString() for attribute in node.attribute])
    constants = tuple([read.get(slot) for slot in range(len(inputs))])
    folded = fold(node.op_type, encoded, constants, len(node.output), version)
    return dict(enumerate(folded)) if folded[0].shape is not None else _inferred_outputs(node, read, version)


def _inferred_outputs(node: onnx.NodeProto, read: Slots, version: int) -> dict[int, TensorInfo]:
    types = {f"i{slot}": _type_proto(value) for slot, value in read.items()}
    data = {f"i{slot}": tensor_proto(value) for slot, value in read.items() if value.values is not None}
    inferred = _inferred_types(node, types, data, version)
    if not inferred:  # shapes that contradict each other still leave the element types
        inferred = _inferred_types(
            node, {f"i{s}": _type_proto(TensorInfo(v.dtype)) for s, v in read.items()}, {}, version
        )
    slots = {name: slot for slot, name in enumerate(node.output)}
    return {
        slots[name]: TensorInfo(type_name(kind), _followed_shape(type_shape(kind))) for name, kind in inferred.items()
    }


def _inferred_types(
    node: onnx.NodeProto, types: dict[str, onnx.TypeProto], data: dict[str, onnx.TensorProto], version: int
) -> dict[str, onnx.TypeProto]:
    if node.op_type in _LIKE_FIRST and not node.domain:
        return {node.output[0]: types[node.input[0]]}
    schema = _inferring_schema(node.op_type, node.domain, version)
    try:
        return {} if schema is None else infer_types(node, schema, types, data, version)
    except INFERENCE_ERRORS:
        return {}


def _inferring_schema(op_type: str, domain: str, version: int) -> onnx.defs.OpSchema | None:
    """Return the operator's schema, or the next one that can infer.

    Many schemas of the first operator set cannot.
    """
    for later in range(version, version + _VERSIONS_AHEAD):
        schema = find_schema(op_type, domain, later)
        if schema is None or schema.has_type_and_shape_inference_function:
            return schema
    return None


def _sources(dag: Dag) -> list[dict[int, Source]]:
    """Return, for each node, position -> origin of the input, by ascending position."""
    found: list[dict[int, Source]] = [{} for _ in range(dag.num_nodes)]
    edges = zip(*dag.edge_index.tolist(), dag.edge_output.tolist(), dag.edge_input.tolist(), strict=True)
    for source, target, output, slot in edges:
        found[target][slot] = (source, output)
    for item in dag.inputs:
        found[item.node][item.slot] = item
    return [dict(sorted(slots.items())) for slots in found]


def _input_info(item: NodeInput, dynamic_size: int) -> TensorInfo:
    shape = _followed_shape(item.shape)
    if shape is not None and item.kind == "graph_input":
        return TensorInfo(item.dtype, tuple([dim if dim >= 0 else dynamic_size for dim in shape]))
    if shape is not None and item.kind == "constant" and len(item.values) == prod(shape) <= MAX_ELEMENTS:
        return TensorInfo(item.dtype, shape, item.values)
    return TensorInfo(item.dtype, shape)


def _followed_shape(shape: tuple[int, ...] | None) -> tuple[int, ...] | None:
    return shape if shape is None or len(shape) <= MAX_AXES else None


def _type_proto(value: TensorInfo) -> onnx.TypeProto:
    dims = None if value.shape is None else [dim if dim >= 0 else None for dim in value.shape]
    return type_proto(value.dtype, dims) or onnx.TypeProto()
