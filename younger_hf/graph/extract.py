"""ONNX model -> Dag: operators become nodes, data flows edges; the rest is kept only as far as a rebuild needs it.

Local functions are inlined. Sub-graphs of If, Loop and Scan are flattened: values they capture are real edges, the
formal inputs of a body stand for the control-flow node's own inputs, and a sub-graph's results flow into that node.
Operators over constants are folded away.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import onnx
import onnx.inliner
from onnx import AttributeProto

from younger_hf.errors import ModelReadError
from younger_hf.graph.dag import Dag, GraphOutput, InputKind, NodeInput
from younger_hf.graph.fold import ConstantValue, constant_of_node, constant_of_tensor, fold, is_foldable
from younger_hf.graph.names import check_names
from younger_hf.graph.operators import canonical_attributes, canonical_domain
from younger_hf.graph.order import topological_order
from younger_hf.graph.types import type_name, type_shape
from younger_hf.graph.wire import Source, read_model


@dataclass(frozen=True)
class Produced:
    """A value that output `slot` of node `node` produces."""

    node: int
    slot: int


@dataclass(frozen=True)
class Given:
    """A value that the model is given: one of its inputs."""

    name: str
    dtype: str
    shape: tuple[int, ...] | None


@dataclass(frozen=True)
class Carried:
    """A formal input of a loop's body: it changes from turn to turn, and begins as `start`."""

    start: Produced | Given | ConstantValue | None


Value = Produced | Given | ConstantValue | Carried | None
Scope = dict[str, Value]


def from_onnx(source: Source) -> Dag:
    """Read the architecture of an ONNX model; its weights are neither kept nor needed.

    Args:
        source: A path, the bytes of a file, or a seekable binary file. External data files are never opened.

    Returns:
        The Dag, its nodes in topological order.

    Raises:
        ModelReadError: If the source is no readable ONNX model, or its graph is no valid one (a cycle, a value that
            nothing produces or that is defined twice).

    Example:
        >>> import onnx, onnx.parser
        >>> model = onnx.parser.parse_model('''<ir_version: 8, opset_import: ["" : 17]>
        ... g (float[n] x) => (float[n] y) { z = Relu(x)  y = Mul(z, z) }''')
        >>> dag = from_onnx(model.SerializeToString())
        >>> dag.op_types, dag.edge_index.tolist()
        (('Relu', 'Mul'), [[0, 0], [1, 1]])
    """
    model, name = read_model(source)
    return extract(model, name)


def extract(model: onnx.ModelProto, name: str = "<model>") -> Dag:
    """The Dag of a parsed model; `name` is used in messages. See `from_onnx`."""
    check_names(model, name)
    if model.functions:
        try:
            model = onnx.inliner.inline_local_functions(model)
        except (RuntimeError, ValueError, onnx.checker.ValidationError) as error:
            raise ModelReadError(f"{name}: its local functions cannot be inlined ({_first_line(error)}).") from error
    opsets = {canonical_domain(item.domain): item.version for item in model.opset_import}
    extraction = _Extraction(name, opsets)
    scope: Scope = {"": None}
    for value in model.graph.input:
        scope[value.name] = Given(value.name, type_name(value.type), type_shape(value.type))
    extraction.walk(model.graph, scope)
    outputs = tuple(
        GraphOutput(made.node, made.slot, value.name, type_name(value.type), type_shape(value.type))
        for value in model.graph.output
        if isinstance(made := scope.get(value.name), Produced)
    )
    return extraction.finish(outputs)


@dataclass
class _Extraction:
    """The Dag as it grows, node by node."""

    name: str
    opsets: Mapping[str, int]
    nodes: list[tuple[str, str, str, int, int]] = field(default_factory=list)
    edges: list[tuple[int, int, int, int]] = field(default_factory=list)
    inputs: list[NodeInput] = field(default_factory=list)
    marks: dict[int, tuple[int, str]] = field(default_factory=dict)

    def walk(self, graph: onnx.GraphProto, scope: Scope) -> None:
        """Add a graph's nodes; `scope` gains the values they produce."""
        for tensor in graph.initializer:
            scope[tensor.name] = constant_of_tensor(tensor.name, tensor)
        for sparse in graph.sparse_initializer:
            scope[sparse.values.name] = replace(
                constant_of_tensor(sparse.values.name, sparse.values), shape=tuple(sparse.dims), values=None
            )
        for node in topological_order(graph.node, scope.keys(), self.name):
            self._add(node, scope)

    def _add(self, node: onnx.NodeProto, scope: Scope) -> None:
        for output in node.output:
            if output and output in scope and not isinstance(scope[output], Given):
                raise ModelReadError(
                    f"{self.name}: the value {output!r} is defined twice, expected every value to be defined once."
                )
        domain = canonical_domain(node.domain)
        if node.op_type == "Constant" and not domain:
            if node.output:
                scope[node.output[0]] = constant_of_node(node)
            return
        values = [scope[name] for name in node.input]
        version = self.opsets.get(domain, 1)
        constants = [value for value in values if isinstance(value, ConstantValue) or value is None]
        if len(constants) == len(values) and is_foldable(node):
            scope.update(zip(node.output, fold(node, constants, version), strict=True))
            return
        results = self._flatten(node, scope, values)
        index = len(self.nodes)
        for attribute, first, last in results.spans:
            for inside in range(first, last):
                self.marks.setdefault(inside, (index, attribute))
        self.nodes.append((node.op_type, domain, canonical_attributes(node, version), version, len(node.output)))
        for slot, value in enumerate([*values, *results.values]):
            self._connect(index, slot, value)
        for slot, output in enumerate(node.output):
            if output:
                scope[output] = Produced(index, slot)

    def _flatten(self, node: onnx.NodeProto, scope: Scope, actual: list[Value]) -> _Results:
        """Add the nodes of a node's sub-graphs."""
        results = _Results()
        for attribute in node.attribute:
            graphs = [attribute.g] if attribute.type == AttributeProto.GRAPH else list(attribute.graphs)
            for graph in graphs:
                inner = dict(scope)
                for position, formal in enumerate(graph.input):
                    start = actual[position] if position < len(actual) else None
                    inner[formal.name] = start if isinstance(start, Carried) else Carried(start)
                first = len(self.nodes)
                self.walk(graph, inner)
                results.spans.append((attribute.name, first, len(self.nodes)))
                results.values.extend(inner.get(value.name) for value in graph.output)
        return results

    def _connect(self, node: int, slot: int, value: Value) -> None:
        if isinstance(value, Carried):
            value = value.start
        if isinstance(value, Produced):
            self.edges.append((value.node, node, value.slot, slot))
        elif isinstance(value, Given):
            self.inputs.append(NodeInput(node, slot, "graph_input", value.name, value.dtype, value.shape))
        elif isinstance(value, ConstantValue):
            kind: InputKind = "constant" if value.is_structural else "parameter"
            values = tuple(map(int, value.values or ())) if value.is_structural else ()
            self.inputs.append(NodeInput(node, slot, kind, value.name, value.dtype, value.shape, values))

    def finish(self, outputs: tuple[GraphOutput, ...]) -> Dag:
        """The Dag of what was added."""
        op_types, domains, attributes, versions, num_outputs = (
            zip(*self.nodes, strict=True) if self.nodes else ((),) * 5
        )
        edges = np.array(self.edges, dtype=np.int32).reshape(-1, 4).T
        marks = [self.marks.get(node, (-1, "")) for node in range(len(self.nodes))]
        return Dag(
            op_types=tuple(op_types),
            domains=tuple(domains),
            attributes=tuple(attributes),
            opset_versions=np.array(versions, dtype=np.int32),
            num_outputs=np.array(num_outputs, dtype=np.int32),
            edge_index=np.ascontiguousarray(edges[:2]),
            edge_output=np.ascontiguousarray(edges[2]),
            edge_input=np.ascontiguousarray(edges[3]),
            parents=np.array([parent for parent, _ in marks], dtype=np.int32),
            branches=tuple(branch for _, branch in marks),
            inputs=tuple(self.inputs),
            outputs=outputs,
        )


@dataclass
class _Results:
    """What flattening a node's sub-graphs gave: which nodes stand where, and the values that flow back."""

    spans: list[tuple[str, int, int]] = field(default_factory=list)
    values: list[Value] = field(default_factory=list)


def _first_line(error: BaseException) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)
